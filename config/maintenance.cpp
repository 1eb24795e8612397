#include "config/maintenance.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <unordered_map>
#include <utility>
#include <variant>

#include "config/maintenance_zone.hpp"
#include "config/parts.hpp"
#include "config/recurrence.hpp"
#include "probes/core/reader.hpp"

namespace reachd::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::floor;
using std::chrono::seconds;

constexpr std::size_t kLongestTitle = 200;
constexpr Duration kLongest = std::chrono::days(31);
constexpr int kFirstYear = 1970;
constexpr int kLastYear = 2200;

/// Once, from `begin` until `end`.
struct Once {
  WallTime begin{};
  WallTime end{};
};

/// Again and again, each time for so long.
struct Again {
  Recurrence when;
  Zone zone;
  Duration duration{};

  std::optional<WallTime> next_start(WallTime after) const {
    // Starts are whole seconds, so what comes after these seconds comes after all of them.
    const auto start = when.next(zone.latest_local(floor<seconds>(after)));
    return start ? std::optional<WallTime>(zone.moment_of(*start)) : std::nullopt;
  }
};

using When = std::variant<Once, Again>;

bool is_open(const Once& when, WallTime at) { return when.begin <= at && at < when.end; }

bool is_open(const Again& when, WallTime at) {
  const auto start = when.next_start(at - when.duration);
  return start && *start <= at;
}

std::optional<WallTime> next_edge(const Once& when, WallTime after) {
  if (after < when.begin) {
    return when.begin;
  }
  return after < when.end ? std::optional(when.end) : std::nullopt;
}

std::optional<WallTime> next_edge(const Again& when, WallTime after) {
  auto edge = when.next_start(after);
  if (const auto ending = when.next_start(after - when.duration)) {
    edge = std::min(edge.value_or(WallTime::max()), *ending + when.duration);
  }
  return edge;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    }
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

/// "02:00" at `at`
std::optional<std::chrono::minutes> time_of_day(std::string_view text, std::size_t at) {
  const auto hour = digits(text, at, 2);
  const auto minute = digits(text, at + 3, 2);
  if (!hour || !minute || text[at + 2] != ':' || *hour > 23 || *minute > 59) {
    return std::nullopt;
  }
  return std::chrono::minutes(*hour * 60 + *minute);
}

/// What a text says, and how far what it says is from UTC if it says so.
struct DateTime {
  LocalTime local{};
  std::optional<seconds> offset;
};

/// "2026-12-24T18:00", with seconds and "Z" or "+01:00" as wished.
std::optional<DateTime> parse_date_time(std::string_view text) {
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-' || text.size() < 16 ||
      text[10] != 'T' || *year < kFirstYear || *year > kLastYear) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  const auto time = time_of_day(text, 11);
  if (!date.ok() || !time) {
    return std::nullopt;
  }
  DateTime result{.local = std::chrono::local_days(date) + *time, .offset = {}};
  std::string_view rest = text.substr(16);
  if (rest.starts_with(':')) {
    const auto second = digits(rest, 1, 2);
    if (!second || *second > 59) {
      return std::nullopt;
    }
    result.local += seconds(*second);
    rest.remove_prefix(3);
  }
  if (rest == "Z") {
    result.offset = 0s;
  } else if (!rest.empty()) {
    const auto offset = time_of_day(rest, 1);
    if (!offset || rest.size() != 6 || (rest[0] != '+' && rest[0] != '-')) {
      return std::nullopt;
    }
    result.offset = rest[0] == '+' ? *offset : -*offset;
  }
  return result;
}

/// Reads an entry; what is missing in `when` has been reported.
class WindowReader {
 public:
  WindowReader(const Value& value, Diagnostics& diagnostics, const std::string& name)
      : reader_(value, diagnostics,
                name.empty() ? "a window" : "window " + name.substr(0, kLongestTitle)) {
    reader_.raw("name");
    check_name(reader_, "name", name);
    checks = read_selectors(reader_, "checks");
    const bool zoned = reader_.has("zone");
    read_zone();
    const int kinds =
        int{reader_.has("weekdays")} + int{reader_.has("cron")} + int{reader_.has("end")};
    if (kinds != 1) {
      for (const std::string_view key : {"start", "duration"}) {
        reader_.raw(key);
      }
      reader_.error({},
                    "a window has weekdays, start and duration, or start and end, or cron and "
                    "duration");
    } else if (reader_.has("end")) {
      when = read_once(zoned);
    } else {
      when = read_again();
    }
    reader_.done();
  }

  std::vector<Selector> checks;
  When when;

 private:
  void read_zone() {
    const std::string name = reader_.text("zone", "UTC");
    auto zone = Zone::find(name);
    if (zone) {
      zone_ = *zone;
    } else {
      reader_.error("zone", zone.error());
    }
  }

  std::optional<DateTime> read_date_time(std::string_view key) {
    const std::string text = reader_.required_text(key);
    const auto result = parse_date_time(text);
    if (!result && !text.empty()) {
      reader_.error(key, std::string(key) +
                             " is a date and a time, such as 2026-12-24T18:00 or "
                             "2026-12-24T18:00:00+01:00, not \"" +
                             text.substr(0, 40) + "\"");
    }
    return result;
  }

