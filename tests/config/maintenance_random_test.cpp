// Random windows against the plainest oracle: minute by minute, with the C library's clock.
#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>
#include <random>
#include <set>
#include <vector>

#include "config/maintenance.hpp"
#include "config/yaml.hpp"

namespace reachd::config {
namespace {

using namespace std::chrono_literals;
using Random = std::mt19937;

int pick(Random& random, int least, int most) {
  return std::uniform_int_distribution<int>(least, most)(random);
}

/// A field of a cron expression: its text and what it stands for.
struct Field {
  std::string text;
  std::set<int> values;
  bool any = false;  ///< begins with *
};

Field random_field(Random& random, int least, int most, int chance_of_all) {
  Field field;
  if (pick(random, 1, 100) <= chance_of_all) {
    const int step = pick(random, 1, 3) == 1 ? pick(random, 2, most) : 1;
    field = {.text = step == 1 ? "*" : "*/" + std::to_string(step), .values = {}, .any = true};
    for (int value = least; value <= most; value += step) {
      field.values.insert(value);
    }
    return field;
  }
  for (int items = pick(random, 1, 3); items > 0; --items) {
    const int first = pick(random, least, most);
    const int last = pick(random, 1, 2) == 1 ? first : pick(random, first, most);
    const int step = last > first && pick(random, 1, 2) == 1 ? pick(random, 1, most) : 1;
    field.text += (field.text.empty() ? "" : ",") + std::to_string(first) +
                  (last > first ? "-" + std::to_string(last) : std::string()) +
                  (step > 1 ? "/" + std::to_string(step) : std::string());
    for (int value = first; value <= last; value += step) {
      field.values.insert(value);
    }
  }
  return field;
}

struct Cron {
  Field minute, hour, day, month, weekday;

  explicit Cron(Random& random)
      : minute(random_field(random, 0, 59, 10)),
        hour(random_field(random, 0, 23, 30)),
        day(random_field(random, 1, 31, 60)),
        month(random_field(random, 1, 12, 80)),
        weekday(random_field(random, 0, 7, 60)) {
    if (weekday.values.contains(7)) {
      weekday.values.insert(0);
    }
  }
  std::string text() const {
    return minute.text + " " + hour.text + " " + day.text + " " + month.text + " " + weekday.text;
  }
  bool fits(const std::tm& local) const {
    const bool by_day = day.values.contains(local.tm_mday);
    const bool by_weekday = weekday.values.contains(local.tm_wday);
    return minute.values.contains(local.tm_min) && hour.values.contains(local.tm_hour) &&
           month.values.contains(local.tm_mon + 1) &&
           (day.any || weekday.any ? by_day && by_weekday : by_day || by_weekday);
  }
};

/// The C library in a zone, for one test.
class LocalClock {
 public:
  explicit LocalClock(const std::string& zone) { set(zone.c_str()); }
  ~LocalClock() { set("UTC"); }
  LocalClock(const LocalClock&) = delete;
  LocalClock& operator=(const LocalClock&) = delete;

  std::tm at(std::time_t moment) const {
    std::tm local{};
    localtime_r(&moment, &local);
    return local;
  }

