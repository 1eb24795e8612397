#include "daemon/engine/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reachd::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A plan with a probe for each host and a check for each of (id, probe).
std::shared_ptr<config::Plan> plan_of(
    const std::vector<std::string>& hosts,
    const std::vector<std::pair<std::string, std::uint32_t>>& checks) {
  auto plan = std::make_shared<config::Plan>();
  for (const std::string& host : hosts) {
    config::ProbeSpec& spec = plan->probes.emplace_back();
    spec.target.host = host;
    spec.key = std::hash<std::string>()(host);
  }
  for (const auto& [id, probe] : checks) {
    config::Check& check = plan->checks.emplace_back();
    check.id = id;
    check.probe = probe;
  }
  return plan;
}

config::Gate gate(config::Gate::Kind kind, std::uint32_t group = 0, std::string why = {}) {
  return {.kind = kind, .group = group, .why = std::move(why)};
}

TEST(Lists, KeepTheValuesOfEachRowInOrder) {
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs{{2, 7}, {0, 1}, {2, 3}};
  const Lists lists(4, pairs);
  EXPECT_THAT(lists.of(0), ElementsAre(1));
  EXPECT_THAT(lists.of(1), IsEmpty());
  EXPECT_THAT(lists.of(2), ElementsAre(7, 3));
  EXPECT_THAT(lists.of(3), IsEmpty());
}

TEST(Board, FindsAChecksIndexByItsId) {
  const Board board(plan_of({"h"}, {{"b", 0}, {"c", 0}, {"a", 0}}));
  EXPECT_EQ(board.find("a"), 2U);
  EXPECT_EQ(board.find("b"), 0U);
  EXPECT_EQ(board.find("c"), 1U);
  EXPECT_EQ(board.find("aa"), std::nullopt);
  EXPECT_EQ(board.find(""), std::nullopt);
}

TEST(Gates, ADeviceThatAnsweredOnceStaysOpenAcrossReloads) {
  config::Plan plan;
  plan.groups = {{.name = "other", .checks = {}}, {.name = "rack-a", .checks = {}}};
  const auto device = gate(config::Gate::Kind::device_answered, 1);
  Gates before(plan, nullptr);
  EXPECT_NE(before.holds(device), "");
  before.saw(1, false);
  EXPECT_NE(before.holds(device), "");
  before.saw(1, true);
  before.saw(1, false);
  EXPECT_EQ(before.holds(device), "");

  config::Plan next;
  next.groups = {{.name = "rack-a", .checks = {}}, {.name = "new", .checks = {}}};
  const Gates after(next, &before);
  EXPECT_EQ(after.holds(gate(config::Gate::Kind::device_answered, 0)), "");
  EXPECT_NE(after.holds(gate(config::Gate::Kind::device_answered, 1)), "");
}

TEST(Gates, APingHasToAnswerNow) {
  config::Plan plan;
  plan.groups = {{.name = "discovery", .checks = {}}};
  Gates gates(plan, nullptr);
  const auto ping = gate(config::Gate::Kind::ping_answers);
  EXPECT_NE(gates.holds(ping), "");
  gates.saw(0, true);
  EXPECT_EQ(gates.holds(ping), "");
  gates.saw(0, false);
  EXPECT_NE(gates.holds(ping), "");
}

TEST(Layout, DividesProbesByHost) {
  const auto plan = plan_of({"a", "b", "a", "c"}, {{"1", 0}, {"2", 1}, {"3", 2}, {"4", 3}});
  const Layout layout(plan, 3, nullptr);
  EXPECT_EQ(layout.loop_of_probe[0], layout.loop_of_probe[2]);
  for (const std::uint8_t loop : layout.loop_of_probe) {
    EXPECT_LT(loop, 3);
  }
}

TEST(Layout, LeavesOutProbesThatNeverCount) {
  const auto plan = plan_of({"a", "b"}, {{"1", 0}, {"2", 0}, {"3", 1}, {"4", 1}});
  plan->checks[0].gate = gate(config::Gate::Kind::never, 0, "encapsulated");
  plan->checks[2].gate = gate(config::Gate::Kind::never, 0, "encapsulated");
  plan->checks[3].gate = gate(config::Gate::Kind::never, 0, "encapsulated");
  const Layout layout(plan, 1, nullptr);
  EXPECT_EQ(layout.loop_of_probe[0], 0) << "its second check counts";
  EXPECT_EQ(layout.loop_of_probe[1], Layout::kNoLoop);
}

TEST(Layout, FindsWhatStaysOverAReload) {
  const Layout before(plan_of({"a", "b"}, {{"1", 0}, {"2", 1}}), 1, nullptr);
  EXPECT_THAT(before.check_before, ElementsAre(Layout::kNew, Layout::kNew));
  const Layout after(plan_of({"c", "b", "b"}, {{"3", 0}, {"2", 1}, {"4", 2}}), 1, &before);
  EXPECT_THAT(after.check_before, ElementsAre(Layout::kNew, 1, Layout::kNew));
  EXPECT_THAT(after.probe_before, ElementsAre(Layout::kNew, 1, Layout::kNew))
      << "one place in the schedule is taken over once";
}

}  // namespace
}  // namespace reachd::engine
