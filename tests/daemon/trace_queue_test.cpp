#include "daemon/engine/trace_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Answer = TraceQueue::Answer;

Endpoint endpoint(int number) {
  return {.address = IpAddress::v4(static_cast<std::uint32_t>(number)), .port = 443};
}

class Traces : public ::testing::Test {
 protected:
  /// The address of what begins now; -1: nothing.
  int pop() {
    const auto job = queue.pop(now);
    return job ? static_cast<int>(job->endpoint.address.v4_number()) : -1;
  }
  std::vector<std::uint32_t> end(int number) { return queue.ended(endpoint(number), found, now); }

  TraceQueue queue;
  TimePoint now{1h};
  std::shared_ptr<const Path> found = std::make_shared<Path>();
};

TEST_F(Traces, TheFirstBeginsAtOnceAndTheNextASecondLater) {
  EXPECT_EQ(queue.next(), TimePoint::max());
  EXPECT_EQ(queue.want(endpoint(1), 0, now), Answer::queued);
  EXPECT_EQ(queue.want(endpoint(2), 1, now), Answer::queued);
  EXPECT_LE(queue.next(), now);
  EXPECT_EQ(pop(), 1);
  EXPECT_EQ(pop(), -1);
  EXPECT_EQ(queue.next(), now + 1s);
  now += 1s;
  EXPECT_EQ(pop(), 2);
}

TEST_F(Traces, TwoGoOnAtOnce) {
  for (int i = 1; i <= 3; ++i) {
    queue.want(endpoint(i), 0, now);
  }
  pop();
  now += 1s;
  pop();
  now += 1min;
  EXPECT_EQ(queue.next(), TimePoint::max());
  EXPECT_EQ(pop(), -1);
  end(2);
  EXPECT_LE(queue.next(), now);
  EXPECT_EQ(pop(), 3);
}

TEST_F(Traces, OneAddressIsTracedForOnePortAtATime) {
  Endpoint other_port = endpoint(1);
  other_port.port = 22;
  queue.want(endpoint(1), 0, now);
  queue.want(other_port, 1, now);
  queue.want(endpoint(2), 2, now);
  EXPECT_EQ(pop(), 1);
  now += 1s;
  EXPECT_EQ(pop(), 2);
  end(2);
  now += 1s;
  EXPECT_EQ(queue.next(), TimePoint::max());
  EXPECT_EQ(pop(), -1);
  end(1);
  EXPECT_EQ(pop(), 1);
}

TEST_F(Traces, APathIsHistoryIfThePortAnsweredMeanwhile) {
  queue.want(endpoint(1), 0, now);
  pop();
  queue.answers(endpoint(1));
  EXPECT_THAT(end(1), ElementsAre(0));
  EXPECT_EQ(queue.path(endpoint(1), now), nullptr);
}

TEST_F(Traces, AStormIsCutOff) {
  int queued = 0;
  for (int i = 0; i < 10'000; ++i) {
    queued += queue.want(endpoint(i), 0, now) == Answer::queued ? 1 : 0;
  }
  EXPECT_EQ(queued, 64);
  int begun = 0;
  for (; queue.next() != TimePoint::max(); now += 1s) {
    const int number = pop();
    begun += number >= 0 ? 1 : 0;
    end(number);
  }
  EXPECT_EQ(begun, 64);
}

TEST_F(Traces, OneTraceServesAllWhoWantIt) {
  queue.want(endpoint(1), 7, now);
  queue.want(endpoint(1), 8, now);
  EXPECT_EQ(pop(), 1);
  EXPECT_EQ(queue.want(endpoint(1), 9, now), Answer::queued);
  EXPECT_EQ(queue.want(endpoint(1), 9, now), Answer::queued);
  EXPECT_THAT(end(1), ElementsAre(7, 8, 9));
  EXPECT_EQ(queue.want(endpoint(1), 10, now), Answer::known);
  EXPECT_EQ(queue.path(endpoint(1), now), found);
  EXPECT_EQ(queue.path(endpoint(2), now), nullptr);
}

TEST_F(Traces, APathIsLookedForAgainAfterAWhile) {
  queue.want(endpoint(1), 0, now);
  pop();
  end(1);
  now += 10min - 1s;
  EXPECT_EQ(queue.want(endpoint(1), 0, now), Answer::known);
  now += 1s;
  EXPECT_EQ(queue.path(endpoint(1), now), nullptr);
  EXPECT_EQ(queue.want(endpoint(1), 0, now), Answer::queued);
}

TEST_F(Traces, WhatAnsweredMeanwhileIsTracedAnew) {
  queue.want(endpoint(1), 0, now);
  pop();
  end(1);
  queue.answers(endpoint(1));
  EXPECT_EQ(queue.path(endpoint(1), now), nullptr);
  EXPECT_EQ(queue.want(endpoint(1), 0, now), Answer::queued);
  queue.answers(endpoint(1));
  now += 1s;
  EXPECT_EQ(pop(), -1) << "it came up before its turn";
}

TEST_F(Traces, WithoutAPathNothingIsKnown) {
  found = nullptr;
  queue.want(endpoint(1), 5, now);
  pop();
  EXPECT_THAT(end(1), ElementsAre(5));
  EXPECT_EQ(queue.want(endpoint(1), 5, now), Answer::queued);
}

TEST_F(Traces, AReloadRenumbersWhoWantsThem) {
  queue.want(endpoint(1), 0, now);
  queue.want(endpoint(2), 1, now);
  queue.want(endpoint(3), 2, now);
  pop();
  queue.renumber({TraceQueue::kGone, TraceQueue::kGone, 7});
  EXPECT_THAT(end(1), ElementsAre());
  now += 1s;
  EXPECT_EQ(pop(), 3) << "nobody wants the second one any more";
  EXPECT_THAT(end(3), ElementsAre(7));
}

}  // namespace
}  // namespace reachd::engine
