#include <date/tz.h>

#include <algorithm>

#include "config/zone_database.hpp"

namespace reachd::config {

// A link is a file like any other. tzdb::locate_zone() is not in Debian's library as C++17 and
// later see it.
const date::time_zone* find_zone(std::string_view name) {
  const auto& zones = date::get_tzdb().zones;
  const auto found = std::ranges::find(zones, name, &date::time_zone::name);
  return found == zones.end() ? nullptr : &*found;
}

std::vector<std::string_view> zone_names() {
  std::vector<std::string_view> names;
  for (const date::time_zone& zone : date::get_tzdb().zones) {
    names.push_back(zone.name());
  }
  return names;
}

}  // namespace reachd::config
