#include "daemon/alert/outbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/alert/backoff.hpp"
#include "tests/daemon/outbox_fakes.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using test::delivered;
using test::FakeSink;
using test::OutboxTest;
using test::refused;
using test::retry;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

using Strings = std::vector<std::string>;

TEST(Backoff, GrowsToItsBoundAndNeverBelowATenthOfIt) {
  Backoff backoff(1s, 5min, 1);
  Duration bound = 1s;
  for (int i = 0; i < 60; ++i) {
    const Duration wait = backoff.next();
    EXPECT_GE(wait, bound / 10) << i;
    EXPECT_LE(wait, bound) << i;
    bound = std::min<Duration>(bound * 2, 5min);
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), 1s);
}

TEST(Backoff, ThoseWhoFailTogetherComeBackApart) {
  Backoff one(1min, 5min, 1);
  Backoff other(1min, 5min, 2);
  EXPECT_NE(one.next(), other.next());
}

TEST_F(OutboxTest, EventsComeInTheirOrder) {
  const auto sink = std::make_shared<FakeSink>();
  sink->most = 2;
  add("hook", sink);
  begin();
  write_and_release({"a", "b", "a", "a", "b"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 5; }));
  EXPECT_THAT(sink->got, ElementsAre("a1", "b2", "a3", "a4", "b5"));
  EXPECT_EQ(sink->calls.size(), 3U);
  EXPECT_TRUE(wait([&] { return journal.cursors["hook"] == 5; }));
  EXPECT_EQ(observer.counts["hook delivered"], 5U);
  EXPECT_EQ(observer.pending["hook"], 0U);
}

TEST_F(OutboxTest, NothingGoesBeforeItIsReleased) {
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink);
  begin();
  for (int i = 0; i < 5; ++i) {
    write("a");
  }
  outbox->release(2);
  ASSERT_TRUE(wait([&] { return journal.cursors["hook"] == 2; }));
  EXPECT_THAT(sink->got, ElementsAre("a1", "a2"));
  outbox->release(5);
  EXPECT_TRUE(wait([&] { return sink->got.size() == 5; }));
}

TEST_F(OutboxTest, ARestartGoesOnFromTheCursor) {
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink);
  for (int i = 0; i < 5; ++i) {
    write("a");
  }
  journal.cursors["hook"] = 3;
  begin();
  ASSERT_TRUE(wait([&] { return sink->got.size() == 2; }));
  EXPECT_THAT(sink->got, ElementsAre("a4", "a5"));
}

TEST_F(OutboxTest, WhatACrashForgotIsDeliveredAgainUnderTheSameKey) {
  times.keep_cursors = 1h;
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink);
  begin();
  write_and_release({"a", "a"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 2; }));
  outbox.reset();
  begin();
  ASSERT_TRUE(wait([&] { return sink->got.size() == 4; }));
  EXPECT_THAT(sink->got, ElementsAre("a1", "a2", "a1", "a2"));
  EXPECT_EQ(sink->ids[0], sink->ids[2]);
}

TEST_F(OutboxTest, ANewSinkBeginsWithTheNextEventEvenIfACrashComesFirst) {
  write("a");
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink);
  begin();
  EXPECT_EQ(journal.cursors.at("hook"), 1) << "journalled before anything that comes later";
  outbox.reset();
  write("a");
  begin();
  ASSERT_TRUE(wait([&] { return !sink->got.empty(); }));
  EXPECT_THAT(sink->got, ElementsAre("a2"));
}

TEST_F(OutboxTest, ASinkThatHangsDelaysNobodyElse) {
  const auto slow = std::make_shared<FakeSink>();
  slow->hangs = true;
  const auto quick = std::make_shared<FakeSink>();
  add("slow", slow);
  add("quick", quick);
  begin();
  write_and_release({"a", "b", "c"});
  EXPECT_TRUE(wait([&] { return quick->got.size() == 3; }));
  EXPECT_EQ(slow->running, 1);
}

TEST_F(OutboxTest, ASinkThatNeverWaitsLeavesRoomForOthers) {
  const auto greedy = std::make_shared<FakeSink>();
  std::size_t greedy_had = 0;
  const auto other = std::make_shared<FakeSink>([&](const auto&) {
    greedy_had = greedy_had == 0 ? greedy->got.size() : greedy_had;
    return delivered();
  });
  add("a greedy one", greedy);
  add("other", other);
  begin();
  for (int i = 0; i < 500; ++i) {
    write("a");
  }
  outbox->release(last_sequence);
  ASSERT_TRUE(wait([&] { return other->got.size() == 500; }));
  EXPECT_LT(greedy_had, 10U);
}

TEST_F(OutboxTest, WhatFailsIsTriedAgainBeforeAnythingElse) {
  const auto sink = std::make_shared<FakeSink>();
  sink->answer = [&](const auto&) { return sink->calls.size() < 3 ? retry() : delivered(); };
  add("hook", sink);
  begin();
  write_and_release({"a", "b", "a"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 3; }));
  EXPECT_THAT(sink->calls, ElementsAre(Strings{"a1"}, Strings{"a1"}, Strings{"a1"}, Strings{"b2"},
                                       Strings{"a3"}));
  EXPECT_EQ(observer.counts["hook failed"], 2U);
}

