#include "daemon/event/ulid.hpp"

#include <gtest/gtest.h>

namespace reachd::event {
namespace {

using namespace std::chrono_literals;

// The specification's own example: 01ARYZ6S41 is 1469918176385 ms.
const WallTime kExampleTime(1'469'918'176'385ms);

TEST(Ulid, BeginsWithTheTimeAsTheSpecificationWritesIt) {
  UlidMaker maker;
  EXPECT_EQ(maker.make(kExampleTime).substr(0, 10), "01ARYZ6S41");
  EXPECT_EQ(UlidMaker().make(WallTime()).size(), 26U);
}

TEST(Ulid, SortsAsItWasMadeWithinOneMillisecond) {
  UlidMaker maker;
  std::string last = maker.make(kExampleTime);
  for (int i = 0; i < 1000; ++i) {
    const std::string next = maker.make(kExampleTime);
    EXPECT_TRUE(is_ulid(next)) << next;
    EXPECT_LT(last, next);
    last = next;
  }
}

TEST(Ulid, SortsAsItWasMadeWhereTheClockIsSetBack) {
  UlidMaker maker;
  const std::string before = maker.make(kExampleTime);
  EXPECT_LT(before, maker.make(kExampleTime - 1h));
}

TEST(Ulid, GoesOnAfterAnotherProcess) {
  UlidMaker maker;
  maker.go_on_after("01ARYZ6S41ZZZZZZZZZZZZZZZZ");
  EXPECT_LT("01ARYZ6S41ZZZZZZZZZZZZZZZZ", maker.make(kExampleTime - 1h));
  maker.go_on_after("not one");
  EXPECT_LT("01ARYZ6S41ZZZZZZZZZZZZZZZZ", maker.make(kExampleTime));
}

TEST(Ulid, TellsWhenItWasMade) {
  EXPECT_EQ(ulid_time(UlidMaker().make(kExampleTime)), kExampleTime);
  EXPECT_EQ(ulid_time("01ARZ"), std::nullopt);
  EXPECT_EQ(ulid_time("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), std::nullopt);
}

TEST(Ulid, TwoMakersDiffer) {
  EXPECT_NE(UlidMaker().make(kExampleTime), UlidMaker().make(kExampleTime));
}

TEST(Ulid, TellsWhatIsNone) {
  EXPECT_TRUE(is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
  EXPECT_FALSE(is_ulid("81ARZ3NDEKTSV4RRFFQ69G5FAV"));
  EXPECT_FALSE(is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAU"));
  EXPECT_FALSE(is_ulid("01ARZ3NDEK"));
}

}  // namespace
}  // namespace reachd::event
