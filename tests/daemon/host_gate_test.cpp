#include "daemon/engine/host_gate.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint() + 1000h;
const IpAddress kHost = IpAddress::v4(0x0a000001);
const IpAddress kOther = IpAddress::v4(0x0a000002);

TEST(HostGate, AFreeHostTakesWhoeverComes) {
  HostGate gate;
  EXPECT_TRUE(gate.enter(kHost, {}, 1, kStart));
  EXPECT_EQ(gate.next_ready(), TimePoint::max());
}

TEST(HostGate, NoMoreThanAllowedAreThereAtOnce) {
  HostGate gate;
  const HostGate::Manner manner{.per_host = 2, .gap = 0s};
  EXPECT_TRUE(gate.enter(kHost, manner, 1, kStart));
  EXPECT_TRUE(gate.enter(kHost, manner, 2, kStart));
  EXPECT_FALSE(gate.enter(kHost, manner, 3, kStart));
  EXPECT_TRUE(gate.enter(kOther, manner, 4, kStart));
  EXPECT_FALSE(gate.pop_ready(kStart + 1h));
  gate.leave(kHost, kStart + 1h);
  EXPECT_EQ(gate.pop_ready(kStart + 1h), 3U);
}

TEST(HostGate, AGentleProbeIsAloneWhoeverElseComes) {
  HostGate gate;
  EXPECT_TRUE(gate.enter(kHost, {.per_host = 1, .gap = 0s}, 1, kStart));
  EXPECT_FALSE(gate.enter(kHost, {.per_host = 4, .gap = 0s}, 2, kStart));
  EXPECT_FALSE(gate.enter(kHost, {.per_host = 4, .gap = 0s}, 3, kStart));
  gate.leave(kHost, kStart + 1s);
  EXPECT_EQ(gate.pop_ready(kStart + 1s), 2U);
  EXPECT_EQ(gate.pop_ready(kStart + 1s), 3U);
}

TEST(HostGate, StartsKeepTheirDistance) {
  HostGate gate;
  const HostGate::Manner manner{.per_host = 4, .gap = 2s};
  EXPECT_TRUE(gate.enter(kHost, manner, 1, kStart));
  EXPECT_FALSE(gate.enter(kHost, manner, 2, kStart + 500ms));
  EXPECT_FALSE(gate.enter(kHost, manner, 3, kStart + 500ms));
  EXPECT_EQ(gate.next_ready(), kStart + 2s);
  EXPECT_FALSE(gate.pop_ready(kStart + 1999ms));
  EXPECT_EQ(gate.pop_ready(kStart + 2s), 2U);
  EXPECT_EQ(gate.next_ready(), kStart + 4s);
  EXPECT_EQ(gate.pop_ready(kStart + 4s), 3U);
}

TEST(HostGate, TheGapHoldsAfterTheProbeHasEnded) {
  HostGate gate;
  const HostGate::Manner manner{.per_host = 1, .gap = 2s};
  EXPECT_TRUE(gate.enter(kHost, manner, 1, kStart));
  gate.leave(kHost, kStart + 1ms);
  EXPECT_FALSE(gate.enter(kHost, manner, 2, kStart + 1s));
  EXPECT_EQ(gate.pop_ready(kStart + 2s), 2U);
}

TEST(HostGate, AShorterGapIsNotHeldByALongerOne) {
  HostGate gate;
  EXPECT_TRUE(gate.enter(kHost, {.per_host = 4, .gap = 10s}, 1, kStart));
  gate.leave(kHost, kStart + 1s);
  EXPECT_FALSE(gate.enter(kHost, {.per_host = 4, .gap = 2s}, 2, kStart + 1s));
  EXPECT_EQ(gate.next_ready(), kStart + 2s);
  EXPECT_EQ(gate.pop_ready(kStart + 2s), 2U);
}

TEST(HostGate, WhoeverGaveUpIsNotCalled) {
  HostGate gate;
  const HostGate::Manner manner{.per_host = 1, .gap = 0s};
  EXPECT_TRUE(gate.enter(kHost, manner, 1, kStart));
  EXPECT_FALSE(gate.enter(kHost, manner, 2, kStart));
  EXPECT_FALSE(gate.enter(kHost, manner, 3, kStart));
  EXPECT_TRUE(gate.abandon(kHost, 2, kStart));
  EXPECT_FALSE(gate.abandon(kHost, 1, kStart));
  gate.leave(kHost, kStart);
  EXPECT_EQ(gate.pop_ready(kStart), 3U);
}

TEST(HostGate, HostsAreForgottenOnceTheyAreFree) {
  HostGate gate;
  EXPECT_TRUE(gate.enter(kHost, {.per_host = 1, .gap = 0s}, 1, kStart));
  gate.leave(kHost, kStart);
  EXPECT_EQ(gate.size(), 0U);
  EXPECT_TRUE(gate.enter(kHost, {.per_host = 1, .gap = 2s}, 1, kStart));
  gate.leave(kHost, kStart);
  EXPECT_EQ(gate.size(), 1U);
  EXPECT_FALSE(gate.pop_ready(kStart + 2s));
  EXPECT_EQ(gate.size(), 0U);
}

TEST(HostGate, EveryoneGetsATurnAndNobodyBreaksTheRules) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  HostGate gate;
  const HostGate::Manner manner{.per_host = 2, .gap = 50ms};
  std::map<HostGate::Token, TimePoint> running;
  TimePoint last_start = TimePoint::min();
  HostGate::Token next = 0;
  std::size_t started = 0;
  const auto start = [&](HostGate::Token token, TimePoint now) {
    EXPECT_LT(running.size(), 2U);
    EXPECT_TRUE(last_start == TimePoint::min() || now - last_start >= 50ms);
    last_start = now;
    running[token] = now + random() % 200 * 1ms;
    ++started;
  };
  for (TimePoint now = kStart; now < kStart + 60s; now += 1ms) {
    std::erase_if(running, [&](const auto& run) {
      const bool over = run.second <= now;
      if (over) {
        gate.leave(kHost, now);
      }
      return over;
    });
    while (const auto token = gate.pop_ready(now)) {
      start(*token, now);
    }
    if (next < 200 && random() % 100 == 0 && gate.enter(kHost, manner, ++next, now)) {
      start(next, now);
    }
  }
  EXPECT_EQ(started, next);
}

}  // namespace
}  // namespace reachd::engine
