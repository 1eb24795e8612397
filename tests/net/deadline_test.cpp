#include "probes/net/deadline.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

struct Counter final : Abortable {
  void abort() noexcept override { ++aborts; }
  int aborts = 0;
};

TimePoint in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// Runs until nothing is left to do, at most for the guard.
void drain(asio::io_context& context) {
  context.restart();
  context.run_for(5s);
  ASSERT_TRUE(context.stopped()) << "the loop still had work when the guard ended";
}

TEST(Deadline, AbortsAllThatWaitsAtExpiry) {
  asio::io_context context(1);
  DeadlineQueue queue(context.get_executor());
  Deadline deadline(queue, in(5ms));
  Counter first;
  Counter second;
  const Watch one = deadline.watch(first);
  const Watch two = deadline.watch(second);
  drain(context);
  EXPECT_EQ(deadline.ended(), Deadline::Ended::expired);
  EXPECT_EQ(first.aborts, 1);
  EXPECT_EQ(second.aborts, 1);
}

TEST(Deadline, LeavesAloneWhatNoLongerWaits) {
  asio::io_context context(1);
  DeadlineQueue queue(context.get_executor());
  Deadline deadline(queue, in(1h));
  Counter first;
  Counter second;
  Counter third;
  const Watch one = deadline.watch(first);
  {
    const Watch two = deadline.watch(second);
    const Watch three = deadline.watch(third);
  }
  deadline.stop();
  EXPECT_EQ(first.aborts, 1);
  EXPECT_EQ(second.aborts, 0);
  EXPECT_EQ(third.aborts, 0);
}

TEST(Deadline, WatchesGoInAnyOrder) {
  asio::io_context context(1);
  DeadlineQueue queue(context.get_executor());
  Deadline deadline(queue, in(1h));
  std::vector<Counter> counters(3);
  const std::unique_ptr<Watch> first(new Watch(deadline.watch(counters[0])));
  std::unique_ptr<Watch> second(new Watch(deadline.watch(counters[1])));
  std::unique_ptr<Watch> third(new Watch(deadline.watch(counters[2])));
  second.reset();
  third.reset();
  deadline.stop();
  EXPECT_EQ(counters[0].aborts, 1);
  EXPECT_EQ(counters[1].aborts, 0);
  EXPECT_EQ(counters[2].aborts, 0);
}

TEST(Deadline, AbortsAtOnceWhatComesTooLate) {
  asio::io_context context(1);
  DeadlineQueue queue(context.get_executor());
  Deadline deadline(queue, in(1h));
  deadline.stop();
  Counter late;
  const Watch watch = deadline.watch(late);
  EXPECT_EQ(late.aborts, 1);
  EXPECT_EQ(deadline.ended(), Deadline::Ended::stopped);
}

TEST(Deadline, WatchMayOutliveIt) {
  asio::io_context context(1);
  DeadlineQueue queue(context.get_executor());
  Counter counter;
  auto deadline = std::make_unique<Deadline>(queue, in(1h));
  const Watch watch = deadline->watch(counter);
  deadline.reset();
  EXPECT_EQ(counter.aborts, 0);
}

TEST(DeadlineQueue, EarlierDeadlineExpiresFirst) {
  asio::io_context context(1);
  DeadlineQueue queue(context.get_executor());
  Deadline late(queue, in(1h));
  Deadline early(queue, in(5ms));
  Deadline later(queue, in(10ms));
  context.run_one_for(5s);  // the hour's arming, which the earlier one replaced
  while (early.ended() == Deadline::Ended::no && context.run_one_for(5s) > 0) {
  }
  EXPECT_EQ(early.ended(), Deadline::Ended::expired);
  EXPECT_EQ(late.ended(), Deadline::Ended::no);
  while (later.ended() == Deadline::Ended::no && context.run_one_for(5s) > 0) {
  }
  EXPECT_EQ(later.ended(), Deadline::Ended::expired);
  EXPECT_EQ(late.ended(), Deadline::Ended::no);
}

TEST(DeadlineQueue, NoteOfAFinishedDeadlineWakesItOnceAndArmsForTheNext) {
  asio::io_context context(1);
  DeadlineQueue queue(context.get_executor());
  auto first = std::make_unique<Deadline>(queue, in(5ms));
  Deadline second(queue, in(15ms));
  first.reset();
  drain(context);
  EXPECT_EQ(second.ended(), Deadline::Ended::expired);
}

TEST(DeadlineQueue, StopEndsAllAndLetsTheLoopEnd) {
  asio::io_context context(1);
  DeadlineQueue queue(context.get_executor());
  Deadline first(queue, in(1h));
  Deadline second(queue, in(2h));
  Counter counter;
  const Watch watch = first.watch(counter);
  queue.stop();
  EXPECT_EQ(first.ended(), Deadline::Ended::stopped);
  EXPECT_EQ(second.ended(), Deadline::Ended::stopped);
  EXPECT_EQ(counter.aborts, 1);
  const Deadline born_late(queue, in(1h));
  EXPECT_EQ(born_late.ended(), Deadline::Ended::stopped);
  drain(context);
}

TEST(DeadlineQueue, HandlerThatIsStillQueuedDoesNotTouchADeadQueue) {
  asio::io_context context(1);
  auto queue = std::make_unique<DeadlineQueue>(context.get_executor());
  {
    const Deadline deadline(*queue, in(0ms));
  }
  queue.reset();
  drain(context);
}

}  // namespace
}  // namespace reachd::net
