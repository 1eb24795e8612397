#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/outbox_fakes.hpp"

// State sinks are told what the alerts are, not what happened.
namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using test::delivered;
using test::FakeStateSink;
using test::OutboxTest;
using test::refused;
using test::retry;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

event::Alert open_alert(const std::string& key) {
  event::Alert alert;
  alert.key = key;
  alert.severity = config::Severity::critical;
  alert.vantage = "here";
  alert.since = system_clock().wall_now();
  return alert;
}

event::Alert ended_alert(const std::string& key) {
  event::Alert alert = open_alert(key);
  alert.ended = system_clock().wall_now();
  return alert;
}

class StateTest : public OutboxTest {
 protected:
  void change(const std::vector<event::Alert>& changed,
              const std::vector<std::string>& gone = {}) const {
    outbox->alerts_changed(changed, gone);
  }

  std::shared_ptr<FakeStateSink> sink = std::make_shared<FakeStateSink>();
};

TEST_F(StateTest, AChangeIsToldAtOnce) {
  add("am", {sink});
  begin();
  change({open_alert("a")});
  ASSERT_TRUE(wait([&] { return sink->calls.size() == 1; }));
  change({ended_alert("a"), open_alert("b")});
  ASSERT_TRUE(wait([&] { return sink->calls.size() == 2; }));
  EXPECT_THAT(sink->keys(0), ElementsAre("a"));
  EXPECT_THAT(sink->keys(1), ElementsAre("-a", "b"));
  EXPECT_TRUE(wait([&] { return observer.counts["am delivered"] == 3; }));
}

TEST_F(StateTest, EverythingIsToldAgainAtEachResendUntilItIsGone) {
  alerting.resend = 15ms;
  add("am", {sink});
  begin();
  change({open_alert("a"), ended_alert("b")});
  ASSERT_TRUE(wait([&] { return sink->calls.size() >= 4; }));
  for (std::size_t call = 0; call < 4; ++call) {
    EXPECT_THAT(sink->keys(call), ElementsAre("a", "-b"));
  }
  change({}, {"b"});
  const std::size_t before = sink->calls.size();
  ASSERT_TRUE(wait([&] { return sink->calls.size() > before; }));
  EXPECT_THAT(sink->keys(before), ElementsAre("a"));
}

TEST_F(StateTest, ABatchHoldsAtMostWhatTheReceiverTakes) {
  add("am", {sink});
  begin();
  std::vector<event::Alert> alerts;
  alerts.reserve(600);
  for (int i = 0; i < 600; ++i) {
    alerts.push_back(open_alert("alert-" + std::to_string(i)));
  }
  change(alerts);
  ASSERT_TRUE(wait([&] { return observer.counts["am delivered"] == 600; }));
  ASSERT_EQ(sink->calls.size(), 3U);
  EXPECT_EQ(sink->calls[0].size(), StateSink::kMostAlerts);
  EXPECT_EQ(sink->calls[1].size(), StateSink::kMostAlerts);
  EXPECT_EQ(sink->calls[2].size(), 88U);
  EXPECT_EQ(sink->calls[2].back().key, "alert-599");
}

TEST_F(StateTest, WhatFailedIsToldAgainAsItIsByThen) {
  bool takes = false;
  sink->answer = [&](const auto&) { return takes ? delivered() : retry(); };
  add("am", {sink});
  begin();
  change({open_alert("a"), open_alert("b")});
  ASSERT_TRUE(wait([&] { return observer.counts["am failed"] >= 2; }));
  EXPECT_EQ(observer.pending["am"], 2U);
  takes = true;
  change({ended_alert("a"), open_alert("c")});
  ASSERT_TRUE(wait([&] { return observer.counts["am delivered"] == 3; }));
  EXPECT_THAT(sink->keys(sink->calls.size() - 1), ElementsAre("-a", "b", "c"));
  EXPECT_TRUE(wait([&] { return observer.pending["am"] == 0; }));
}

