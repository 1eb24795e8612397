#include "daemon/journal/availability.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace reachd::journal {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kUnknown = 0;
constexpr std::uint8_t kUp = 1;
constexpr std::uint8_t kDegraded = 2;
constexpr std::uint8_t kDown = 3;

constexpr WallTime at(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

RunRow run(std::int64_t number, std::int64_t began, std::int64_t ended, bool continues = false) {
  return {.number = number,
          .began = at(began),
          .alive = at(ended),
          .ended = at(ended),
          .continues = continues};
}

Change change(std::int64_t of_run, std::int64_t time, std::uint8_t state) {
  return {.run = of_run, .time = at(time), .state = state};
}

Sums judge(const std::vector<RunRow>& runs, const std::vector<Change>& changes, std::int64_t from,
           std::int64_t to) {
  return sums_of(runs, pieces_of(runs, at(from), at(to)), changes, at(from), at(to));
}

Sums sums(std::int64_t up, std::int64_t degraded, std::int64_t down, std::int64_t not_observed) {
  return {.up = std::chrono::seconds(up),
          .degraded = std::chrono::seconds(degraded),
          .down = std::chrono::seconds(down),
          .not_observed = std::chrono::seconds(not_observed)};
}

TEST(Availability, NothingRanMeansNotObserved) {
  EXPECT_EQ(judge({}, {}, 0, 100), sums(0, 0, 0, 100));
}

TEST(Availability, EachStateLastsUntilTheNext) {
  EXPECT_EQ(judge({run(1, 0, 100)},
                  {change(1, 10, kUp), change(1, 40, kDown), change(1, 50, kDegraded),
                   change(1, 70, kUnknown), change(1, 80, kUp)},
                  0, 100),
            sums(30 + 20, 20, 10, 10 + 10));
}

TEST(Availability, TheWindowCutsWhatLiesAcrossItsEdges) {
  const std::vector runs{run(1, 0, 100)};
  const std::vector changes{change(1, 0, kUp), change(1, 50, kDown)};
  EXPECT_EQ(judge(runs, changes, 40, 70), sums(10, 0, 20, 0));
  EXPECT_EQ(judge(runs, changes, 60, 70), sums(0, 0, 10, 0));
  EXPECT_EQ(judge(runs, changes, 90, 120), sums(0, 0, 10, 20));
}

TEST(Availability, BetweenRunsNobodyLooks) {
  EXPECT_EQ(
      judge({run(1, 0, 30), run(2, 60, 100)}, {change(1, 0, kUp), change(2, 70, kUp)}, 0, 100),
      sums(30 + 30, 0, 0, 30 + 10));
}

TEST(Availability, ARunThatWasKilledEndsAtItsLastSignOfLife) {
  RunRow killed = run(1, 0, 0);
  killed.alive = at(40);
  killed.ended.reset();
  EXPECT_EQ(judge({killed}, {change(1, 0, kUp)}, 0, 100), sums(40, 0, 0, 60));
}

TEST(Availability, AContinuedRunKeepsTheStates) {
  // The machine slept from 30 to 60.
  EXPECT_EQ(judge({run(1, 0, 30), run(2, 60, 100, true)}, {change(1, 10, kDown)}, 0, 100),
            sums(0, 0, 20 + 40, 10 + 30));
  // A run of its own does not.
  EXPECT_EQ(judge({run(1, 0, 30), run(2, 60, 100)}, {change(1, 10, kDown)}, 0, 100),
            sums(0, 0, 20, 10 + 30 + 40));
}

TEST(Availability, AfterTheClockWasSetBackTheLaterRunIsBelieved) {
  // At 80 somebody sets the clock to 40; the run goes on until 90.
  EXPECT_EQ(judge({run(1, 0, 80), run(2, 40, 90, true)}, {change(1, 0, kUp), change(2, 50, kDown)},
                  0, 100),
            sums(40 + 10, 0, 40, 10));
}

TEST(Availability, ALaterRunInTheMiddleSplitsAnEarlierOne) {
  EXPECT_EQ(
      judge({run(1, 0, 100), run(2, 40, 50)}, {change(1, 0, kUp), change(2, 40, kDown)}, 0, 100),
      sums(90, 0, 10, 0));
}

TEST(Availability, AClockThatBeganIn1970TakesNothingAway) {
  EXPECT_EQ(judge({run(1, 1000, 1100), run(2, 0, 2), run(3, 1200, 1300, true)},
                  {change(1, 1000, kUp), change(2, 1, kDown)}, 1000, 1300),
            sums(100, 0, 100, 100));
}

TEST(Availability, ChangesOutOfOrderNeverCountBackwards) {
  EXPECT_EQ(judge({run(1, 0, 100)}, {change(1, 50, kUp), change(1, 40, kDown)}, 0, 100),
            sums(0, 0, 50, 50));
}

std::string slots(const std::vector<RunRow>& runs, const std::vector<Change>& changes,
                  std::int64_t from, std::int64_t to, std::size_t count) {
  return slots_of(runs, pieces_of(runs, at(from), at(to)), changes, at(from), at(to), count);
}

TEST(Slots, EachShowsTheWorstThatWasSeenInIt) {
  const std::vector runs{run(1, 0, 80)};
  const std::vector changes{change(1, 0, kUp), change(1, 25, kDown), change(1, 26, kUp),
                            change(1, 40, kDegraded), change(1, 60, kUp)};
  EXPECT_EQ(slots(runs, changes, 0, 100, 10), "1131221100");
  EXPECT_EQ(slots(runs, changes, 0, 100, 1), "3");
  EXPECT_EQ(slots(runs, changes, 0, 100, 0), "");
}

TEST(Slots, AnInstantBelongsToTheSlotThatItBegins) {
  const std::vector runs{run(1, 0, 100)};
  EXPECT_EQ(slots(runs, {change(1, 0, kUp), change(1, 50, kDown)}, 0, 100, 2), "13");
}

TEST(Slots, BetweenRunsAndOutsideOfThemNobodyLooks) {
  EXPECT_EQ(
      slots({run(1, 10, 20), run(2, 40, 50)}, {change(1, 10, kUp), change(2, 40, kDown)}, 0, 60, 6),
      "010030");
  EXPECT_EQ(slots({}, {}, 0, 60, 3), "000");
}

TEST(Availability, APartIsOfWhatWasObserved) {
  const Availability row{.check = "a",
                         .name = "",
                         .product = "p",
                         .device = "",
                         .up = 60s,
                         .degraded = 15s,
                         .down = 25s,
                         .not_observed = 900s};
  EXPECT_DOUBLE_EQ(row.available().value(), 0.75);
  EXPECT_FALSE(Availability{}.available());
  const auto products = by_product(std::vector{row, row});
  ASSERT_EQ(products.size(), 1U);
  EXPECT_EQ(products[0].product, "p");
  EXPECT_EQ(products[0].down, 50s);
  EXPECT_TRUE(by_device(std::vector{row}).empty());
}

/// Histories by chance, small enough to be looked at second by second.
struct Chance {
  explicit Chance(std::uint32_t seed) : random(seed) {
    for (int i = below(6); i >= 0; --i) {
      const std::int64_t began = below(200);
      runs.push_back(run(static_cast<std::int64_t>(runs.size()) + 1, began, began + below(100),
                         below(3) == 0));
      if (below(4) == 0) {
        runs.back().ended.reset();
      }
      std::int64_t time = began;
      for (int j = below(6); j > 0; --j) {
        time += below(30);
        changes.push_back(change(runs.back().number, time, static_cast<std::uint8_t>(below(4))));
      }
    }
  }
  int below(int bound) { return std::uniform_int_distribution(0, bound - 1)(random); }

  std::mt19937 random;
  std::vector<RunRow> runs;
  std::vector<Change> changes;
};

/// What the state was in the second that begins at `second`, the slow way.
std::uint8_t state_at(const Chance& chance, std::int64_t second) {
  for (std::size_t i = chance.runs.size(); i-- > 0;) {
    const RunRow& witness = chance.runs[i];
    if (witness.began > at(second) || witness.ended.value_or(witness.alive) <= at(second)) {
      continue;
    }
    std::size_t first = i;
    while (first > 0 && chance.runs[first].continues) {
      --first;
    }
    std::uint8_t state = 0;
    for (const Change& candidate : chance.changes) {
      const bool of_this = candidate.run == witness.number && candidate.time <= at(second);
      const bool of_before =
          candidate.run >= chance.runs[first].number && candidate.run < witness.number;
      if (of_this || of_before) {
        state = candidate.state;
      }
    }
    return state;
  }
  return 0;
}

TEST(Availability, AgreesWithLookingAtEverySecond) {
  const std::uint32_t base = std::random_device{}();
  RecordProperty("seed", std::to_string(base));
  for (std::uint32_t round = 0; round < 2000; ++round) {
    SCOPED_TRACE("seed " + std::to_string(base + round));
    Chance chance(base + round);
    const std::int64_t from = chance.below(150);
    const std::int64_t to = from + chance.below(200);
    Sums expected;
    for (std::int64_t second = from; second < to; ++second) {
      Duration* const slots[]{&expected.not_observed, &expected.up, &expected.degraded,
                              &expected.down};
      *slots[state_at(chance, second)] += 1s;
    }
    const Sums whole = judge(chance.runs, chance.changes, from, to);
    ASSERT_EQ(whole, expected);
    ASSERT_EQ(whole.up + whole.degraded + whole.down + whole.not_observed,
              std::chrono::seconds(to - from));
    const std::int64_t middle = from + chance.below(static_cast<int>(to - from) + 1);
    const Sums left = judge(chance.runs, chance.changes, from, middle);
    const Sums right = judge(chance.runs, chance.changes, middle, to);
    ASSERT_EQ(whole, (Sums{.up = left.up + right.up,
                           .degraded = left.degraded + right.degraded,
                           .down = left.down + right.down,
                           .not_observed = left.not_observed + right.not_observed}));
  }
}

}  // namespace
}  // namespace reachd::journal
