# safsd_random123(OUTPUT): makes OUTPUT, Random123's philox4x32 as one file of OpenCL C. Kernels are compiled from memory, where
# nothing can include Random123's headers, so the C preprocessor flattens them here.
function(safsd_random123 output)
  get_filename_component(folder "${output}" DIRECTORY)
  set(source "${folder}/random123.c")
  file(MAKE_DIRECTORY "${folder}")
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include <Random123/philox.h>\n" @ONLY)
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_C_COMPILER}" -E -P -x c "-I${SAFSD_random123_INCLUDE}" -D__OPENCL_VERSION__=120
            -DR123_USE_PHILOX_64BIT=0 "-DR123_STATIC_INLINE=static inline" -o "${output}.raw" "${source}"
    COMMAND "${CMAKE_COMMAND}" "-DINPUT=${output}.raw" "-DOUTPUT=${output}"
            "-DHEADER=${SAFSD_random123_INCLUDE}/Random123/philox.h"
            -P "${CMAKE_SOURCE_DIR}/cmake/Random123Script.cmake"
    DEPENDS "${source}" "${CMAKE_SOURCE_DIR}/cmake/Random123Script.cmake"
    VERBATIM)
endfunction()
