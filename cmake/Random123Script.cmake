# Leaves out of INPUT, Random123 as the preprocessor of the host sees it, what speaks of the host's processor.
file(READ "${INPUT}" text)
string(REGEX REPLACE "static inline int haveAESNI *\\([a-z]*\\) *{[^}]*}" "" text "${text}")
if(NOT text MATCHES "philox4x32_R" OR text MATCHES "AESNI|asm")
  message(FATAL_ERROR "Random123/philox.h does not preprocess to plain OpenCL C; see ${INPUT}")
endif()
# Its licence asks for its notice in every copy of the source, and what is embedded and exported is one.
file(READ "${HEADER}" notice)
string(FIND "${notice}" "*/" end)
string(SUBSTRING "${notice}" 0 ${end} notice)
if(NOT notice MATCHES "^/\\*[^*]*Copyright" OR NOT notice MATCHES "Redistributions of source code must retain")
  message(FATAL_ERROR "${HEADER} does not begin with its copyright notice, which every copy of it has to carry")
endif()
file(WRITE "${OUTPUT}" "/* Random123's philox4x32, flattened from Random123/philox.h by the preprocessor. */\n${notice}*/\n${text}")
