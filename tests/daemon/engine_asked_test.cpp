#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/daemon/engine_fixture.hpp"

// What the engine does for whoever raises alerts: looks at a check when asked, shows what holds
// alerts back, and goes on from what was remembered.
namespace reachd::engine {
namespace {

using namespace std::chrono_literals;
using test::EngineTest;
using test::FakeProbe;
using test::PlanMaker;
using ::testing::ElementsAre;

TEST_F(EngineTest, WhatIsAskedForIsProbedAtOnceAndSettles) {
  const auto probe = FakeProbe::ending_with(Reason::ok);
  maker.add("a", "127.0.0.1", probe);
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::up));
  engine->look_now({"a", "nobody"});
  ASSERT_TRUE(recorder.wait([&] { return !recorder.settled().empty(); }));
  EXPECT_EQ(probe->runs, 2) << "the next one on schedule is an hour away";
  EXPECT_THAT(recorder.settled(), ElementsAre(std::pair("a", Verdict::up)));
}

TEST_F(EngineTest, WhatIsAskedForSettlesOnceItsFailureIsConfirmed) {
  std::atomic<bool> answers = true;
  const auto probe = std::make_shared<FakeProbe>(
      [&](const auto&) { return answers ? Reason::ok : Reason::refused; });
  maker.add("a", "127.0.0.1", probe);
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::up));
  answers = false;
  engine->look_now({"a"});
  ASSERT_TRUE(recorder.wait([&] { return !recorder.settled().empty(); }));
  EXPECT_EQ(probe->runs, 4);
  EXPECT_THAT(recorder.settled(), ElementsAre(std::pair("a", Verdict::down)));
}

TEST_F(EngineTest, NobodyHearsOfChecksThatNobodyAskedFor) {
  maker.timing.interval = 2ms;
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::ok));
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return recorder.probes() >= 10; }));
  EXPECT_THAT(recorder.settled(), ElementsAre());
}

TEST_F(EngineTest, AProbeInFlightIsTakenAsItIs) {
  const auto probe = FakeProbe::taking(30ms);
  maker.add("a", "127.0.0.1", probe);
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return probe->running == 1; }));
  engine->look_now({"a"});
  ASSERT_TRUE(recorder.wait([&] { return !recorder.settled().empty(); }));
  EXPECT_EQ(probe->runs, 1);
}

TEST_F(EngineTest, WhatIsBeingConfirmedKeepsItsPaceWhenAskedFor) {
  maker.timing.confirm_interval = 50ms;
  maker.timing.down_after = 2;
  const auto probe = FakeProbe::ending_with(Reason::refused);
  maker.add("a", "127.0.0.1", probe);
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return recorder.probes() == 1; }));
  const auto first = std::chrono::steady_clock::now();
  engine->look_now({"a"});
  ASSERT_TRUE(recorder.wait([&] { return !recorder.settled().empty(); }));
  EXPECT_GE(std::chrono::steady_clock::now() - first, 30ms);
  EXPECT_EQ(probe->runs, 2);
}

TEST_F(EngineTest, WhatIsAskedForKeepsTheGapOfItsHost) {
  maker.timing.per_host = 1;
  const auto probe = FakeProbe::taking(3ms);
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back("check-" + std::to_string(i));
    maker.add(ids.back(), "127.0.0.1", probe);
  }
  begin(maker, {.loops = 3});
  ASSERT_TRUE(recorder.wait([&] { return recorder.probes() == 5; }));
  engine->look_now(ids);
  ASSERT_TRUE(recorder.wait([&] { return recorder.settled().size() == 5; }));
  EXPECT_EQ(probe->most_running, 1);
  EXPECT_EQ(probe->runs, 10);
}

TEST_F(EngineTest, WhatIsNeverProbedHasSettledAlready) {
  const auto check = maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::ok));
  maker.plan.checks[check].gate = config::Gate{
      .kind = config::Gate::Kind::never, .group = 0, .why = "it answers its appliance only"};
  begin(maker);
  engine->look_now({"a"});
  ASSERT_TRUE(recorder.wait([&] { return !recorder.settled().empty(); }));
  EXPECT_THAT(recorder.settled(), ElementsAre(std::pair("a", Verdict::unknown)));
}

TEST_F(EngineTest, WhatWasAskedForIsLookedAtAfterAReload) {
  const auto probe = FakeProbe::hanging();
  maker.add("a", "127.0.0.1", probe, 0);
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return probe->running == 1; }));
  engine->look_now({"a"});
  PlanMaker next;
  // Of another probe, whose phase lies far away in the hour.
  next.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::ok), 0x1234567);
  engine->apply(next.share());
  ASSERT_TRUE(recorder.wait([&] { return !recorder.settled().empty(); }));
  EXPECT_THAT(recorder.settled(), ElementsAre(std::pair("a", Verdict::up)));
}

TEST_F(EngineTest, MarksAreOnTheBoardAndStayThroughReloads) {
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::ok));
  const auto idle = maker.add("idle", "127.0.0.2", FakeProbe::ending_with(Reason::ok));
  maker.plan.checks[idle].gate =
      config::Gate{.kind = config::Gate::Kind::never, .group = 0, .why = "never"};
  begin(maker, {.loops = 2});
  const Modifiers marked{.maintenance = true};
  engine->mark({{"a", marked}, {"idle", marked}, {"nobody", marked}});
  engine->apply(maker.share());
  EXPECT_EQ(status("a").modifiers, marked);
  EXPECT_EQ(status("idle").modifiers, marked);
  engine->mark({{"a", {}}});
  EXPECT_TRUE(recorder.wait([&] { return status("a").modifiers == Modifiers(); }));
}