TEST_F(OutboxTest, TheReceiversWishIsGranted) {
  const auto sink = std::make_shared<FakeSink>();
  std::vector<std::chrono::steady_clock::time_point> tries;
  sink->answer = [&](const auto&) {
    tries.push_back(std::chrono::steady_clock::now());
    Receipt receipt = tries.size() == 1 ? retry() : delivered();
    receipt.retry_after = 60ms;
    return receipt;
  };
  add("hook", sink);
  begin();
  write_and_release({"a"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 1; }));
  EXPECT_GE(tries[1] - tries[0], 60ms);
}

TEST_F(OutboxTest, WhatIsRefusedIsDroppedAndCounted) {
  const auto sink = std::make_shared<FakeSink>(
      [](const event::Event& event) { return event.message == "b2" ? refused() : delivered(); });
  add("hook", sink);
  begin();
  write_and_release({"a", "b", "c"});
  ASSERT_TRUE(wait([&] { return journal.cursors["hook"] == 3; }));
  EXPECT_THAT(sink->got, ElementsAre("a1", "c3"));
  EXPECT_EQ(observer.counts["hook refused"], 1U);
  EXPECT_EQ(observer.counts["hook delivered"], 2U);
}

TEST_F(OutboxTest, ASinkThatThrowsOrGivesNoReceiptIsTriedAgain) {
  const auto sink = std::make_shared<FakeSink>();
  sink->answer = [&](const auto&) {
    if (sink->calls.size() == 1) {
      sink->running = 0;
      throw std::runtime_error("boom");
    }
    return delivered();
  };
  add("hook", sink);
  begin();
  write_and_release({"a"});
  EXPECT_TRUE(wait([&] { return sink->got.size() == 1; }));
  EXPECT_EQ(observer.counts["hook failed"], 1U);
}

TEST_F(OutboxTest, WhatIsNotForASinkPassesIt) {
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink).min_severity = config::Severity::critical;
  begin();
  write("a", config::Severity::warning);
  write("b", config::Severity::critical);
  write("c", config::Severity::info);
  outbox->release(last_sequence);
  ASSERT_TRUE(wait([&] { return journal.cursors["hook"] == 3; }));
  EXPECT_THAT(sink->got, ElementsAre("b2"));
}

TEST_F(OutboxTest, AnEventThatCanNotBeReadIsDroppedAndStopsNothing) {
  const auto sink = std::make_shared<FakeSink>();
  add("hook", sink);
  begin();
  write("a");
  journal.rows[write("b")].body = "{nonsense";
  write_and_release({"c"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 2; }));
  EXPECT_THAT(sink->got, ElementsAre("a1", "c3"));
  EXPECT_EQ(observer.counts["hook dropped"], 1U);
}

TEST_F(OutboxTest, SideBySideAnEventThatIsNotTakenHoldsUpItsOwnCheckOnly) {
  bool takes_a = false;
  const auto sink = std::make_shared<FakeSink>([&](const event::Event& event) {
    return event.check->id == "a" && !takes_a ? retry() : delivered();
  });
  sink->beside = true;
  sink->most = 3;
  add("hook", sink);
  begin();
  write_and_release({"a", "a", "b", "b", "c", "d", "e"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 5; }));
  EXPECT_THAT(sink->got, ElementsAre("b3", "c5", "b4", "d6", "e7"));
  write_and_release({"f"});
  ASSERT_TRUE(wait([&] { return sink->got.size() == 6; })) << "it does not wait for a";
  for (const Strings& call : sink->calls) {
    EXPECT_THAT(call, Not(Contains("a2")));
  }
  EXPECT_EQ(journal.cursors["hook"], 0);
  takes_a = true;
  ASSERT_TRUE(wait([&] { return journal.cursors["hook"] == 8; }));
  EXPECT_THAT(sink->got, ElementsAre("b3", "c5", "b4", "d6", "e7", "f8", "a1", "a2"));
}

TEST_F(OutboxTest, ASinkThatIsTakenAwayLeavesNothingBehind) {
  const auto sink = std::make_shared<FakeSink>();
  sink->hangs = true;
  add("hook", sink);
  const auto other = std::make_shared<FakeSink>();
  add("other", other);
  begin();
  write_and_release({"a", "b"});
  ASSERT_TRUE(wait([&] { return sink->running == 1 && other->got.size() == 2; }));
  const auto before = alerting.sinks;
  alerting.sinks.erase(alerting.sinks.begin());
  outbox->configure(alerting, "here");
  EXPECT_THAT(observer.gone, ElementsAre("hook"));
  EXPECT_FALSE(journal.cursors.contains("hook"));
  ASSERT_TRUE(wait([&] { return sink->running == 0; }));

  sink->hangs = false;
  alerting.sinks = before;
  outbox->configure(alerting, "here");
  write_and_release({"c"});
  ASSERT_TRUE(wait([&] { return !sink->got.empty() && other->got.size() == 3; }));
  EXPECT_THAT(sink->got, ElementsAre("c3"));
}

