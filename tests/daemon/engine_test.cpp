#include "daemon/engine/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/engine/verdict.hpp"
#include "probes/net/trust.hpp"
#include "tests/daemon/engine_fixture.hpp"

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;
using test::EngineTest;
using test::FakeProbe;
using test::PlanMaker;
using test::Recorder;
using ::testing::ElementsAre;

TEST_F(EngineTest, TheFirstSuccessIsOnTheBoard) {
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::ok));
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::up));
  const CheckStatus now = status("a");
  EXPECT_TRUE(now.observed);
  EXPECT_TRUE(now.has_been_up);
  EXPECT_EQ(now.probes, 1U);
  EXPECT_EQ(now.failures, 0U);
  ASSERT_TRUE(now.last);
  ASSERT_EQ(now.last->attempts.size(), 1U);
  EXPECT_EQ(now.last->attempts[0].endpoint->to_string(), "127.0.0.1:7");
  EXPECT_NE(now.last->attempts[0].time, WallTime());
  EXPECT_EQ(now.why, "");
}

TEST_F(EngineTest, ADownIsConfirmedQuickly) {
  const auto probe = FakeProbe::ending_with(Reason::refused);
  maker.add("a", "127.0.0.1", probe);
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::down));
  EXPECT_EQ(probe->runs, 3);
  ASSERT_TRUE(recorder.wait([&] { return !recorder.changes().empty(); }));
  EXPECT_THAT(recorder.changes(),
              ElementsAre(Recorder::Change{"a", Verdict::unknown, Verdict::down}));
  const CheckStatus now = status("a");
  EXPECT_EQ(now.failures, 3U);
  EXPECT_THAT(now.results, ElementsAre(std::pair(Reason::refused, std::uint64_t{3})));
}

TEST_F(EngineTest, LocalFaultsGiveNoVerdict) {
  maker.timing.interval = 5ms;
  const auto probe = FakeProbe::ending_with(Reason::local_descriptors);
  maker.add("a", "127.0.0.1", probe);
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return probe->runs >= 10; }));
  EXPECT_EQ(status("a").verdict, Verdict::unknown);
  EXPECT_THAT(recorder.changes(), ElementsAre());
  EXPECT_GE(recorder.skips(Skip::descriptors), 5U);
}

TEST_F(EngineTest, TwoChecksShareOneProbe) {
  const auto probe = FakeProbe::ending_with(Reason::ok);
  const auto first = maker.add("a", "127.0.0.1", probe);
  maker.add_check("b", maker.plan.checks[first].probe);
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::up));
  ASSERT_TRUE(wait_for_verdict("b", Verdict::up));
  EXPECT_EQ(probe->runs, 1);
}

TEST_F(EngineTest, AnExceptionInAProbeIsALocalError) {
  maker.add("a", "127.0.0.1", std::make_shared<FakeProbe>([](const ProbeRun&) -> Reason {
              throw std::runtime_error("boom");
            }));
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return status("a").probes > 0; }));
  EXPECT_EQ(status("a").last->reason, Reason::local_error);
}

TEST_F(EngineTest, StoppingEndsWhateverIsInFlight) {
  std::vector<std::shared_ptr<FakeProbe>> probes;
  for (int i = 0; i < 200; ++i) {
    probes.push_back(FakeProbe::hanging());
    maker.add("check-" + std::to_string(i), "127.0.1." + std::to_string(i), probes.back());
  }
  maker.add("unresolved", "dead", FakeProbe::hanging());
  maker.timing.per_host = 1;
  maker.add("waiting", "127.0.1.1", FakeProbe::hanging());
  begin(maker, {.loops = 2, .concurrency = 150});
  ASSERT_TRUE(recorder.wait([&] { return engine->in_flight() >= 100; }));
  const auto began = std::chrono::steady_clock::now();
  engine->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  int stopped = 0;
  for (const auto& probe : probes) {
    EXPECT_EQ(probe->running, 0);
    stopped += probe->stopped;
  }
  EXPECT_GE(stopped, 100);
  EXPECT_EQ(recorder.probes(), 0);
}

TEST_F(EngineTest, NoMoreThanTheConcurrencyIsInFlight) {
  const auto probe = FakeProbe::taking(2ms);
  for (int i = 0; i < 100; ++i) {
    maker.add("check-" + std::to_string(i), "127.0.1." + std::to_string(i), probe);
  }
  begin(maker, {.loops = 1, .concurrency = 7});
  ASSERT_TRUE(recorder.wait([&] { return probe->runs == 100; }));
  EXPECT_LE(probe->most_running, 7);
  EXPECT_GE(probe->most_running, 2);
}

