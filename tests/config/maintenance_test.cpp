#include "config/maintenance.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "config/yaml.hpp"

namespace reachd::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::year_month_day;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

/// The entries of a list, each in one line.
Maintenance maintenance(std::string_view entries) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(entries, "t", diagnostics);
  Maintenance result = root ? Maintenance::read(*root, diagnostics) : Maintenance();
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
  return result;
}

std::string problems(std::string_view entries) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(entries, "t", diagnostics);
  EXPECT_TRUE(root);
  if (root) {
    static_cast<void>(Maintenance::read(*root, diagnostics));
  }
  return diagnostics.to_string();
}

/// UTC
WallTime utc(year_month_day date, std::chrono::minutes time = 0min) {
  return std::chrono::sys_days(date) + time;
}
constexpr std::chrono::year kYear{2026};
constexpr auto kMarch = kYear / 3;
constexpr auto kApril = kYear / 4;
constexpr auto kOctober = kYear / 10;
constexpr auto kNovember = kYear / 11;

/// The edges between two moments, as minutes from the first.
std::vector<std::int64_t> edges(const Maintenance& windows, WallTime from, WallTime until) {
  std::vector<std::int64_t> result;
  for (auto edge = windows.next_edge(from); edge && *edge < until;
       edge = windows.next_edge(*edge)) {
    result.push_back((*edge - from) / 1min);
  }
  return result;
}

bool is_open(const Maintenance& windows, WallTime at) {
  return windows.open_for(SelectorFields{}, at).has_value();
}

TEST(Maintenance, NoneMeansNever) {
  EXPECT_TRUE(Maintenance().empty());
  EXPECT_TRUE(maintenance("[]").empty());
  EXPECT_FALSE(is_open(Maintenance(), utc(kMarch / 1)));
  EXPECT_FALSE(Maintenance().next_edge(utc(kMarch / 1)));
}

TEST(Maintenance, AWindowHoldsItsBeginAndNotItsEnd) {
  const Maintenance windows =
      maintenance("[{name: night, weekdays: [sun, wed], start: \"02:00\", duration: 90m}]");
  EXPECT_FALSE(windows.empty());
  const WallTime begin = utc(kMarch / 4, 2h);  // a Wednesday, in UTC where no zone is named
  EXPECT_FALSE(is_open(windows, begin - 1ns));
  EXPECT_TRUE(is_open(windows, begin));
  EXPECT_TRUE(is_open(windows, begin + 90min - 1ns));
  EXPECT_FALSE(is_open(windows, begin + 90min));
  EXPECT_THAT(windows.next_edge(begin - 1ns), Optional(begin));
  EXPECT_THAT(windows.next_edge(begin), Optional(begin + 90min));
  EXPECT_THAT(windows.next_edge(begin + 90min), Optional(utc(kMarch / 8, 2h)));
}

TEST(Maintenance, AWindowIsForTheChecksThatItPicks) {
  const Maintenance windows = maintenance(
      "[{name: erp, checks: [product=erp, \"name=shop*\"], cron: \"0 2 * * *\", duration: 1h},"
      " {name: all, cron: \"30 2 * * *\", duration: 1h}]");
  SelectorFields shop;
  shop.name = "shop-1";
  SelectorFields other;
  other.product = "mail";
  EXPECT_THAT(windows.open_for(shop, utc(kMarch / 1, 2h)), Optional(std::string("erp")));
  EXPECT_FALSE(windows.open_for(other, utc(kMarch / 1, 2h)));
  EXPECT_THAT(windows.open_for(shop, utc(kMarch / 1, 2h + 45min)), Optional(std::string("erp")));
  EXPECT_THAT(windows.open_for(other, utc(kMarch / 1, 2h + 45min)), Optional(std::string("all")));
  EXPECT_THAT(windows.open_for(shop, utc(kMarch / 1, 3h)), Optional(std::string("all")));
  EXPECT_THAT(edges(windows, utc(kMarch / 1), utc(kMarch / 2)), ElementsAre(120, 150, 180, 210));
}

