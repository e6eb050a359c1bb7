# `cpack -G DEB` and `cpack -G TGZ` in the build folder: program, library, header, manual page, completions and documents in
# one package.
set(CPACK_PACKAGE_NAME "safsd-cl")
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_VENDOR "The safsd-cl authors")
set(CPACK_PACKAGE_CONTACT "The safsd-cl authors <maintainers@safsd-cl.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "emotion recognition in conversations on any OpenCL device")
set(CPACK_PACKAGE_DESCRIPTION "Trains and runs SAFSD-GLNet, a network that recognises the emotion of every utterance of a
conversation from text, audio and video features. The program and its C library need an OpenCL driver
(for example pocl-opencl-icd, which computes on the processor), no Python and no vendor's toolkit.")
set(CPACK_RESOURCE_FILE_LICENSE "${CMAKE_SOURCE_DIR}/LICENSE")
set(CPACK_GENERATOR "DEB;TGZ")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION "science")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "pocl-opencl-icd | opencl-icd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "clinfo")
include(CPack)
