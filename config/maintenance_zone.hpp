#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's own name
}

namespace reachd::config {

/// What clocks on the wall show; whole seconds.
using LocalTime = std::chrono::time_point<std::chrono::local_t, std::chrono::seconds>;
/// A moment; whole seconds.
using Moment = std::chrono::sys_seconds;

/// A zone of the IANA tz database: the seam to the library that reads it. Cheap to copy;
/// thread-safe.
class Zone {
 public:
  /// UTC, which needs no database.
  Zone() = default;
  /// The error is a sentence, with the nearest name where there is one.
  static std::expected<Zone, std::string> find(std::string_view name);

  /// When clocks show this. What they leave out is the first moment after; what they show twice is
  /// the first of the two. So a later local time is never an earlier moment.
  Moment moment_of(LocalTime local) const;
  /// The latest local time whose moment_of() is not after this.
  LocalTime latest_local(Moment moment) const;

 private:
  const date::time_zone* zone_ = nullptr;  ///< null: UTC; lives as long as the process
};

}  // namespace reachd::config