TEST(Maintenance, OnceIsOnce) {
  const Maintenance windows = maintenance(
      "[{name: move, start: 2026-12-24T18:00, end: 2026-12-26T06:00:30, zone: Asia/Kolkata}]");
  const WallTime begin = utc(kYear / 12 / 24, 12h + 30min);
  const WallTime end = utc(kYear / 12 / 26, 30min) + 30s;
  EXPECT_THAT(windows.next_edge(WallTime()), Optional(begin));
  EXPECT_THAT(windows.next_edge(begin), Optional(end));
  EXPECT_FALSE(windows.next_edge(end));
  EXPECT_FALSE(is_open(windows, begin - 1s));
  EXPECT_TRUE(is_open(windows, begin));
  EXPECT_TRUE(is_open(windows, end - 1s));
  EXPECT_FALSE(is_open(windows, end));
}

TEST(Maintenance, AnOffsetCountsMoreThanTheZone) {
  const Maintenance windows = maintenance(
      "[{name: move, start: \"2026-12-24T18:00:00+05:30\", end: 2026-12-24T18:00:00Z},"
      " {name: half, start: \"2026-12-25T00:00:00-01:00\", end: 2026-12-25T03:00,"
      "  zone: Europe/Amsterdam}]");
  EXPECT_THAT(edges(windows, utc(kYear / 12 / 24), utc(kYear / 12 / 26)),
              ElementsAre(12 * 60 + 30, 18 * 60, 25 * 60, 26 * 60));
}

// 29 March 2026: 02:00 is 03:00 at once, 01:00 UTC. 25 October: 03:00 is 02:00 again, 01:00 UTC.
TEST(Maintenance, AmsterdamsLeftOutHourBeginsAtItsEnd) {
  const Maintenance windows = maintenance(
      "[{name: a, weekdays: sun, start: \"02:30\", duration: 3h, zone: Europe/Amsterdam}]");
  EXPECT_THAT(edges(windows, utc(kMarch / 29), utc(kMarch / 30)), ElementsAre(60, 240));
  EXPECT_THAT(edges(windows, utc(kMarch / 22), utc(kMarch / 23)), ElementsAre(90, 270));
  EXPECT_THAT(edges(windows, utc(kApril / 5), utc(kApril / 6)), ElementsAre(30, 210));
}

TEST(Maintenance, AmsterdamsHourThatComesTwiceBeginsOnce) {
  const Maintenance windows = maintenance(
      "[{name: a, weekdays: [sat-sun], start: \"02:30\", duration: 30m, zone: Europe/Amsterdam}]");
  EXPECT_THAT(edges(windows, utc(kOctober / 25), utc(kOctober / 26)), ElementsAre(30, 60));
  EXPECT_FALSE(is_open(windows, utc(kOctober / 25, 90min)));  // 02:30 for the second time
  EXPECT_THAT(edges(windows, utc(kOctober / 24), utc(kOctober / 25)), ElementsAre(30, 60));
  EXPECT_THAT(edges(windows, utc(kOctober / 31), utc(kNovember / 1)), ElementsAre(90, 120));
}

TEST(Maintenance, AWindowOverAChangeLastsAsLongAsEver) {
  const Maintenance windows = maintenance(
      "[{name: a, weekdays: sat, start: \"23:00\", duration: 6h, zone: Europe/Amsterdam}]");
  EXPECT_THAT(edges(windows, utc(kMarch / 28), utc(kMarch / 30)), ElementsAre(22 * 60, 28 * 60));
  EXPECT_THAT(edges(windows, utc(kOctober / 24), utc(kOctober / 26)),
              ElementsAre(21 * 60, 27 * 60));
}

TEST(Maintenance, AWindowThatOpensOrEndsWithTheChangeItself) {
  const Maintenance windows = maintenance(
      "[{name: a, weekdays: sun, start: \"03:00\", duration: 1h, zone: Europe/Amsterdam}]");
  EXPECT_THAT(edges(windows, utc(kMarch / 29), utc(kMarch / 30)), ElementsAre(60, 120));
  // 03:00 comes once, an hour after 02:00 came for the second time.
  EXPECT_THAT(edges(windows, utc(kOctober / 25), utc(kOctober / 26)), ElementsAre(120, 180));
}

