# The library as it is installed, for programs that embed it and for plugins: headers under include/ostler
# (#include "lib/manager/model_manager.h"), libostler.a, a package for find_package(ostler) and one for pkg-config.
include(CMakePackageConfigHelpers)

install(TARGETS ostler_lib ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(DIRECTORY lib/base lib/core lib/data lib/jobs lib/model_management lib/manager
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ostler/lib COMPONENT dev FILES_MATCHING PATTERN "*.h" PATTERN "formats" EXCLUDE)

# Where it is installed elsewhere than was configured, the library has to know: a program that embeds it finds
# ostler-job and the modules by that.
install(CODE "
  if(NOT \"\${CMAKE_INSTALL_PREFIX}\" STREQUAL \"${CMAKE_INSTALL_PREFIX}\")
    set(object \"${PROJECT_BINARY_DIR}/install/installed_prefix.cc.o\")
    file(MAKE_DIRECTORY \"${PROJECT_BINARY_DIR}/install\")
    execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND \"${CMAKE_CXX_COMPILER}\" -O2 -fPIC
      \"-DOSTLER_PREFIX=\\\"\${CMAKE_INSTALL_PREFIX}\\\"\"
      -c \"${PROJECT_SOURCE_DIR}/lib/base/installed_prefix.cc\" -o \"\${object}\")
    execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND \"${CMAKE_AR}\" rs
      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libostler.a\" \"\${object}\")
  endif()" COMPONENT dev)

set(OSTLER_PACKAGE_LINK_OPTIONS ${OSTLER_LINK_OPTIONS})
if(OSTLER_SANITIZE)
  list(APPEND OSTLER_PACKAGE_LINK_OPTIONS -fsanitize=address,undefined)
endif()
list(JOIN OSTLER_PACKAGE_LINK_OPTIONS " " OSTLER_PC_LINK_OPTIONS)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/ostler)
configure_package_config_file(lib/ostler-config.cmake.in ${PROJECT_BINARY_DIR}/install/ostler-config.cmake
  INSTALL_DESTINATION ${package_directory} NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/install/ostler-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/install/ostler-config.cmake
              ${PROJECT_BINARY_DIR}/install/ostler-config-version.cmake DESTINATION ${package_directory} COMPONENT dev)

# Paths relative to the .pc file itself, so that any prefix will do.
file(RELATIVE_PATH OSTLER_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(lib/ostler.pc.in ${PROJECT_BINARY_DIR}/install/ostler.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/install/ostler.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

foreach(section 1 5 7)
  file(GLOB manual_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.${section})
  install(FILES ${manual_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ostler)
endforeach()

# Where Debian's shells look for them.
install(FILES completions/ostler.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ostler
        COMPONENT ostler)
install(FILES completions/_ostler DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT ostler)
install(FILES completions/ostler.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT ostler)