TEST_F(StateTest, OfABatchOnlyWhatIsNotSettledIsToldAgain) {
  sink->answer = [&](const auto&) {
    Receipt receipt = sink->calls.size() == 1 ? retry() : delivered();
    if (sink->calls.size() == 1) {
      receipt.left = {1, 3};
    }
    return receipt;
  };
  add("am", {sink});
  begin();
  change({open_alert("a"), open_alert("b"), open_alert("c"), open_alert("d")});
  ASSERT_TRUE(wait([&] { return observer.counts["am delivered"] == 4; }));
  EXPECT_THAT(sink->keys(0), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(sink->keys(1), ElementsAre("b", "d"));
  EXPECT_EQ(observer.counts["am failed"], 1U);
}

TEST_F(StateTest, WhatIsRefusedWaitsForTheResend) {
  sink->answer = [&](const auto&) { return sink->calls.size() == 1 ? refused() : delivered(); };
  alerting.resend = 60ms;
  add("am", {sink});
  begin();
  ASSERT_TRUE(wait([&] { return observer.pending.contains("am"); }));
  const auto began = std::chrono::steady_clock::now();
  change({open_alert("a")});
  ASSERT_TRUE(wait([&] { return sink->calls.size() == 2; }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 40ms);
  EXPECT_EQ(observer.counts["am refused"], 1U);
}

TEST_F(StateTest, AnInstanceThatHangsDelaysNoOther) {
  const auto dead = std::make_shared<FakeStateSink>();
  dead->hangs = true;
  add("am", {dead, sink});
  begin();
  change({open_alert("a")});
  ASSERT_TRUE(wait([&] { return sink->calls.size() == 1 && dead->calls.size() == 1; }));
  change({ended_alert("a")});
  ASSERT_TRUE(wait([&] { return sink->calls.size() == 2; }));
  EXPECT_THAT(sink->keys(1), ElementsAre("-a"));
  EXPECT_EQ(dead->calls.size(), 1U);
  EXPECT_TRUE(wait([&] { return observer.pending["am"] == 1; }));
}

TEST_F(StateTest, WhatAFailingInstanceHasNotHeardOfDoesNotWaitLong) {
  times.first_retry = 1h;
  alerting.resend = 1h;
  bool takes = false;
  sink->answer = [&](const auto&) { return takes ? delivered() : retry(); };
  add("am", {sink});
  begin();
  change({open_alert("a")});
  ASSERT_TRUE(wait([&] { return observer.counts["am failed"] == 1; }));
  takes = true;
  change({open_alert("b")});
  ASSERT_TRUE(wait([&] { return observer.counts["am delivered"] == 2; }));
  EXPECT_THAT(sink->keys(1), ElementsAre("a", "b"));
}

TEST_F(StateTest, WhatIsNotForASinkIsNotTold) {
  add("am", {sink}).min_severity = config::Severity::critical;
  begin();
  event::Alert warning = open_alert("a");
  warning.severity = config::Severity::warning;
  change({warning, open_alert("b")});
  ASSERT_TRUE(wait([&] { return sink->calls.size() == 1; }));
  EXPECT_THAT(sink->keys(0), ElementsAre("b"));
}

TEST_F(StateTest, AnInstanceThatComesLaterIsToldEverything) {
  add("am", {sink});
  begin();
  change({open_alert("a"), open_alert("b")});
  ASSERT_TRUE(wait([&] { return sink->calls.size() == 1; }));
  const auto later = std::make_shared<FakeStateSink>();
  alerting.sinks.front().made.states = {later};
  outbox->configure(alerting, "here");
  ASSERT_TRUE(wait([&] { return later->calls.size() == 1; }));
  EXPECT_THAT(later->keys(0), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(sink->calls.size(), 1U);
}

TEST_F(StateTest, StoppingTellsWhatChangedOnceMore) {
  times.first_retry = 1h;
  times.fresh_gap = 1h;
  bool takes = false;
  sink->answer = [&](const auto&) { return takes ? delivered() : retry(); };
  add("am", {sink});
  begin();
  change({open_alert("a")});
  ASSERT_TRUE(wait([&] { return observer.counts["am failed"] == 1; }));
  takes = true;
  ASSERT_TRUE(stop(5s));
  EXPECT_THAT(sink->keys(1), ElementsAre("a"));
}

}  // namespace
}  // namespace reachd::alert
