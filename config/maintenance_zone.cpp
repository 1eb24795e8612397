#include "config/maintenance_zone.hpp"

#include <date/tz.h>

#include <exception>
#include <utility>
#include <vector>

#include "config/zone_database.hpp"
#include "probes/core/value.hpp"

namespace reachd::config {
namespace {

using std::chrono::seconds;

// The library has time points of its own, with the same counts.
date::local_seconds to_date(LocalTime local) {
  return date::local_seconds(local.time_since_epoch());
}

}  // namespace

std::expected<Zone, std::string> Zone::find(std::string_view name) {
  if (name == "UTC") {
    return Zone();
  }
  try {
    if (const date::time_zone* const zone = find_zone(name)) {
      static_cast<void>(zone->get_info(Moment()));  // reads it now; never fails afterwards
      Zone result;
      result.zone_ = zone;
      return result;
    }
    const std::string hint = did_you_mean(name, zone_names());
    return std::unexpected("there is no time zone \"" + std::string(name.substr(0, 60)) + "\"" +
                           (hint.empty() ? ", but UTC and such as Europe/Amsterdam" : hint));
  } catch (const std::exception& failure) {
    return std::unexpected("the time zones can't be read (on Linux: package tzdata): " +
                           std::string(failure.what()));
  }
}

Moment Zone::moment_of(LocalTime local) const {
  if (zone_ == nullptr) {
    return Moment(local.time_since_epoch());
  }
  const date::local_info info = zone_->get_info(to_date(local));
  if (info.result == date::local_info::nonexistent) {
    return info.second.begin;
  }
  return Moment(local.time_since_epoch() - info.first.offset);
}

LocalTime Zone::latest_local(Moment moment) const {
  if (zone_ == nullptr) {
    return LocalTime(moment.time_since_epoch());
  }
  const date::sys_info now = zone_->get_info(moment);
  const LocalTime shown(moment.time_since_epoch() + now.offset);
  const date::local_info info = zone_->get_info(to_date(shown));
  if (info.result != date::local_info::ambiguous || moment < info.second.begin) {
    return shown;
  }
  // The second time round: all that was shown before is past already.
  return LocalTime(info.first.end.time_since_epoch() + info.first.offset - seconds(1));
}

}  // namespace reachd::config