TEST_F(EngineTest, NamesOfOneAddressShareItsLimit) {
  resolver.names["one"] = {IpAddress::v4(0x7f000001)};
  resolver.names["two"] = {IpAddress::v4(0x7f000001)};
  maker.timing.per_host = 1;
  const auto probe = FakeProbe::taking(5ms);
  for (int i = 0; i < 6; ++i) {
    maker.add("check-" + std::to_string(i), i % 2 == 0 ? "one" : "two", probe);
  }
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return recorder.probes() == 6; }));
  EXPECT_EQ(probe->most_running, 1);
}

TEST_F(EngineTest, StartsAtAHostKeepTheirGap) {
  maker.timing.per_host_gap = 30ms;
  const auto starts = std::make_shared<std::vector<TimePoint>>();
  const auto probe = std::make_shared<FakeProbe>([starts](const ProbeRun& run) {
    starts->push_back(run.progress.clock().steady_now());
    return Reason::ok;
  });
  for (int i = 0; i < 3; ++i) {
    maker.add("check-" + std::to_string(i), "127.0.0.1", probe);
  }
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return recorder.probes() == 3; }));
  engine->stop();
  ASSERT_EQ(starts->size(), 3U);
  EXPECT_GE(starts->at(1) - starts->at(0), 29ms);
  EXPECT_GE(starts->at(2) - starts->at(1), 29ms);
}

TEST_F(EngineTest, ADeadResolverDelaysNobodyElse) {
  for (int i = 0; i < 50; ++i) {
    maker.add("dead-" + std::to_string(i), "dead", FakeProbe::ending_with(Reason::ok));
  }
  maker.add("live", "127.0.0.1", FakeProbe::ending_with(Reason::ok));
  begin(maker, {.loops = 1, .concurrency = 2});
  EXPECT_TRUE(wait_for_verdict("live", Verdict::up));
}

TEST_F(EngineTest, ResolvingAndProbingShareOneTimeLimit) {
  maker.timing.timeout = 20ms;
  maker.timing.down_after = 1;
  maker.add("a", "dead", FakeProbe::ending_with(Reason::ok));
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::down));
  const auto outcome = status("a").last;
  EXPECT_EQ(outcome->reason, Reason::dns_timeout);
  EXPECT_EQ(outcome->phase, Phase::resolve);
  EXPECT_GE(outcome->timings[Phase::resolve], 20ms);
}

TEST_F(EngineTest, SomeFailingAddressesAreDegraded) {
  resolver.names["name"] = {IpAddress::v4(0x7f000001), IpAddress::v4(0x7f000002)};
  maker.add("a", "name", std::make_shared<FakeProbe>([](const ProbeRun& run) {
              return run.endpoint->address.v4_number() == 0x7f000002 ? Reason::refused : Reason::ok;
            }));
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::degraded));
  EXPECT_EQ(status("a").last->attempts.size(), 2U);
  EXPECT_TRUE(status("a").has_been_up);
}

TEST_F(EngineTest, AReloadKeepsWhatStaysAndForgetsWhatGoes) {
  const auto hanging = FakeProbe::hanging();
  const auto removed = FakeProbe::hanging();
  maker.add("up", "127.0.0.1", FakeProbe::ending_with(Reason::ok), 0);
  maker.timing.interval = 5ms;
  maker.add("gone", "127.0.0.2", FakeProbe::ending_with(Reason::ok), 1);
  maker.add("hanging", "127.0.0.3", hanging, 2);
  maker.add("removed", "127.0.0.4", removed, 3);
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("up", Verdict::up));
  ASSERT_TRUE(wait_for_verdict("gone", Verdict::up));
  ASSERT_TRUE(recorder.wait([&] { return hanging->running == 1 && removed->running == 1; }));

  PlanMaker next;
  next.add("up", "127.0.0.1", FakeProbe::ending_with(Reason::refused), 0);
  next.timing.interval = 5ms;
  next.add("new", "127.0.0.9", FakeProbe::ending_with(Reason::ok), 9);
  next.add("hanging", "127.0.0.3", hanging, 2);
  engine->apply(next.share());

  EXPECT_EQ(status("up").verdict, Verdict::up);
  EXPECT_EQ(status("up").probes, 1U);
  EXPECT_FALSE(engine->board()->find("gone"));
  EXPECT_FALSE(engine->board()->find("removed"));
  EXPECT_TRUE(wait_for_verdict("new", Verdict::up));
  EXPECT_TRUE(recorder.wait([&] { return removed->stopped == 1; }));
  EXPECT_EQ(hanging->running, 1) << "what stays in the plan stays in flight";
  EXPECT_EQ(hanging->runs, 1);
  EXPECT_EQ(status("up").probes, 1U) << "it is not due for an hour";
}

