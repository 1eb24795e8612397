# reachd_windows_resources: the version, the manifest and the texts of the Event Log, as objects for whoever links it.
# Programs of the tests link it too, because the manifest is what makes UTF-8 their code page.
enable_language(RC)
find_program(REACHD_WINDMC x86_64-w64-mingw32-windmc REQUIRED)

set(folder "${PROJECT_BINARY_DIR}/windows_resources")
set(service "${PROJECT_SOURCE_DIR}/packaging/windows-service")
set(REACHD_MANIFEST "${service}/reachd.manifest")
configure_file("${service}/reachd.rc.in" "${folder}/reachd.rc" @ONLY)
add_custom_command(
  OUTPUT "${folder}/events.rc" "${folder}/MSG00409.bin"
  COMMAND ${REACHD_WINDMC} -h "${folder}" -r "${folder}" "${service}/events.mc"
  DEPENDS "${service}/events.mc"
  VERBATIM)

add_library(reachd_windows_resources OBJECT "${folder}/reachd.rc")
set_source_files_properties("${folder}/reachd.rc" PROPERTIES
  OBJECT_DEPENDS "${folder}/events.rc;${folder}/MSG00409.bin;${REACHD_MANIFEST}")
target_include_directories(reachd_windows_resources PRIVATE "${folder}")
