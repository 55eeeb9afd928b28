# Debian packages, made by cpack in the build directory: ostler, ostler-module-<name> for each module that was built, and
# libostler-dev. Configure with -DCMAKE_INSTALL_PREFIX=/usr: what is compiled in then is where the packages put it.
# tests/packages builds, installs and uses them.
get_property(modules GLOBAL PROPERTY OSTLER_MODULES)

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_NAME ostler)
set(CPACK_PACKAGE_VENDOR "the ostler project")
set(CPACK_PACKAGE_CONTACT "the ostler project <ostler@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
# By DESTDIR, so that what is compiled at its installation (lib/install.cmake) knows where it will be.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/app/compress-pages.cmake)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

# A component's package: its name, section, and its description, the first line being the short one.
function(ostler_package component name section summary description)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} RENAME copyright
          COMPONENT ${component})
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${summary}\n${description}" PARENT_SCOPE)
endfunction()

ostler_package(ostler ostler science "${PROJECT_DESCRIPTION}"
  "Hand a training or a prediction over as a durable background job, walk away, and come back for it from any other
shell. No daemon and no Python are needed. Modules for xgboost, linear models and fastText are packages of their own.")
set(CPACK_COMPONENTS_ALL ostler dev)
foreach(name ${modules})
  ostler_package(module_${name} ostler-module-${name} science "module ${name} of ostler"
    "Lets ostler train, load and run models of ${name}; ostler modules ${name} lists its parameters.")
  string(TOUPPER module_${name} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "ostler (= ${PROJECT_VERSION}-1)")
  list(APPEND CPACK_COMPONENTS_ALL module_${name})
  list(APPEND recommended "ostler-module-${name}")
endforeach()
list(JOIN recommended ", " CPACK_DEBIAN_OSTLER_PACKAGE_RECOMMENDS)
ostler_package(dev libostler-dev libdevel "library of ostler, for programs that embed it and for plugins"
  "Headers, the static library, a CMake package and a pkg-config file.")
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "ostler (= ${PROJECT_VERSION}-1), libsqlite3-dev, libsqlitecpp-dev, libxxhash-dev, libyaml-cpp-dev")
include(CPack)
