#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "probes/core/clock.hpp"

namespace reachd {

/// Reads the configuration's durations: a whole number and one of ms, s, m, h, d ("250ms", "30s",
/// "1d"); "0" needs no unit. At most 36500d. The error is a sentence that says what is expected.
std::expected<Duration, std::string> parse_duration(std::string_view text);

/// The shortest text that parse_duration() reads back to the same value, rounded to whole
/// milliseconds.
std::string format_duration(Duration);

/// With fractions, as metrics have it.
constexpr double to_seconds(Duration duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace reachd
