#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "probes/core/clock.hpp"

namespace reachd {

/// Appends a whole number in digits; no locale, no allocation of its own.
template <std::integral Number>
void append_integer(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

/// Appends seconds as a person writes them, "-0.25", "30", "0.001234": cut (towards zero) after
/// `decimals` (0 to 9) places, without zeros at the end, never with an exponent.
void append_seconds(std::string& out, Duration duration, unsigned decimals);

}  // namespace reachd
