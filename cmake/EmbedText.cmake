# safsd_embed_text(TARGET STEM FOLDER PATTERN...): compiles the matching files of FOLDER into TARGET as
#   extern const struct { const char *name; const char *text; } STEM[];   ends with a NULL name
function(safsd_embed_text target stem folder)
  set(globs "")
  foreach(pattern ${ARGN})
    list(APPEND globs "${folder}/${pattern}")
  endforeach()
  file(GLOB inputs CONFIGURE_DEPENDS ${globs})
  set(output "${CMAKE_BINARY_DIR}/generated/${stem}.c")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DSTEM=${stem}" "-DINPUTS=${inputs}"
            -P "${CMAKE_SOURCE_DIR}/cmake/EmbedTextScript.cmake"
    DEPENDS ${inputs} "${CMAKE_SOURCE_DIR}/cmake/EmbedTextScript.cmake"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
