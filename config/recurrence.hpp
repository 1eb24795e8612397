#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "config/maintenance_zone.hpp"

namespace reachd::config {

/// Minutes of local time that come again, as cron knows them. Bits count from 0; those of days and
/// months from 1, Sunday is weekday 0.
struct Recurrence {
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;
  std::uint64_t months = 0;
  std::uint64_t weekdays = 0;
  bool either_day = false;  ///< a day fits by its number or its weekday, not only by both

  /// Five fields: minute, hour, day of the month, month, weekday (0 and 7 are Sunday). Each has *,
  /// numbers, ranges (1-5), lists (1,15) and steps (*/15, 8-18/2); months and weekdays also names
  /// of three letters. Where neither field of days begins with *, a day fits by either. What never
  /// happens (30 February) is an error. Errors are sentences.
  static std::expected<Recurrence, std::string> parse_cron(std::string_view text);

  /// The first one after this; nothing: none until the year 2200.
  std::optional<LocalTime> next(LocalTime after) const;
};

/// "sun" or "mon-fri" as bits of weekdays. The error is a sentence.
std::expected<std::uint64_t, std::string> parse_weekdays(std::string_view text);

}  // namespace reachd::config
