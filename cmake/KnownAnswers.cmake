# The answers of the self-test: a program made of the references writes them as C, which becomes the library
# safsd_answers. The references are compiled for this and for tests; they are not part of the program.
file(GLOB references CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/reference/*.c")
list(REMOVE_ITEM references "${CMAKE_SOURCE_DIR}/reference/known_answers.c")
add_library(safsd_reference STATIC EXCLUDE_FROM_ALL ${references})
target_link_libraries(safsd_reference PUBLIC safsd_model m)
add_executable(known_answers EXCLUDE_FROM_ALL "${CMAKE_SOURCE_DIR}/reference/known_answers.c")
target_link_libraries(known_answers PRIVATE safsd_reference)

set(answers "${CMAKE_BINARY_DIR}/generated/known_answers.c")
add_custom_command(OUTPUT "${answers}" COMMAND known_answers "${answers}" DEPENDS known_answers VERBATIM)
add_library(safsd_answers STATIC "${answers}")
target_link_libraries(safsd_answers PUBLIC safsd_model)
