#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/maintenance.hpp"
#include "config/plan.hpp"
#include "daemon/alert/settings.hpp"
#include "daemon/engine/board.hpp"
#include "daemon/event/alert.hpp"
#include "daemon/event/event.hpp"
#include "daemon/journal/journal.hpp"

namespace reachd::alert {

/// Both clocks at one moment: holds and windows run by the steady one, what is shown by the other.
struct Now {
  TimePoint steady{};
  WallTime wall{};
};

/// What is to be done, in order; all of one decision is journalled in one transaction.
struct Decision {
  std::vector<event::Event> events;      ///< without id: whoever journals them gives it
  std::vector<event::Alert> alerts;      ///< opened, changed or ended
  std::vector<std::string> alerts_gone;  ///< keys: the end was told for long enough
  std::vector<journal::CheckRow> checks;
  std::vector<std::string> checks_gone;
  std::vector<journal::Transition> transitions;
  std::vector<std::string> ask;  ///< ids of checks to be probed at once
  std::vector<std::pair<std::string, engine::Modifiers>>
      marks;  ///< what now holds a check's alerts

  void append(Decision&& other);
};

/// What is known of a check right now, by its id; nothing: it is not in the plan. Asked while a
/// verdict is judged, a few times at most.
using Peek = std::function<std::optional<engine::CheckStatus>(std::string_view check)>;

/// Turns verdicts into events and alerts (contract, 1 and 7). Pure: no threads, no I/O, time comes
/// with each call.
class Policy {
 public:
  /// What was kept from the process before, `checks` and `alerts` of it. Without `peek`, only what
  /// was told is known, so that an alert waits more often for what a parent says.
  Policy(std::string vantage, const journal::Kept& kept, Peek peek = {});
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  ~Policy();

  /// Goes over to a plan; to be called before any of its verdicts. Alerts of checks that are gone,
  /// or that look at another target now, end; an event check.unknown says so to whoever heard of
  /// them, as no other event will.
  Decision adopt(std::shared_ptr<const config::Plan> plan, const Alerting& alerting,
                 const config::Maintenance& maintenance, Now now);
  /// A verdict changed; the status is that after the change.
  Decision changed(std::string_view check, engine::Verdict from, const engine::CheckStatus& status,
                   Now now);
  /// A check that Decision::ask named was probed, and nothing is being confirmed there any more.
  Decision settled(std::string_view check, const engine::CheckStatus& status, Now now);
  /// A look at a check's newest result, from time to time: certificates near their end, and what
  /// the annotations of its open alert say.
  Decision looked(std::string_view check, const engine::CheckStatus& status, Now now);
  /// The daemon's own: daemon.*, config.*, journal.*; opens and ends MonitorDegraded.
  Decision own(event::Kind kind, std::string message, Now now);
  /// Whatever time alone brings: a hold runs out, flapping ends, maintenance begins or ends, an
  /// ended alert was told for long enough.
  Decision tick(Now now);
  /// When tick() is wanted at the latest.
  TimePoint next_tick() const noexcept;

  /// Open ones, and those that ended at most kToldFor ago, by key.
  std::vector<event::Alert> alerts() const;

  static constexpr Duration kToldFor = std::chrono::minutes(15);

 private:
  struct State;
  Decision looked_again(std::string_view check, const engine::CheckStatus& status);

  std::unique_ptr<State> state_;
};

}  // namespace reachd::alert