  WallTime moment(const DateTime& time) const {
    return time.offset ? WallTime(time.local.time_since_epoch() - *time.offset)
                       : WallTime(zone_.moment_of(time.local));
  }

  Once read_once(bool zoned) {
    const auto begin = read_date_time("start");
    const auto end = read_date_time("end");
    if (!begin || !end) {
      return {};
    }
    if (zoned && begin->offset && end->offset) {
      reader_.error("zone", "zone has no effect: start and end say how far they are from UTC");
    }
    const Once once{.begin = moment(*begin), .end = moment(*end)};
    if (once.end <= once.begin) {
      reader_.error("end", "end is not after start");
    }
    return once;
  }

  Again read_again() {
    Again again;
    again.zone = zone_;
    if (reader_.has("cron")) {
      const std::string text = reader_.required_text("cron");
      const auto cron = Recurrence::parse_cron(text);
      if (cron) {
        again.when = *cron;
      } else if (!text.empty()) {
        reader_.error("cron", "cron: " + cron.error());
      }
    } else {
      again.when = read_weekly();
    }
    if (!reader_.has("duration")) {
      reader_.error("duration", "duration is missing");
    }
    again.duration = reader_.duration("duration", 1h, 1min, kLongest);
    return again;
  }

  Recurrence read_weekly() {
    Recurrence weekly{.minutes = 0,
                      .hours = 0,
                      .days = ~std::uint64_t{0},
                      .months = ~std::uint64_t{0},
                      .weekdays = 0,
                      .either_day = false};
    const auto texts = placed_texts(reader_, "weekdays");
    if (texts.empty()) {
      reader_.error("weekdays", "weekdays names no day");
    }
    for (const Value& text : texts) {
      const auto days = parse_weekdays(text.scalar);
      if (days) {
        weekly.weekdays |= *days;
      } else {
        reader_.diagnostics().error(text.place, reader_.what() + ": " + days.error());
      }
    }
    const std::string start = reader_.required_text("start");
    const auto time = start.size() == 5 ? time_of_day(start, 0) : std::nullopt;
    if (time) {
      weekly.hours = std::uint64_t{1} << static_cast<unsigned>(time->count() / 60);
      weekly.minutes = std::uint64_t{1} << static_cast<unsigned>(time->count() % 60);
    } else if (!start.empty()) {
      reader_.error("start", "start is a time of day, such as \"02:00\", not \"" +
                                 start.substr(0, 40) + "\"");
    }
    return weekly;
  }

  Reader reader_;
  Zone zone_;
};

}  // namespace

class Maintenance::Window {
 public:
  Window(std::string name, std::vector<Selector> checks, When when)
      : name_(std::move(name)), checks_(std::move(checks)), when_(when) {}

  const std::string& name() const noexcept { return name_; }
  bool is_open(WallTime at) const {
    return std::visit([&](const auto& when) { return config::is_open(when, at); }, when_);
  }
  std::optional<WallTime> next_edge(WallTime after) const {
    return std::visit([&](const auto& when) { return config::next_edge(when, after); }, when_);
  }
  bool covers(const SelectorFields& check) const {
    return checks_.empty() || std::ranges::any_of(checks_, [&](const Selector& selector) {
             return selector.matches(check);
           });
  }

 private:
  std::string name_;
  std::vector<Selector> checks_;  ///< any of these; empty: all
  When when_;
};

Maintenance Maintenance::read(const Value& value, Diagnostics& diagnostics) {
  Maintenance maintenance;
  std::unordered_map<std::string, Place> names;
  for (const Value& item : value.items) {
    Reader naming(item, diagnostics, "an entry of maintenance");
    if (item.kind != Value::Kind::map && item.kind != Value::Kind::null) {
      continue;
    }
    std::string name = naming.required_text("name");
    WindowReader window(item, diagnostics, name);
    if (!name.empty()) {
      const Place place = item.find("name")->place;
      const auto [first, fresh] = names.emplace(name, place);
      if (!fresh) {
        diagnostics.error(place, "window " + name.substr(0, kLongestTitle) +
                                     ": the name is taken by the window at " +
                                     first->second.to_string());
      }
    }
    maintenance.windows_.push_back(
        std::make_shared<const Window>(std::move(name), std::move(window.checks), window.when));
  }
  return maintenance;
}

std::optional<std::string> Maintenance::open_for(const SelectorFields& check, WallTime at) const {
  for (const auto& window : windows_) {
    if (window->is_open(at) && window->covers(check)) {
      return window->name();
    }
  }
  return std::nullopt;
}

std::optional<WallTime> Maintenance::next_edge(WallTime after) const {
  std::optional<WallTime> edge;
  for (const auto& window : windows_) {
    const auto next = window->next_edge(after);
    if (next && (!edge || *next < *edge)) {
      edge = next;
    }
  }
  return edge;
}

}  // namespace reachd::config