TEST_F(OutboxTest, ACursorOfASinkThatIsNotConfiguredGoes) {
  journal.cursors["former"] = 0;
  add("hook", std::make_shared<FakeSink>());
  begin();
  EXPECT_FALSE(journal.cursors.contains("former"));
  EXPECT_TRUE(journal.cursors.contains("hook"));
}

TEST_F(OutboxTest, NewSettingsAreTriedAtOnceFromTheSameCursor) {
  times.first_retry = 1h;
  times.longest_retry = 1h;
  const auto wrong = std::make_shared<FakeSink>([](const auto&) { return retry(); });
  add("hook", wrong);
  begin();
  write_and_release({"a", "b"});
  ASSERT_TRUE(wait([&] { return observer.counts["hook failed"] == 1; }));
  const auto right = std::make_shared<FakeSink>();
  alerting.sinks.front().made.events = right;
  outbox->configure(alerting, "here");
  ASSERT_TRUE(wait([&] { return right->got.size() == 2; }));
  EXPECT_THAT(right->got, ElementsAre("a1", "b2"));
  EXPECT_THAT(observer.gone, IsEmpty());
}

TEST_F(OutboxTest, StoppingTriesWhatWaitsOnceMoreAndKeepsTheCursor) {
  times.first_retry = 1h;
  times.longest_retry = 1h;
  times.keep_cursors = 1h;
  bool takes = false;
  const auto sink =
      std::make_shared<FakeSink>([&](const auto&) { return takes ? delivered() : retry(); });
  add("hook", sink);
  const auto dead = std::make_shared<FakeSink>([](const auto&) { return retry(); });
  add("dead", dead);
  begin();
  write_and_release({"a", "b"});
  ASSERT_TRUE(wait(
      [&] { return observer.counts["hook failed"] == 1 && observer.counts["dead failed"] == 1; }));
  takes = true;
  ASSERT_TRUE(stop(5s));
  EXPECT_THAT(sink->got, ElementsAre("a1", "b2"));
  EXPECT_EQ(journal.cursors["hook"], 2);
  EXPECT_EQ(dead->calls.size(), 2U);
  EXPECT_EQ(journal.cursors["dead"], 0);
}

TEST_F(OutboxTest, StoppingEndsADeliveryThatHangs) {
  const auto sink = std::make_shared<FakeSink>();
  sink->hangs = true;
  add("hook", sink);
  begin();
  write_and_release({"a"});
  ASSERT_TRUE(wait([&] { return sink->running == 1; }));
  EXPECT_TRUE(stop(20ms));
  EXPECT_EQ(sink->running, 0);
  EXPECT_EQ(journal.cursors["hook"], 0);
}

TEST_F(OutboxTest, ADiskThatDoesNotAnswerDelaysOnlyThoseWhoNeedIt) {
  const auto behind = std::make_shared<FakeSink>();
  const auto current = std::make_shared<FakeSink>();
  add("behind", behind);
  add("current", current);
  write("a");
  write("b");
  journal.cursors = {{"behind", 0}, {"current", last_sequence}};
  journal.on_disk = last_sequence;
  begin();
  write_and_release({"c"});
  EXPECT_TRUE(wait([&] { return current->got.size() == 1 && !journal.fetches.empty(); }));
  EXPECT_THAT(behind->got, IsEmpty());
  journal.answer_fetches();
  EXPECT_TRUE(wait([&] { return behind->got.size() == 3; }));
  EXPECT_THAT(behind->got, ElementsAre("a1", "b2", "c3"));
}

TEST_F(OutboxTest, StoppingDoesNotWaitForADiskThatDoesNotAnswer) {
  const auto behind = std::make_shared<FakeSink>();
  add("behind", behind);
  write("a");
  journal.cursors = {{"behind", 0}};
  journal.on_disk = last_sequence;
  begin();
  EXPECT_TRUE(wait([&] { return !journal.fetches.empty(); }));
  EXPECT_TRUE(stop(30ms));
  journal.answer_fetches();  // too late; nobody is there any more
  lab.context.restart();
  lab.context.poll();
  EXPECT_THAT(behind->got, IsEmpty());
}

TEST_F(OutboxTest, AnOutboxWithoutSinksStops) {
  begin();
  EXPECT_TRUE(stop(5s));
}

TEST_F(OutboxTest, AStormCostsFewWritesOfTheCursors) {
  times.keep_cursors = 50ms;
  for (const char* name : {"one", "two", "three"}) {
    add(name, std::make_shared<FakeSink>());
  }
  begin();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) {
    write_and_release({"a"});
    const auto sequence = static_cast<std::uint64_t>(last_sequence);
    ASSERT_TRUE(wait([&] { return observer.counts["three delivered"] == sequence; }));
  }
  ASSERT_TRUE(wait([&] { return journal.cursors["one"] == last_sequence; }));
  const auto slots = (std::chrono::steady_clock::now() - began) / 50ms;
  EXPECT_LE(journal.writes, slots + 2);
}

}  // namespace
}  // namespace reachd::alert
