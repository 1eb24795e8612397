#include "daemon/engine/adhoc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "daemon/engine/loops.hpp"
#include "probes/net/trust.hpp"
#include "tests/daemon/engine_fakes.hpp"

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;
using test::FakeProbe;
using test::PlanMaker;

class Adhoc : public ::testing::Test {
 protected:
  std::map<std::uint32_t, Reason> run_all(std::uint32_t concurrency = 0) {
    std::vector<std::uint32_t> all(maker.plan.probes.size());
    std::iota(all.begin(), all.end(), 0U);
    std::map<std::uint32_t, Reason> found;
    probe_all(maker.plan, all, concurrency, resolver, trust, system_clock(),
              [&found](std::uint32_t probe, Outcome outcome) { found[probe] = outcome.reason; });
    return found;
  }

  test::FakeResolver resolver;
  net::TrustStore trust;
  PlanMaker maker;
};

TEST_F(Adhoc, OneProbeGivesItsOutcome) {
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::refused));
  const Outcome outcome =
      probe_once(maker.plan.probes[0], resolver, trust, system_clock(), nullptr);
  EXPECT_EQ(outcome.reason, Reason::refused);
  EXPECT_EQ(outcome.attempts.size(), 1U);
}

TEST_F(Adhoc, AProbeWithoutAnAddressIsNotResolved) {
  const auto probe = FakeProbe::ending_with(Reason::not_listening);
  probe->wants_address_ = false;
  maker.add("a", "unknown-name", probe);
  EXPECT_EQ(probe_once(maker.plan.probes[0], resolver, trust, system_clock()).reason,
            Reason::not_listening);
}

TEST_F(Adhoc, ANameThatDoesNotResolveIsAResult) {
  maker.add("a", "unknown-name", FakeProbe::ending_with(Reason::ok));
  const Outcome outcome = probe_once(maker.plan.probes[0], resolver, trust, system_clock());
  EXPECT_EQ(outcome.reason, Reason::dns_nxdomain);
  EXPECT_EQ(outcome.phase, Phase::resolve);
  EXPECT_TRUE(outcome.timings[Phase::resolve]);
}

TEST_F(Adhoc, TheTimeLimitHolds) {
  maker.timing.timeout = 10ms;
  maker.add("a", "127.0.0.1", FakeProbe::hanging());
  EXPECT_EQ(probe_once(maker.plan.probes[0], resolver, trust, system_clock()).reason,
            Reason::timeout);
}

TEST_F(Adhoc, EveryProbeRunsOnceWithinTheLimits) {
  const auto probe = FakeProbe::taking(1ms);
  for (int i = 0; i < 50; ++i) {
    maker.add("check-" + std::to_string(i), "127.0.1." + std::to_string(i), probe);
  }
  EXPECT_EQ(run_all(5).size(), 50U);
  EXPECT_EQ(probe->runs, 50);
  EXPECT_LE(probe->most_running, 5);
}

TEST_F(Adhoc, WhatNeverCountsIsLeftOut) {
  maker.add("a", "127.0.0.1", FakeProbe::ending_with(Reason::ok));
  maker.plan.checks[0].gate =
      config::Gate{.kind = config::Gate::Kind::never, .group = 0, .why = "encapsulated"};
  EXPECT_TRUE(run_all().empty());
}

TEST_F(Adhoc, OnePassIsJudgedWithoutConfirmationButWithGates) {
  const auto up = maker.add("up", "127.0.0.1", nullptr);
  const auto down = maker.add("down", "127.0.0.2", nullptr);
  const auto local = maker.add("local", "127.0.0.3", nullptr);
  const auto gated = maker.add("gated", "127.0.0.4", nullptr);
  const auto never = maker.add("never", "127.0.0.5", nullptr);
  maker.plan.groups.push_back({.name = "ping", .checks = {down}});
  maker.plan.checks[gated].gate =
      config::Gate{.kind = config::Gate::Kind::ping_answers, .group = 0, .why = {}};
  maker.plan.checks[never].gate =
      config::Gate{.kind = config::Gate::Kind::never, .group = 0, .why = "encapsulated"};
  const auto outcome = [](Reason reason) {
    auto made = std::make_shared<Outcome>();
    made->reason = reason;
    return made;
  };
  const auto statuses =
      judge_pass(maker.plan,
                 {outcome(Reason::ok), outcome(Reason::refused), outcome(Reason::local_descriptors),
                  outcome(Reason::timeout), nullptr},
                 WallTime());
  EXPECT_EQ(statuses[up].verdict, Verdict::up);
  EXPECT_EQ(statuses[down].verdict, Verdict::down);
  EXPECT_EQ(statuses[local].verdict, Verdict::unknown);
  EXPECT_NE(statuses[local].why, "");
  EXPECT_EQ(statuses[gated].verdict, Verdict::unknown);
  EXPECT_NE(statuses[gated].why, "");
  EXPECT_EQ(statuses[never].why, "encapsulated");
}

TEST(Concurrency, LeavesAReserveOfDescriptors) {
  EXPECT_EQ(concurrency_for(64), 24U);
  EXPECT_EQ(concurrency_for(16), 1U);
  EXPECT_EQ(concurrency_for(1024), 768U);
  EXPECT_LE(concurrency_for(65'536), 16'384U);
}

}  // namespace
}  // namespace reachd::engine