TEST_F(EngineTest, WhatWasFoundOfAnotherTargetIsForgotten) {
  maker.timing.down_after = 1;
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::refused), 0);
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::down));

  PlanMaker next;
  next.add("a", "127.0.0.2", FakeProbe::hanging(), 1);
  engine->apply(next.share());
  EXPECT_EQ(status("a").verdict, Verdict::unknown);
  EXPECT_EQ(status("a").failures, 0U);
  EXPECT_FALSE(status("a").last);
}

TEST_F(EngineTest, ADeviceCountsOnceItHasAnswered) {
  maker.timing.interval = 5ms;
  maker.timing.down_after = 1;
  const auto closed = maker.add("closed", "127.0.0.1", FakeProbe::ending_with(Reason::refused));
  const auto other_port = FakeProbe::ending_with(Reason::timeout);
  const auto open = maker.add("open", "127.0.0.2", other_port);
  maker.plan.groups.push_back({.name = "member", .checks = {closed, open}});
  for (const auto check : {closed, open}) {
    maker.plan.checks[check].gate =
        config::Gate{.kind = config::Gate::Kind::device_answered, .group = 0, .why = {}};
  }
  maker.spec(open).key = 1;
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return status("closed").probes > 5; }));
  EXPECT_EQ(status("closed").verdict, Verdict::unknown);
  EXPECT_NE(status("closed").why, "");
  other_port->says = Reason::ok;
  EXPECT_TRUE(wait_for_verdict("open", Verdict::up));
  EXPECT_TRUE(wait_for_verdict("closed", Verdict::down));
}

TEST_F(EngineTest, WithoutAPingADiscoveryIsUnknown) {
  maker.timing.interval = 5ms;
  maker.timing.down_after = 1;
  const auto ping = maker.add("ping", "127.0.0.1", FakeProbe::ending_with(Reason::timeout));
  const auto port = maker.add("port", "127.0.0.2", FakeProbe::ending_with(Reason::timeout), 1);
  maker.plan.groups.push_back({.name = "discovery", .checks = {ping}});
  maker.plan.checks[port].gate =
      config::Gate{.kind = config::Gate::Kind::ping_answers, .group = 0, .why = {}};
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("ping", Verdict::down));
  ASSERT_TRUE(recorder.wait([&] { return status("port").probes > 3; }));
  EXPECT_EQ(status("port").verdict, Verdict::unknown);
}

TEST_F(EngineTest, APingThatFailedOnOurSideIsNotSaidToBeUnanswered) {
  maker.timing.interval = 5ms;
  const auto ping =
      maker.add("ping", "127.0.0.1", FakeProbe::ending_with(Reason::local_permission));
  maker.plan.groups.push_back({.name = "discovery", .checks = {ping}});
  maker.plan.checks[ping].gate =
      config::Gate{.kind = config::Gate::Kind::ping_answers, .group = 0, .why = {}};
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return status("ping").probes > 0; }));
  EXPECT_EQ(status("ping").verdict, Verdict::unknown);
  EXPECT_EQ(status("ping").why, kNoProof);
}

TEST_F(EngineTest, WhatNeverCountsIsNotProbed) {
  const auto probe = FakeProbe::ending_with(Reason::ok);
  const auto check = maker.add("a", "127.0.0.1", probe);
  maker.plan.checks[check].gate = config::Gate{
      .kind = config::Gate::Kind::never, .group = 0, .why = "it answers its appliance only"};
  maker.add("b", "127.0.0.2", FakeProbe::ending_with(Reason::ok));
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("b", Verdict::up));
  EXPECT_EQ(probe->runs, 0);
  EXPECT_EQ(status("a").why, "it answers its appliance only");
}

