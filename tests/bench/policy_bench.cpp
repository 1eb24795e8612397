// What deciding about alerts costs: taking over a plan, and a storm in which everything goes down
// at once.
//
//   policy_bench [checks of the plan, default 100000] [checks of the storm, default 10000]
//
// Goals: 1 s for the plan, 0.5 s for the storm.

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <span>
#include <string>

#include "daemon/alert/policy.hpp"
#include "tests/daemon/board_fixture.hpp"

namespace reachd::bench {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// Every check of the board fails, one after the other, while `peek` finds the others as they were.
void storm(std::size_t checks, test::Names names, const char* what) {
  const auto board = test::large_board(checks, names);
  const std::shared_ptr<const config::Plan> plan(board, &board->plan());
  alert::Now now{.steady = TimePoint(std::chrono::hours(1)),
                 .wall = WallTime(std::chrono::seconds(1'700'000'000))};
  alert::Policy policy("beacon-1", {}, [&](std::string_view id) {
    const auto index = board->find(id);
    return index ? std::optional(board->status(*index)) : std::nullopt;
  });
  const auto adopting = Clock::now();
  policy.adopt(plan, {}, {}, now);
  const double adopted = milliseconds_since(adopting);
  for (std::size_t i = 0; i < checks; ++i) {
    policy.changed(plan->checks[i].id, engine::Verdict::unknown, board->status(i), now);
  }
  Outcome outcome;
  outcome.reason = Reason::timeout;
  outcome.phase = Phase::connect;
  outcome.time = now.wall;
  engine::CheckStatus down;
  down.verdict = engine::Verdict::down;
  down.observed = true;
  down.last_change = now.wall;
  down.last = std::make_shared<const Outcome>(outcome);
  std::size_t events = 0;
  std::size_t alerts = 0;
  const auto count = [&](const alert::Decision& decision) {
    events += decision.events.size();
    alerts += decision.alerts.size();
  };
  const auto falling = Clock::now();
  for (std::size_t i = 0; i < checks; ++i) {
    board->update(i, [&](engine::CheckStatus& status) { status = down; });
    count(policy.changed(plan->checks[i].id, engine::Verdict::up, down, now));
  }
  while (policy.next_tick() < now.steady + std::chrono::minutes(10)) {
    now.wall += policy.next_tick() - now.steady;
    now.steady = policy.next_tick();
    count(policy.tick(now));
  }
  fmt::print("{} checks, {}: plan {:.0f} ms, storm {:.0f} ms, {} events, {} alerts written\n",
             checks, what, adopted, milliseconds_since(falling), events, alerts);
}

}  // namespace
}  // namespace reachd::bench

int main(int argc, char** argv) {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  const auto number = [&](std::size_t place, std::size_t otherwise) {
    return arguments.size() > place
               ? static_cast<std::size_t>(std::strtoull(arguments[place], nullptr, 10))
               : otherwise;
  };
  for (const std::size_t checks : {number(2, 10'000), number(1, 100'000)}) {
    reachd::bench::storm(checks, reachd::test::Names::brief, "on loopback");
    reachd::bench::storm(checks, reachd::test::Names::of_a_product, "on as many hosts");
  }
  return 0;
}
