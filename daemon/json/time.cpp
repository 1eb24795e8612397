#include "daemon/json/time.hpp"

namespace reachd::json {
namespace {

void append_digits(std::string& out, unsigned number, int digits) {
  const std::size_t begin = out.size();
  out.append(static_cast<std::size_t>(digits), '0');
  for (std::size_t at = out.size(); at > begin; number /= 10) {
    out[--at] = static_cast<char>('0' + number % 10);
  }
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes things from the front of a text; after the first that is not there, `good` is false.
struct Scanner {
  std::string_view rest;
  bool good = true;

  void expect(std::string_view any_of) noexcept {
    good = good && !rest.empty() && any_of.contains(rest.front());
    rest.remove_prefix(good ? 1 : 0);
  }
  /// Exactly so many digits, and a number within the bounds.
  int number(std::size_t digits, int least, int most) noexcept {
    int value = 0;
    good = good && rest.size() >= digits;
    for (std::size_t i = 0; good && i < digits; ++i) {
      good = is_digit(rest[i]);
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(good ? digits : 0);
    good = good && value >= least && value <= most;
    return value;
  }
  /// One digit at least; what is finer than a nanosecond is left out.
  Duration fraction() noexcept {
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits < rest.size() && is_digit(rest[digits])) {
      if (digits < 9) {
        value = value * 10 + (rest[digits] - '0');
      }
      ++digits;
    }
    good = good && digits > 0;
    for (std::size_t i = digits; i < 9; ++i) {
      value *= 10;
    }
    rest.remove_prefix(digits);
    return std::chrono::nanoseconds(value);
  }
};

}  // namespace

std::string rfc3339(WallTime time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(ms);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(ms - day);
  std::string out;
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += '.';
  append_digits(out, static_cast<unsigned>(clock.subseconds().count()), 3);
  out += 'Z';
  return out;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept {
  Scanner scan{text};
  // From 1900 to 2200 nanoseconds since 1970 fit into 64 bits.
  const int year = scan.number(4, 1900, 2200);
  scan.expect("-");
  const int month = scan.number(2, 1, 12);
  scan.expect("-");
  const int day = scan.number(2, 1, 31);
  scan.expect("Tt ");
  const int hour = scan.number(2, 0, 23);
  scan.expect(":");
  const int minute = scan.number(2, 0, 59);
  scan.expect(":");
  const int second = scan.number(2, 0, 60);
  Duration fraction{};
  if (scan.good && scan.rest.starts_with('.')) {
    scan.rest.remove_prefix(1);
    fraction = scan.fraction();
  }
  std::chrono::minutes offset{};
  if (scan.good && (scan.rest == "Z" || scan.rest == "z")) {
    scan.rest = {};
  } else {
    const bool west = scan.rest.starts_with('-');
    scan.expect("+-");
    offset = std::chrono::hours(scan.number(2, 0, 23));
    scan.expect(":");
    offset += std::chrono::minutes(scan.number(2, 0, 59));
    offset = west ? -offset : offset;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!scan.good || !scan.rest.empty() || !date.ok()) {
    return std::nullopt;
  }
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) + fraction - offset;
}

}  // namespace reachd::json