TEST_F(EngineTest, ALightProbeServesBetweenFullOnes) {
  maker.timing.interval = 3ms;
  maker.timing.handshake_every = 1h;
  const auto full = FakeProbe::ending_with(Reason::ok);
  const auto light = FakeProbe::ending_with(Reason::ok);
  const auto check = maker.add("a", "127.0.0.1", full);
  maker.spec(check).light = light;
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return light->runs >= 5; }));
  EXPECT_EQ(full->runs, 1);
}

TEST_F(EngineTest, WhatAFullProbeFoundWrongALightOneCanNotPutRight) {
  maker.timing.interval = 3ms;
  maker.timing.handshake_every = 1h;
  const auto full = FakeProbe::ending_with(Reason::tls_name);
  const auto light = FakeProbe::ending_with(Reason::ok);
  const auto check = maker.add("a", "127.0.0.1", full);
  maker.spec(check).light = light;
  begin(maker);
  ASSERT_TRUE(wait_for_verdict("a", Verdict::down));
  ASSERT_TRUE(recorder.wait([&] { return full->runs >= 5; }));
  EXPECT_EQ(light->runs, 0);
}

TEST_F(EngineTest, AFullProbeThatFailedOnOurSideIsMadeUpFor) {
  maker.timing.interval = 3ms;
  maker.timing.handshake_every = 20ms;
  // The second one, after the first was good.
  const auto full = std::make_shared<FakeProbe>([runs = 0](const ProbeRun&) mutable {
    return ++runs == 2 ? Reason::local_descriptors : Reason::ok;
  });
  // Only the first full run turns to light ones; after the fault the next is a full one again.
  const auto light_at_fault = std::make_shared<std::atomic<int>>(0);
  const auto light = std::make_shared<FakeProbe>([full, light_at_fault](const ProbeRun&) {
    if (full->runs == 2) {
      ++*light_at_fault;
    }
    return Reason::ok;
  });
  const auto check = maker.add("a", "127.0.0.1", full);
  maker.spec(check).light = light;
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return full->runs >= 3; }));
  EXPECT_EQ(*light_at_fault, 0);
}

TEST_F(EngineTest, ACheckThatLooksRarelyDoesNotSlowDownTheProbeItShares) {
  maker.timing.interval = 3ms;
  maker.timing.down_after = 1;
  const auto probe = FakeProbe::ending_with(Reason::refused);
  const auto often = maker.add("often", "127.0.0.1", probe);
  maker.timing.down_after = 1000;
  maker.timing.interval = 1h;
  maker.timing.confirm_interval = 1h;
  const auto rarely = maker.add("rarely", "127.0.0.2", probe);
  maker.plan.checks[rarely].probe = maker.plan.checks[often].probe;
  maker.plan.probes.pop_back();
  begin(maker);
  EXPECT_TRUE(recorder.wait([&] { return probe->runs >= 5; }));
}

TEST_F(EngineTest, AProbeNeverOverlapsItself) {
  maker.timing.interval = 2ms;
  maker.timing.per_host = 100;
  const auto probe = FakeProbe::taking(11ms);
  maker.add("a", "127.0.0.1", probe);
  begin(maker);
  ASSERT_TRUE(recorder.wait([&] { return recorder.probes() >= 5; }));
  EXPECT_EQ(probe->most_running, 1);
  EXPECT_GE(recorder.skips(Skip::overlap), 5U);
}

TEST_F(EngineTest, ManyLoopsShareTheWorkThroughReloads) {
  maker.timing.interval = 2ms;
  for (int i = 0; i < 60; ++i) {
    maker.add("check-" + std::to_string(i), "127.0.1." + std::to_string(i),
              FakeProbe::ending_with(Reason::ok), static_cast<std::uint64_t>(i));
  }
  begin(maker, {.loops = 3});
  for (int reload = 0; reload < 5; ++reload) {
    const int before = recorder.probes();
    ASSERT_TRUE(recorder.wait([&] { return recorder.probes() > before + 50; }));
    engine->apply(maker.share());
  }
  EXPECT_GT(status("check-0").probes, 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - engine->last_progress(), 5s);
}

TEST_F(EngineTest, ALoopWithNothingToDoStillMoves) {
  begin(PlanMaker());
  const TimePoint before = engine->last_progress();
  EXPECT_TRUE(recorder.wait([&] { return engine->last_progress() > before; }));
}

}  // namespace
}  // namespace reachd::engine
