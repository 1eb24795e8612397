#include "probes/core/decimal.hpp"

#include <gtest/gtest.h>

namespace reachd {
namespace {

using namespace std::chrono_literals;

std::string seconds(Duration duration, unsigned decimals = 6) {
  std::string out;
  append_seconds(out, duration, decimals);
  return out;
}

TEST(Decimal, WholeSecondsHaveNoPoint) {
  EXPECT_EQ(seconds(0s), "0");
  EXPECT_EQ(seconds(30s), "30");
  EXPECT_EQ(seconds(1'700'000'000s, 3), "1700000000");
}

TEST(Decimal, FractionsKeepLeadingAndLoseTrailingZeros) {
  EXPECT_EQ(seconds(1ms), "0.001");
  EXPECT_EQ(seconds(12'500us), "0.0125");
  EXPECT_EQ(seconds(1'050ms), "1.05");
  EXPECT_EQ(seconds(1ns, 9), "0.000000001");
}

TEST(Decimal, IsCutTowardsZero) {
  EXPECT_EQ(seconds(999ns), "0");
  EXPECT_EQ(seconds(1'999'999ns, 3), "0.001");
  EXPECT_EQ(seconds(-999ns), "0");
}

TEST(Decimal, NegativeDurations) {
  EXPECT_EQ(seconds(-250ms), "-0.25");
  EXPECT_EQ(seconds(Duration::min(), 0), "-9223372036");
}

}  // namespace
}  // namespace reachd