// 8 March 2026 02:00 is 03:00 at once, 07:00 UTC. 1 November 02:00 is 01:00 again, 06:00 UTC.
TEST(Maintenance, NewYork) {
  const Maintenance windows =
      maintenance("[{name: a, cron: \"30 1,2 * * *\", duration: 10m, zone: America/New_York}]");
  EXPECT_THAT(edges(windows, utc(kMarch / 8), utc(kMarch / 9)), ElementsAre(390, 400, 420, 430));
  EXPECT_THAT(edges(windows, utc(kNovember / 1), utc(kNovember / 2)),
              ElementsAre(330, 340, 450, 460));
}

// 5 April 2026 02:00 is 01:30 again, 15:00 UTC of the 4th. 4 October 02:00 is 02:30 at once, 15:30
// UTC of the 3rd.
TEST(Maintenance, LordHoweMovesByHalfAnHour) {
  const Maintenance windows = maintenance(
      "[{name: a, cron: \"15,45 1,2 * * *\", duration: 5m, zone: Australia/Lord_Howe}]");
  const WallTime april = utc(kApril / 4, 14h);
  EXPECT_THAT(edges(windows, april, april + 6h), ElementsAre(15, 20, 45, 50, 105, 110, 135, 140));
  const WallTime october = utc(kOctober / 3, 14h);
  EXPECT_THAT(edges(windows, october, october + 6h), ElementsAre(45, 50, 75, 80, 90, 95, 105, 110));
}

TEST(Maintenance, OccurrencesMayOverlap) {
  const Maintenance windows = maintenance("[{name: a, cron: \"0 0 * * *\", duration: 31d}]");
  EXPECT_TRUE(is_open(windows, utc(kMarch / 1, 7h)));
  EXPECT_THAT(edges(windows, utc(kMarch / 1), utc(kMarch / 3)), ElementsAre(24 * 60));
  EXPECT_THAT(windows.next_edge(utc(kMarch / 1, 1min)), Optional(utc(kMarch / 2)));
}

TEST(Maintenance, TheLeapDayIsWaitedFor) {
  const Maintenance windows = maintenance("[{name: a, cron: \"0 12 29 2 *\", duration: 1h}]");
  EXPECT_THAT(windows.next_edge(utc(kMarch / 1)),
              Optional(utc(std::chrono::year(2028) / 2 / 29, 12h)));
  // 2100 has none.
  EXPECT_THAT(windows.next_edge(utc(std::chrono::year(2096) / 3 / 1)),
              Optional(utc(std::chrono::year(2104) / 2 / 29, 12h)));
  EXPECT_FALSE(windows.next_edge(utc(std::chrono::year(2200) / 3 / 1)));
}

TEST(Maintenance, ClocksThatAreFarOffAreBorne) {
  const Maintenance windows = maintenance(
      "[{name: a, cron: \"0 12 29 2 *\", duration: 31d, zone: Europe/Amsterdam},"
      " {name: b, start: 2026-12-24T18:00, end: 2027-01-01T00:00}]");
  EXPECT_FALSE(windows.next_edge(WallTime::max()));
  EXPECT_FALSE(is_open(windows, WallTime::max()));
  EXPECT_TRUE(windows.next_edge(utc(std::chrono::year(1700) / 1 / 1)));
}

TEST(Maintenance, ZonesAreSpeltAsTheDatabaseHasThem) {
  EXPECT_EQ(problems("- {name: a, cron: \"0 2 * * *\", duration: 1h, zone: Europe/Amsterdm}"),
            "t:1:52: window a: there is no time zone \"Europe/Amsterdm\"; did you mean "
            "Europe/Amsterdam?\n");
  EXPECT_THAT(problems("- {name: a, cron: \"0 2 * * *\", duration: 1h, zone: ../../etc/passwd}"),
              HasSubstr("there is no time zone"));
}

}  // namespace
}  // namespace reachd::config
