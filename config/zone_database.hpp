#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's own name
}

namespace reachd::config {

// The IANA tz database where this platform has it: Linux's own files (which know daylight saving up
// to 2037), or those that the build put into the executable (Windows has none of IANA's). It is
// read at the first call, which throws a std::exception if that fails. Thread-safe.

/// Null if there is no such zone; else it lives as long as the process.
const date::time_zone* find_zone(std::string_view name);

/// Every name that find_zone() knows.
std::vector<std::string_view> zone_names();

}  // namespace reachd::config
