#include "config/blackbox_quantity.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

namespace reachd::config::blackbox {
namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;

constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
/// More digits behind the point change nothing that is counted.
constexpr std::size_t kMostDigits = 15;

constexpr std::array<Unit, 8> kTimes{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\u00b5s", 1'000},  // the micro sign
                                      {"\u03bcs", 1'000},  // the Greek letter
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};

constexpr std::uint64_t two_to(unsigned power) noexcept { return std::uint64_t{1} << power; }

constexpr std::array<Unit, 13> kSizes{{{"B", 1},
                                       {"KB", two_to(10)},
                                       {"KiB", two_to(10)},
                                       {"MB", two_to(20)},
                                       {"MiB", two_to(20)},
                                       {"GB", two_to(30)},
                                       {"GiB", two_to(30)},
                                       {"TB", two_to(40)},
                                       {"TiB", two_to(40)},
                                       {"PB", two_to(50)},
                                       {"PiB", two_to(50)},
                                       {"EB", two_to(60)},
                                       {"EiB", two_to(60)}}};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view take(std::string_view& text, auto belongs) noexcept {
  const auto end = std::ranges::find_if_not(text, belongs);
  const auto part = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(part.size());
  return part;
}

/// whole.fraction × unit, cut to a whole number.
std::optional<std::uint64_t> product(std::string_view whole, std::string_view fraction,
                                     std::uint64_t unit) noexcept {
  std::uint64_t number = 0;
  for (const char digit : whole) {
    if (number > kMost / 10 - 1) {
      return std::nullopt;
    }
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (number > kMost / unit) {
    return std::nullopt;
  }
  double part = 0;
  double scale = static_cast<double>(unit);
  for (const char digit : fraction.substr(0, kMostDigits)) {
    part = part * 10 + (digit - '0');
    scale /= 10;
  }
  return number * unit + static_cast<std::uint64_t>(part * scale);
}

/// Number and unit, again and again.
std::optional<std::uint64_t> sum(std::string_view text, std::span<const Unit> units) noexcept {
  if (text == "0") {
    return 0;
  }
  std::uint64_t total = 0;
  do {
    const std::string_view whole = take(text, is_digit);
    std::string_view fraction;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      fraction = take(text, is_digit);
    }
    const std::string_view word = take(text, [](char c) { return c != '.' && !is_digit(c); });
    const auto unit = std::ranges::find(units, word, &Unit::first);
    if ((whole.empty() && fraction.empty()) || unit == units.end()) {
      return std::nullopt;
    }
    const auto value = product(whole, fraction, unit->second);
    if (!value || *value > kMost - total) {
      return std::nullopt;
    }
    total += *value;
  } while (!text.empty());
  return total;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) noexcept {
  const auto total = sum(text, kTimes);
  return total ? std::optional(std::chrono::nanoseconds(static_cast<std::int64_t>(*total)))
               : std::nullopt;
}

std::optional<std::uint64_t> parse_binary_size(std::string_view text) noexcept {
  return sum(text, kSizes);
}

std::optional<bool> parse_go_flag(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 11> kOn{"true", "True", "TRUE", "y",  "Y", "yes",
                                                 "Yes",  "YES",  "on",   "On", "ON"};
  constexpr std::array<std::string_view, 11> kOff{"false", "False", "FALSE", "n",   "N",  "no",
                                                  "No",    "NO",    "off",   "Off", "OFF"};
  if (std::ranges::find(kOn, text) != kOn.end()) {
    return true;
  }
  return std::ranges::find(kOff, text) != kOff.end() ? std::optional(false) : std::nullopt;
}

}  // namespace reachd::config::blackbox
