#include "probes/core/duration.hpp"

#include <gtest/gtest.h>

namespace reachd {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(Duration, RefusesTheRestWithASentence) {
  for (const char* text :
       {"", "5", "s", "-1s", "1.5s", "5 s", "5sec", "99999999999999999999s", "36501d"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_NE(duration.error().find("is not a duration"), std::string::npos) << duration.error();
  }
}

TEST(Duration, PrintsWhatItReads) {
  for (const char* text : {"250ms", "30s", "90s", "5m", "1h", "36h", "7d", "0s"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(60s), "1m");
}

}  // namespace
}  // namespace reachd
