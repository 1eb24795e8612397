#include "config/recurrence.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace reachd::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::year kYear{2026};

/// The days on which a cron expression fires within a month of 2026.
std::vector<unsigned> days(std::string_view cron, unsigned month) {
  const auto recurrence = Recurrence::parse_cron(cron);
  EXPECT_TRUE(recurrence) << recurrence.error();
  std::vector<unsigned> result;
  const auto first = local_days(kYear / std::chrono::month(month) / 1);
  const auto last = local_days(kYear / std::chrono::month(month) / std::chrono::last);
  for (auto at = recurrence->next(first - 1s); at && *at < last + 24h; at = recurrence->next(*at)) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(*at));
    result.push_back(static_cast<unsigned>(date.day()));
  }
  return result;
}

/// The minutes of the first of January on which it fires.
std::vector<std::int64_t> minutes(std::string_view cron) {
  const auto recurrence = Recurrence::parse_cron(cron);
  EXPECT_TRUE(recurrence) << recurrence.error();
  std::vector<std::int64_t> result;
  const auto day = local_days(kYear / 1 / 1);
  for (auto at = recurrence->next(day - 1s); at && *at < day + 24h; at = recurrence->next(*at)) {
    result.push_back((*at - day) / 1min);
  }
  return result;
}

std::string problem(std::string_view cron) {
  const auto recurrence = Recurrence::parse_cron(cron);
  EXPECT_FALSE(recurrence) << cron;
  return recurrence ? std::string() : recurrence.error();
}

TEST(Recurrence, ListsRangesAndSteps) {
  EXPECT_THAT(minutes("0 2 * * *"), ElementsAre(120));
  EXPECT_THAT(minutes("5,10 2,4 * * *"), ElementsAre(125, 130, 245, 250));
  EXPECT_THAT(minutes("*/25 3 * * *"), ElementsAre(180, 205, 230));
  EXPECT_THAT(minutes("10-30/10,59 23 * * *"), ElementsAre(1390, 1400, 1410, 1439));
  EXPECT_THAT(minutes("\t0  8-18/5 *  * * "), ElementsAre(480, 780, 1080));
}

TEST(Recurrence, NamesOfMonthsAndDays) {
  EXPECT_THAT(days("0 0 1 jan,mar-apr *", 1), ElementsAre(1));
  EXPECT_THAT(days("0 0 1 jan,mar-apr *", 2), ElementsAre());
  EXPECT_THAT(days("0 0 1 jan,mar-apr *", 4), ElementsAre(1));
  EXPECT_THAT(days("0 0 * 11 sun", 11), ElementsAre(1, 8, 15, 22, 29));
  EXPECT_THAT(days("0 0 * 11 fri-sun", 11),
              ElementsAre(1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28, 29));
}

TEST(Recurrence, BothSundays) {
  EXPECT_EQ(days("0 0 * * 0", 11), days("0 0 * * 7", 11));
  EXPECT_EQ(days("0 0 * * 6-7", 11), days("0 0 * * sat,sun", 11));
  EXPECT_EQ(days("0 0 * * 1-7", 11), days("0 0 * * *", 11));
}

// crontab(5): where both are restricted, either will do.
TEST(Recurrence, ADayFitsByNumberOrWeekday) {
  EXPECT_THAT(days("0 0 2,3 * sun", 11), ElementsAre(1, 2, 3, 8, 15, 22, 29));
  EXPECT_THAT(days("0 0 2,8 * *", 11), ElementsAre(2, 8));
  EXPECT_THAT(days("0 0 */7 * sun", 11), ElementsAre(1, 8, 15, 22, 29));
  EXPECT_THAT(days("0 0 1-7 * */7", 11), ElementsAre(1));
}

TEST(Recurrence, MonthsWithoutTheDayAreLeftOut) {
  EXPECT_THAT(days("0 0 31 * *", 10), ElementsAre(31));
  EXPECT_THAT(days("0 0 31 * *", 11), ElementsAre());
}

TEST(Recurrence, WhatNeverHappensIsAnError) {
  for (const char* cron : {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30-31 feb */2"}) {
    EXPECT_THAT(problem(cron), HasSubstr("there is never such a day"));
  }
  EXPECT_TRUE(Recurrence::parse_cron("0 0 29 2 */6"));  // a Saturday or Sunday, some years off
  EXPECT_TRUE(Recurrence::parse_cron("0 0 30 2 mon"));  // either will do
}

TEST(Recurrence, WhatIsWrongIsNamed) {
  for (const char* cron : {"", "0 2 * *", "0 2 * * * *", "@daily"}) {
    EXPECT_THAT(problem(cron), HasSubstr("five fields are expected"));
  }
  for (const char* minute : {"60", "-1", "a", "1-", "5-1", "*/0", "*/60", "5/10", "1,,2", ",",
                             "*-5", "1.5", "99999999999"}) {
    EXPECT_THAT(problem(std::string(minute) + " 2 * * *"), HasSubstr("the minute is *, 0 to 59"))
        << minute;
  }
  EXPECT_THAT(problem("0 24 * * *"), HasSubstr("the hour is *, 0 to 23"));
  EXPECT_THAT(problem("0 0 0 * *"), HasSubstr("the day of the month is *, 1 to 31"));
  EXPECT_THAT(problem("0 0 * 13 *"), HasSubstr("the month is *, 1 to 12, jan to dec"));
  EXPECT_THAT(problem("0 0 * * 8"), HasSubstr("the weekday is *, 0 to 7, sun to sat"));
  EXPECT_THAT(problem("0 0 * * mo"), HasSubstr("not \"mo\""));
  EXPECT_THAT(problem("0 0 * * sat-fri"), HasSubstr("not \"sat-fri\""));
}

TEST(Recurrence, WeekdaysAreNamedAloneOrFromTo) {
  EXPECT_EQ(parse_weekdays("sun"), 0b0000001u);
  EXPECT_EQ(parse_weekdays("sat"), 0b1000000u);
  EXPECT_EQ(parse_weekdays("mon-fri"), 0b0111110u);
  EXPECT_EQ(parse_weekdays("sat-sun"), 0b1000001u);
  EXPECT_EQ(parse_weekdays("fri-mon"), 0b1100011u);
  EXPECT_EQ(parse_weekdays("sun-sat"), 0b1111111u);
  EXPECT_EQ(parse_weekdays("wed-tue"), 0b1111111u);
  for (const char* text : {"", "sunday", "0", "1-5", "mon-", "-fri", "mon,tue", "Mon"}) {
    ASSERT_FALSE(parse_weekdays(text)) << text;
    EXPECT_THAT(parse_weekdays(text).error(), HasSubstr("a weekday is mon, tue"));
  }
}

}  // namespace
}  // namespace reachd::config
