#include "daemon/engine/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart = TimePoint() + 1000h;

std::vector<Schedule::Due> pop_all(Schedule& schedule, TimePoint now) {
  std::vector<Schedule::Due> popped;
  while (const auto due = schedule.pop_due(now)) {
    popped.push_back(*due);
  }
  return popped;
}

TEST(Schedule, NothingIsDueInAnEmptySchedule) {
  Schedule schedule;
  EXPECT_EQ(schedule.next_due(), TimePoint::max());
  EXPECT_FALSE(schedule.pop_due(TimePoint::max()));
}

TEST(Schedule, TheFirstRoundEndsWithinItsTime) {
  Schedule schedule;
  for (std::uint64_t key = 0; key < 100; ++key) {
    schedule.add(key, 30s, kStart, 2s);
  }
  EXPECT_EQ(pop_all(schedule, kStart + 2s).size(), 100U);
}

TEST(Schedule, PhasesAreSpreadEvenlyOverTheInterval) {
  Schedule schedule;
  for (std::uint64_t key = 0; key < 30'000; ++key) {
    schedule.add(key, 30s, kStart, 30s);
  }
  for (int second = 1; second <= 30; ++second) {
    const auto due = pop_all(schedule, kStart + second * 1s).size();
    EXPECT_GT(due, 800U) << second;
    EXPECT_LT(due, 1200U) << second;
  }
}

TEST(Schedule, AnEntryComesBackEveryIntervalAtItsPhase) {
  Schedule schedule;
  schedule.add(7, 30s, kStart, 2s);
  TimePoint now = schedule.next_due();
  std::vector<TimePoint> starts;
  for (int i = 0; i < 5; ++i) {
    now = schedule.next_due();
    ASSERT_TRUE(schedule.pop_due(now));
    starts.push_back(now);
    EXPECT_EQ(schedule.finished(0, now + 100ms, std::nullopt), 0U);
  }
  const Duration first_gap = starts[1] - starts[0];
  EXPECT_GE(first_gap, 15s);
  EXPECT_LE(first_gap, 45s);
  EXPECT_EQ(starts[2] - starts[1], 30s);
  EXPECT_EQ(starts[4] - starts[3], 30s);
}

TEST(Schedule, LatenessDoesNotAddUp) {
  Schedule schedule;
  schedule.add(7, 10s, kStart, 10s);
  const TimePoint first = schedule.next_due();
  for (int i = 0; i < 100; ++i) {
    const TimePoint now = schedule.next_due() + 300ms;
    EXPECT_EQ(schedule.pop_due(now)->lag, 300ms);
    schedule.finished(0, now, std::nullopt);
  }
  EXPECT_EQ(schedule.next_due(), first + 1000s);
}

TEST(Schedule, ARunningEntryIsNotDueAgain) {
  Schedule schedule;
  schedule.add(1, 1s, kStart, 1s);
  ASSERT_TRUE(schedule.pop_due(kStart + 1s));
  EXPECT_FALSE(schedule.pop_due(kStart + 1h));
}

TEST(Schedule, SlotsThatPassDuringALongRunAreCountedAndLeftOut) {
  Schedule schedule;
  schedule.add(1, 1s, kStart, 1s);
  const TimePoint began = schedule.next_due();
  ASSERT_TRUE(schedule.pop_due(began));
  EXPECT_EQ(schedule.finished(0, began + 3500ms, std::nullopt), 3U);
  EXPECT_EQ(schedule.next_due(), began + 4s);
}

TEST(Schedule, ConfirmationComesSoonAndThenTheGridAgain) {
  Schedule schedule;
  schedule.add(1, 60s, kStart, 60s);
  const TimePoint slot = schedule.next_due();
  ASSERT_TRUE(schedule.pop_due(slot));
  schedule.finished(0, slot + 1s, 5s);
  EXPECT_EQ(schedule.next_due(), slot + 6s);
  ASSERT_TRUE(schedule.pop_due(slot + 6s));
  schedule.finished(0, slot + 7s, std::nullopt);
  EXPECT_EQ(schedule.next_due(), slot + 60s);
}

TEST(Schedule, AfterASuspendNothingComesInABurst) {
  Schedule schedule;
  for (std::uint64_t key = 0; key < 3000; ++key) {
    schedule.add(key, 30s, kStart, 30s);
  }
  const TimePoint woke = kStart + 2h;
  EXPECT_EQ(schedule.catch_up(woke), 3000U);
  EXPECT_LT(pop_all(schedule, woke + 1s).size(), 150U);
  EXPECT_GT(pop_all(schedule, woke + 30s).size(), 2800U);
}

