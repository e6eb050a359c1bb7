# safsd_embed_text(TARGET STEM FOLDER PATTERN... [GENERATED FILE...]): compiles the matching files of FOLDER, and files that
# the build makes, into TARGET as
#   extern const struct { const char *name; const char *text; } STEM[];   ends with a NULL name
function(safsd_embed_text target stem folder)
  cmake_parse_arguments(PARSE_ARGV 3 embed "" "" "GENERATED")
  set(globs "")
  foreach(pattern ${embed_UNPARSED_ARGUMENTS})
    list(APPEND globs "${folder}/${pattern}")
  endforeach()
  file(GLOB inputs CONFIGURE_DEPENDS ${globs})
  list(APPEND inputs ${embed_GENERATED})
  set(output "${CMAKE_BINARY_DIR}/generated/${stem}.c")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DSTEM=${stem}" "-DINPUTS=${inputs}"
            -P "${CMAKE_SOURCE_DIR}/cmake/EmbedTextScript.cmake"
    DEPENDS ${inputs} "${CMAKE_SOURCE_DIR}/cmake/EmbedTextScript.cmake"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
