#pragma once

#include <string>
#include <vector>

namespace date {
struct tzdb;  // NOLINT(readability-identifier-naming): the library's own name
}

namespace reachd::config {

/// The IANA tz database where this platform has it: Linux's own files (which know daylight saving
/// up to 2037), or those that the build put
/// into the executable (Windows has none of IANA's). Read at the first call, which throws a
/// std::exception if that fails; lives as long as the process. Thread-safe.
const date::tzdb& zone_database();

/// Every name that the database knows, links too.
std::vector<std::string> zone_names();

}  // namespace reachd::config
