# Leaves out of INPUT, Random123 as the preprocessor of the host sees it, what speaks of the host's processor.
file(READ "${INPUT}" text)
string(REGEX REPLACE "static inline int haveAESNI *\\([a-z]*\\) *{[^}]*}" "" text "${text}")
if(NOT text MATCHES "philox4x32_R" OR text MATCHES "AESNI|asm")
  message(FATAL_ERROR "Random123/philox.h does not preprocess to plain OpenCL C; see ${INPUT}")
endif()
file(WRITE "${OUTPUT}" "/* Random123's philox4x32, flattened from Random123/philox.h. */\n${text}")
