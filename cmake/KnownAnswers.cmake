# The answers of the self-test: a program made of the references (tests/ref) writes them as C, which becomes the library
# safsd_answers. References are compiled for this alone; they are no part of the program.
set(references dialogues gemm optimizer)
file(GLOB stems CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/model/layers/*.c" "${CMAKE_SOURCE_DIR}/tests/ref/operations*.c")
foreach(stem ${stems})
  get_filename_component(stem "${stem}" NAME_WE)
  if(EXISTS "${CMAKE_SOURCE_DIR}/tests/ref/${stem}.c")
    list(APPEND references ${stem})
  endif()
endforeach()
list(TRANSFORM references PREPEND "${CMAKE_SOURCE_DIR}/tests/ref/")
list(TRANSFORM references APPEND ".c")
add_executable(known_answers EXCLUDE_FROM_ALL "${CMAKE_SOURCE_DIR}/tests/known_answers.c" ${references})
target_link_libraries(known_answers PRIVATE safsd_model m)

set(answers "${CMAKE_BINARY_DIR}/generated/known_answers.c")
add_custom_command(OUTPUT "${answers}" COMMAND known_answers "${answers}" DEPENDS known_answers VERBATIM)
add_library(safsd_answers STATIC "${answers}")
target_link_libraries(safsd_answers PUBLIC safsd_model)
