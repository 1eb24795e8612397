#include "config/recurrence.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

#include "probes/core/value.hpp"

namespace reachd::config {
namespace {

using Days = std::chrono::days;
using Minutes = std::chrono::minutes;

constexpr std::chrono::year kLastYear{2200};

constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};
constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

struct Field {
  std::string_view title;
  unsigned least;
  unsigned most;
  std::span<const std::string_view> names;  ///< of `least` and what follows
};

constexpr std::array<Field, 5> kFields{{{"minute", 0, 59, {}},
                                        {"hour", 0, 23, {}},
                                        {"day of the month", 1, 31, {}},
                                        {"month", 1, 12, kMonths},
                                        {"weekday", 0, 7, kWeekdays}}};
constexpr const Field& kWeekdayField = kFields[4];

bool has(std::uint64_t bits, unsigned index) { return ((bits >> index) & 1U) != 0; }

std::string quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 40)) + "\""; }

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t";
  for (auto begin = text.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

std::optional<unsigned> number(std::string_view text) {
  unsigned result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return result;
}

std::optional<unsigned> named(std::string_view text, const Field& field) {
  const auto found = std::ranges::find(field.names, text);
  if (found == field.names.end()) {
    return std::nullopt;
  }
  return field.least + static_cast<unsigned>(found - field.names.begin());
}

std::optional<unsigned> value_of(std::string_view text, const Field& field) {
  const auto value = named(text, field);
  return value ? value : number(text);
}

std::uint64_t bits(unsigned first, unsigned last, unsigned step) {
  std::uint64_t result = 0;
  for (unsigned value = first; value <= last; value += step) {
    result |= std::uint64_t{1} << value;
  }
  return result;
}

/// "*", "5", "mon-fri", "*/15", "8-18/2"
std::optional<std::uint64_t> parse_item(std::string_view text, const Field& field) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view range = text.substr(0, slash);
  const std::size_t dash = range.find('-');
  const bool all = range == "*";
  std::optional<unsigned> first = field.least;
  std::optional<unsigned> last = field.most;
  if (!all) {
    first = value_of(range.substr(0, dash), field);
    last = dash == std::string_view::npos ? first : value_of(range.substr(dash + 1), field);
    if (last == 0U && first > last && field.most == kWeekdayField.most) {
      last = field.most;  // up to Sunday, the other one
    }
  }
  std::optional<unsigned> step = 1;
  if (slash != text.size()) {
    const bool is_range = all || dash != std::string_view::npos;
    step = is_range ? number(text.substr(slash + 1)) : std::nullopt;
  }
  if (!first || !last || !step || *first < field.least || *last > field.most || *first > *last ||
      *step == 0 || *step > field.most) {
    return std::nullopt;
  }
  return bits(*first, *last, *step);
}

std::expected<std::uint64_t, std::string> parse_field(std::string_view text, const Field& field) {
  std::uint64_t result = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, comma - begin);
    const auto parsed = parse_item(item, field);
    if (!parsed) {
      return std::unexpected("the " + std::string(field.title) + " is *, " +
                             std::to_string(field.least) + " to " + std::to_string(field.most) +
                             (field.names.empty() ? std::string()
                                                  : ", " + std::string(field.names.front()) +
                                                        " to " + std::string(field.names.back())) +
                             ", a range (1-5), a range with a step (*/2) or a list of these, not " +
                             quoted(item));
    }
    result |= *parsed;
    begin = comma + 1;
  }
  return result;
}

/// Both Sundays are one.
std::uint64_t fold_sundays(std::uint64_t weekdays) { return (weekdays | weekdays >> 7U) & 0x7fU; }

bool fits(const Recurrence& recurrence, const std::chrono::year_month_day& date,
          std::chrono::local_days day) {
  const bool by_number = has(recurrence.days, static_cast<unsigned>(date.day()));
  const bool by_weekday = has(recurrence.weekdays, std::chrono::weekday(day).c_encoding());
  return recurrence.either_day ? by_number || by_weekday : by_number && by_weekday;
}

/// The first minute of a day that fits, from `start` on.
std::optional<int> next_minute(const Recurrence& recurrence, int start) {
  for (int hour = start / 60; hour < 24; ++hour) {
    if (!has(recurrence.hours, static_cast<unsigned>(hour))) {
      continue;
    }
    for (int minute = hour == start / 60 ? start % 60 : 0; minute < 60; ++minute) {
      if (has(recurrence.minutes, static_cast<unsigned>(minute))) {
        return hour * 60 + minute;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::expected<Recurrence, std::string> Recurrence::parse_cron(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() != kFields.size()) {
    return std::unexpected(
        "five fields are expected (minute, hour, day of the month, month, weekday), not " +
        quoted(text));
  }
  Recurrence result;
  const std::array<std::uint64_t*, kFields.size()> targets{
      &result.minutes, &result.hours, &result.days, &result.months, &result.weekdays};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto parsed = parse_field(words[i], kFields[i]);
    if (!parsed) {
      return std::unexpected(parsed.error());
    }
    *targets[i] = *parsed;
  }
  result.weekdays = fold_sundays(result.weekdays);
  result.either_day = !words[2].starts_with('*') && !words[4].starts_with('*');
  if (!result.next(LocalTime())) {
    return std::unexpected("there is never such a day: " + quoted(text));
  }
  return result;
}

std::optional<LocalTime> Recurrence::next(LocalTime after) const {
  const auto first = std::chrono::floor<Minutes>(after) + Minutes(1);
  auto day = std::chrono::floor<Days>(first);
  auto start = static_cast<int>((first - day).count());
  for (;;) {
    const std::chrono::year_month_day date(day);
    if (date.year() > kLastYear) {
      return std::nullopt;
    }
    if (!has(months, static_cast<unsigned>(date.month()))) {
      day = std::chrono::local_days((date.year() / date.month() + std::chrono::months(1)) /
                                    std::chrono::day(1));
    } else {
      if (fits(*this, date, day)) {
        if (const auto minute = next_minute(*this, start)) {
          return day + Minutes(*minute);
        }
      }
      day += Days(1);
    }
    start = 0;
  }
}

std::expected<std::uint64_t, std::string> parse_weekdays(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = named(text.substr(0, dash), kWeekdayField);
  const auto last =
      dash == std::string_view::npos ? first : named(text.substr(dash + 1), kWeekdayField);
  if (!first || !last) {
    return std::unexpected(
        "a weekday is mon, tue, wed, thu, fri, sat, sun or a range such as mon-fri, not " +
        quoted(text));
  }
  // A range may go over the end of the week.
  const unsigned end = *last < *first ? *last + 7 : *last;
  return fold_sundays(bits(*first, std::min(end, 7U), 1)) | (end > 7 ? bits(0, end - 7, 1) : 0);
}

}  // namespace reachd::config