 private:
  static void set(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
};

constexpr std::time_t kMinute = 60;
constexpr std::time_t kDay = 86'400;

/// Minutes since 1970 on the clock.
std::int64_t shown(std::time_t moment, const std::tm& local) {
  return (moment + local.tm_gmtoff) / kMinute;
}

/// All that begins from `from` until `until`, by looking at the clock each minute: what it jumps
/// over begins at the jump, what it shows again begins no second time.
std::vector<std::time_t> starts(const Cron& cron, const LocalClock& clock, std::time_t from,
                                std::time_t until) {
  std::vector<std::time_t> result;
  std::int64_t seen = shown(from - kMinute, clock.at(from - kMinute));
  for (std::time_t moment = from; moment < until; moment += kMinute) {
    const std::int64_t now = shown(moment, clock.at(moment));
    for (; seen < now; ++seen) {
      const std::time_t local = (seen + 1) * kMinute;
      std::tm fields{};
      gmtime_r(&local, &fields);
      if (cron.fits(fields) && (result.empty() || result.back() != moment)) {
        result.push_back(moment);
      }
    }
  }
  return result;
}

WallTime wall(std::time_t moment) { return std::chrono::sys_seconds(std::chrono::seconds(moment)); }

void compare(Random& random, const std::string& zone, std::time_t from) {
  const Cron cron(random);
  const std::time_t duration = kMinute * pick(random, 1, pick(random, 1, 2) == 1 ? 300 : 4000);
  const std::string text = "[{name: a, cron: \"" + cron.text() +
                           "\", duration: " + std::to_string(duration / kMinute) +
                           "m, zone: " + zone + "}]";
  SCOPED_TRACE(text + " from " + std::to_string(from));
  Diagnostics diagnostics;
  const auto root = parse_yaml(text, "t", diagnostics);
  ASSERT_TRUE(root);
  const Maintenance windows = Maintenance::read(*root, diagnostics);
  if (!diagnostics.ok()) {
    EXPECT_THAT(diagnostics.to_string(), testing::HasSubstr("there is never such a day"));
    for (const int month : cron.month.values) {
      const auto last = std::chrono::year(2028) / month / std::chrono::last;
      EXPECT_GT(*cron.day.values.begin(), static_cast<int>(static_cast<unsigned>(last.day())));
    }
    return;
  }
  const LocalClock clock(zone);
  const std::time_t until = from + 7 * kDay;
  // A day more than the duration before, so that the clock is not in the middle of a change.
  const auto begun = starts(cron, clock, from - duration - kDay, until);
  std::set<std::time_t> edges;
  std::set<std::time_t> open;
  for (const std::time_t start : begun) {
    edges.insert({start, start + duration});
    for (std::time_t moment = start; moment < start + duration; moment += kMinute) {
      open.insert(moment);
    }
  }
  for (std::time_t moment = from; moment < until; moment += kMinute) {
    ASSERT_EQ(windows.open_for({}, wall(moment)).has_value(), open.contains(moment))
        << moment - from;
    ASSERT_EQ(windows.open_for({}, wall(moment) + 59s).has_value(), open.contains(moment))
        << moment - from;
  }
  auto expected = edges.upper_bound(from);
  for (auto edge = windows.next_edge(wall(from)); edge && *edge < wall(until);
       edge = windows.next_edge(*edge), ++expected) {
    ASSERT_NE(expected, edges.end());
    ASSERT_EQ(*edge, wall(*expected));
  }
  EXPECT_TRUE(expected == edges.end() || *expected >= until) << *expected - from;
}

TEST(MaintenanceAtRandom, IsWhatTheClockOnTheWallSays) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  Random random(seed);
  const std::vector<std::string> zones{"Europe/Amsterdam", "America/New_York",
                                       "America/St_Johns", "Australia/Lord_Howe",
                                       "Asia/Kolkata",     "UTC"};
  for (int round = 0; round < 60 && !testing::Test::HasFatalFailure(); ++round) {
    const std::string& zone = zones[static_cast<std::size_t>(round) % zones.size()];
    // 2007 to 2036; every other one some days before a change of the clocks, if there is one.
    std::time_t from = 1'167'609'600 + pick(random, 0, 29 * 365) * kDay;
    if (round % 2 == 0) {
      const LocalClock clock(zone);
      const auto offset = clock.at(from).tm_gmtoff;
      int days = 0;
      while (days < 366 && clock.at(from + days * kDay).tm_gmtoff == offset) {
        ++days;
      }
      from += (days - pick(random, 1, 6)) * kDay;
    }
    compare(random, zone, from);
  }
}

}  // namespace
}  // namespace reachd::config
