# safsd_page(FOLDER FILE ARGUMENTS...): FILE, which `safsd-cl help ARGUMENTS` prints, goes into FOLDER of an installation.
# The manual page and the completions of shells, which the program prints from its own tables.
function(safsd_page folder file)
  set(output "${CMAKE_BINARY_DIR}/generated/pages/${file}")
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/generated/pages")
  add_custom_command(OUTPUT "${output}" COMMAND safsd-cl help ${ARGN} > "${output}" DEPENDS safsd-cl VERBATIM)
  set_property(GLOBAL APPEND PROPERTY safsd_pages "${output}")
  if(folder)
    install(FILES "${output}" DESTINATION "${folder}")
  endif()
endfunction()

if(NOT CMAKE_CROSSCOMPILING)
  safsd_page("${CMAKE_INSTALL_MANDIR}/man1" safsd-cl.1 --man)
  safsd_page("${CMAKE_INSTALL_DATADIR}/bash-completion/completions" safsd-cl --completion bash)
  safsd_page("" _safsd-cl --completion zsh)
  safsd_page("${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" safsd-cl.fish --completion fish)
  # Debian's zsh reads another folder below /usr than below /usr/local; the prefix is that of the installation.
  install(CODE "
    set(folder site-functions)
    if(CMAKE_INSTALL_PREFIX MATCHES \"/usr$\" AND EXISTS /etc/debian_version)
      set(folder vendor-completions)
    endif()
    file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/zsh/\${folder}\" TYPE FILE FILES
         \"${CMAKE_BINARY_DIR}/generated/pages/_safsd-cl\")")
  get_property(pages GLOBAL PROPERTY safsd_pages)
  add_custom_target(pages ALL DEPENDS ${pages})
endif()
