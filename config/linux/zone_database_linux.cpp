#include <date/tz.h>

#include "config/zone_database.hpp"

namespace reachd::config {

const date::tzdb& zone_database() { return date::get_tzdb(); }

// A link is a file like any other.
std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  names.reserve(zone_database().zones.size());
  for (const date::time_zone& zone : zone_database().zones) {
    names.push_back(zone.name());
  }
  return names;
}

}  // namespace reachd::config