TEST_F(EngineTest, WhatIsSaidOfAPlanThatIsNotHereYetWaitsForIt) {
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::ok), 0x1234567);
  engine = make_engine({.loops = 2}, resolver, trust, system_clock(), recorder);
  const Modifiers marked{.maintenance = true};
  engine->mark({{"a", marked}, {"b", marked}});
  engine->look_now({"a", "b"});
  engine->apply(maker.share());
  EXPECT_EQ(status("a").modifiers, marked);
  ASSERT_TRUE(recorder.wait([&] { return !recorder.settled().empty(); }));

  PlanMaker next;
  next.add("b", "127.0.0.2", FakeProbe::ending_with(Reason::ok));
  engine->apply(next.share());
  EXPECT_EQ(status("b").modifiers, Modifiers()) << "it waited for one plan only";
  ASSERT_TRUE(wait_for_verdict("b", Verdict::up));
  EXPECT_THAT(recorder.settled(), ElementsAre(std::pair("a", Verdict::up)));
}

TEST_F(EngineTest, AnotherTargetUnderTheSameIdKeepsItsMarkAndIsStillAskedFor) {
  maker.add("a", "127.0.0.1", FakeProbe::hanging());
  begin(maker);
  const Modifiers marked{.flapping = true};
  engine->mark({{"a", marked}});
  engine->look_now({"a"});
  PlanMaker next;
  next.add("a", "127.0.0.2", FakeProbe::ending_with(Reason::ok), 0x1234567);
  engine->apply(next.share());
  EXPECT_EQ(status("a").modifiers, marked);
  ASSERT_TRUE(recorder.wait([&] { return !recorder.settled().empty(); }));
  EXPECT_THAT(recorder.settled(), ElementsAre(std::pair("a", Verdict::up)));
}

class RememberTest : public EngineTest {
 protected:
  EngineOptions remembering(Verdict verdict) const {
    return {.remember = [this, verdict](std::string_view check) -> std::optional<Memory> {
      if (check != "a") {
        return std::nullopt;
      }
      return Memory{.verdict = verdict, .since = since, .has_been_up = true};
    }};
  }
  const WallTime since = system_clock().wall_now() - 5h;
};

TEST_F(RememberTest, AVerdictThatIsAsBeforeBeganBefore) {
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::refused));
  maker.add("b", "127.0.0.2", FakeProbe::ending_with(Reason::refused));
  begin(maker, remembering(Verdict::down));
  ASSERT_TRUE(wait_for_verdict("a", Verdict::down));
  ASSERT_TRUE(wait_for_verdict("b", Verdict::down));
  EXPECT_EQ(status("a").last_change, since);
  EXPECT_TRUE(status("a").has_been_up);
  EXPECT_GT(status("b").last_change, since + 4h);
  EXPECT_FALSE(status("b").has_been_up);
}

TEST_F(RememberTest, AVerdictThatIsAnotherBeganNow) {
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::ok));
  begin(maker, remembering(Verdict::down));
  ASSERT_TRUE(wait_for_verdict("a", Verdict::up));
  EXPECT_GT(status("a").last_change, since + 4h);
}

TEST_F(RememberTest, OnlyTheFirstVerdictGoesOn) {
  const auto probe = FakeProbe::ending_with(Reason::ok);
  maker.timing.interval = 3ms;
  maker.timing.down_after = 1;
  maker.timing.up_after = 1;
  maker.add("a", "127.0.0.1", probe);
  begin(maker, remembering(Verdict::up));
  ASSERT_TRUE(wait_for_verdict("a", Verdict::up));
  EXPECT_EQ(status("a").last_change, since);
  probe->says = Reason::refused;
  ASSERT_TRUE(wait_for_verdict("a", Verdict::down));
  probe->says = Reason::ok;
  ASSERT_TRUE(wait_for_verdict("a", Verdict::up));
  EXPECT_GT(status("a").last_change, since + 4h);
}

TEST_F(RememberTest, SilenceMeansSomethingOfWhatHasBeenUpBefore) {
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::no_reply));
  maker.add("b", "127.0.0.2", FakeProbe::ending_with(Reason::no_reply));
  begin(maker, remembering(Verdict::down));
  EXPECT_TRUE(wait_for_verdict("a", Verdict::down));
  EXPECT_EQ(status("b").verdict, Verdict::unknown);
}

TEST_F(RememberTest, NothingIsKnownOfAnotherTargetUnderTheSameId) {
  maker.add("a", "127.0.0.1", FakeProbe::hanging());
  begin(maker, remembering(Verdict::down));
  EXPECT_TRUE(status("a").has_been_up);
  PlanMaker next;
  next.add("a", "127.0.0.2", FakeProbe::hanging());
  engine->apply(next.share());
  EXPECT_FALSE(status("a").has_been_up);
}

}  // namespace
}  // namespace reachd::engine
