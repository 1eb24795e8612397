# Run by reachd_version() with cmake -P.
set(commit "unknown")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} describe --always --dirty --abbrev=10 --exclude=*
                  OUTPUT_VARIABLE found RESULT_VARIABLE result OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(result EQUAL 0)
    set(commit "${found}")
  endif()
endif()
set(rows "")
foreach(library ${LIBRARIES})
  string(REGEX MATCH "^([^=]+)=(.*)$" unused "${library}")
  string(APPEND rows "          {\"${CMAKE_MATCH_1}\", \"${CMAKE_MATCH_2}\"},\n")
endforeach()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#include \"daemon/version.hpp\"

namespace reachd {

const BuildFacts& build_facts() {
  static const BuildFacts kFacts{
      \"${VERSION}\",
      \"${commit}\",
      \"${COMPILER}\",
      {
${rows}      },
  };
  return kFacts;
}

}  // namespace reachd
")