TEST(Schedule, WhatIsHastenedIsDueAtOnceAndOnlyOnce) {
  Schedule schedule;
  const auto index = schedule.add(1, 60s, kStart, 60s);
  const TimePoint slot = schedule.next_due();
  schedule.hasten(index, kStart + 1ms);
  schedule.hasten(index, kStart + 2ms);
  EXPECT_EQ(schedule.next_due(), kStart + 1ms);
  EXPECT_EQ(schedule.pop_due(kStart + 3ms)->lag, 2ms);
  schedule.finished(index, kStart + 4ms, std::nullopt);
  // The next slot that half an interval lies before; the one it was hastened from may be too near.
  const TimePoint next = slot - kStart > 30s ? slot : slot + 60s;
  EXPECT_FALSE(schedule.pop_due(next - 1ns));
  EXPECT_EQ(schedule.pop_due(next)->lag, 0s);
}

TEST(Schedule, WhatRunsIsNotHastened) {
  Schedule schedule;
  const auto index = schedule.add(1, 60s, kStart, 60s);
  const TimePoint slot = schedule.next_due();
  ASSERT_TRUE(schedule.pop_due(slot));
  schedule.hasten(index, slot);
  EXPECT_FALSE(schedule.pop_due(slot + 1h));
}

TEST(Schedule, WhatWasHastenedIsCaughtUpOnce) {
  Schedule schedule;
  const auto index = schedule.add(1, 60s, kStart, 60s);
  schedule.hasten(index, kStart);
  EXPECT_EQ(schedule.catch_up(kStart + 1h), 1U);
  EXPECT_EQ(pop_all(schedule, kStart + 2h).size(), 1U);
}

TEST(Schedule, AReloadKeepsThePlaceOfWhatStays) {
  Schedule old;
  const auto kept = old.add(11, 30s, kStart, 30s);
  const auto running = old.add(22, 30s, kStart + 100s, 30s);
  const TimePoint due = old.next_due();
  while (old.next_due() < kStart + 100s) {
    old.pop_due(old.next_due());
    old.finished(kept, due, 300s);
  }
  const TimePoint kept_due = due + 300s;
  ASSERT_EQ(old.pop_due(kStart + 130s)->index, running);

  Schedule next;
  EXPECT_EQ(next.adopt(old, running, 22, 30s, kStart), 0U);
  EXPECT_EQ(next.adopt(old, kept, 11, 30s, kStart), 1U);
  EXPECT_EQ(next.next_due(), kept_due);
  next.finished(0, kStart + 131s, std::nullopt);
  EXPECT_GT(next.next_due(), kStart + 131s);
}

TEST(Schedule, AReloadWithAShorterIntervalTakesEffectAtOnce) {
  Schedule old;
  const auto index = old.add(5, 1h, kStart, 1h);
  Schedule next;
  next.adopt(old, index, 5, 10s, kStart);
  EXPECT_LE(next.next_due(), kStart + 10s);
}

TEST(Schedule, NoEntryStarvesOrOverlapsUnderRandomRuns) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Schedule schedule;
  std::map<Schedule::Index, TimePoint> running;
  std::map<Schedule::Index, int> runs;
  for (std::uint64_t key = 0; key < 50; ++key) {
    schedule.add(random(), 1s + random() % 5 * 1s, kStart, 2s);
  }
  for (TimePoint now = kStart; now < kStart + 60s; now += 10ms) {
    while (const auto due = schedule.pop_due(now)) {
      EXPECT_FALSE(running.contains(due->index));
      EXPECT_GE(due->lag, 0s);
      running[due->index] = now + random() % 3000 * 1ms;
      ++runs[due->index];
    }
    if (random() % 8 == 0) {
      schedule.hasten(static_cast<Schedule::Index>(random() % 50), now);
    }
    std::erase_if(running, [&](const auto& run) {
      if (run.second > now) {
        return false;
      }
      schedule.finished(run.first, now,
                        random() % 4 == 0 ? std::optional<Duration>(500ms) : std::nullopt);
      return true;
    });
  }
  EXPECT_EQ(runs.size(), 50U);
  EXPECT_TRUE(std::ranges::all_of(runs, [](const auto& run) { return run.second >= 6; }));
}

}  // namespace
}  // namespace reachd::engine
