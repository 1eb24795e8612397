#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alert/policy.hpp"

namespace reachd::test {

/// A policy with a plan made by hand, a clock moved by hand, and a store in the journal's place.
/// Everything that it decides is kept, and checked for what must always hold.
class PolicyLab {
 public:
  struct Wanted {
    std::string name;  ///< the id is "custom/NAME"
    std::string target = "192.0.2.1:443";
    std::string probe = "tcp";
    std::string device{};
    std::vector<std::string> depends_on{};  ///< names
    config::Necessity necessity = config::Necessity::required;
    config::Evidence evidence = config::Evidence::operator_;
    std::string proxy{};  ///< "proxy:3128"
    std::string product = "custom";
  };

  PolicyLab();

  /// The plan of the next adopt(), instead of what was.
  void plan(const std::vector<Wanted>& checks);
  void adopt();
  /// The checks, without other hosts, all up for an hour; what was told and asked for is taken.
  void start_up(const std::vector<Wanted>& checks);
  /// A reload with the checks.
  void reload(const std::vector<Wanted>& checks);
  /// A new process with what was kept; adopts the plan.
  void restart();
  /// As restart(), with these checks in the configuration.
  void restart_with(const std::vector<Wanted>& checks);

  // What the engine says; every outcome begins now.
  void up(std::string_view name);
  void degraded(std::string_view name);
  void down(std::string_view name, Reason reason = Reason::timeout);
  void unknown(std::string_view name);
  void settle(std::string_view name);
  /// A result that changes no verdict.
  void result(std::string_view name, Reason reason);
  void look(std::string_view name);
  void certificate(std::string_view name, Duration left, Reason judgement = Reason::ok);
  /// The way to a check that is down was traced; a look at it follows.
  void traced(std::string_view name, std::string message);

  /// Moves both clocks, and ticks whenever a tick is wanted.
  void pass(Duration duration);
  /// Sets the wall clock only.
  void jump(Duration by) { now_.wall += by; }
  void own(event::Kind kind, std::string message);

  /// The events since the last call, a line each: "check.down critical web down<-up [held by
  /// dependency on device/x] ".
  std::string told();
  /// Open alerts, a line each: "RequiredPortClosed critical custom/web".
  std::string open() const;
  /// Keys of alerts that ended and are still told.
  std::vector<std::string> ended() const;
  std::vector<event::Alert> all_alerts() const { return policy_->alerts(); }
  /// Null: there is none. Until the next call.
  const event::Alert* alert(std::string_view key) const;
  const event::Event& last_event() const { return events_.back(); }
  const std::vector<event::Event>& events() const { return events_; }
  const std::vector<journal::Transition>& transitions() const { return transitions_; }
  const std::map<std::string, journal::CheckRow>& rows() const { return rows_; }
  std::vector<std::string> asked();
  engine::Modifiers mark(std::string_view name) const;
  alert::Now now() const { return now_; }
  alert::Policy& policy() { return *policy_; }

  /// Whether checks that are up go on being probed while time passes, so that a look at them finds
  /// a fresh success.
  bool live = true;
  alert::Alerting alerting;
  config::Maintenance maintenance;

 private:
  void say(std::string_view name, engine::Verdict to, Outcome outcome);
  void carry_out(alert::Decision decision);
  void verify() const;
  engine::CheckStatus& status(std::string_view name);
  alert::Peek peek();

  alert::Now now_;
  std::shared_ptr<const config::Plan> plan_;
  std::unique_ptr<alert::Policy> policy_;
  std::map<std::string, engine::CheckStatus, std::less<>> statuses_;  ///< by id, of this process
  std::map<std::string, std::string, std::less<>> targets_;           ///< by id
  // The store.
  std::map<std::string, journal::CheckRow> rows_;
  std::map<std::string, std::pair<std::string, bool>> alerts_;  ///< JSON and whether it ended
  std::vector<event::Event> events_;
  std::size_t heard_ = 0;
  std::vector<journal::Transition> transitions_;
  std::vector<std::string> asked_;
  std::map<std::string, engine::Modifiers, std::less<>> marks_;
  mutable std::vector<event::Alert> shown_;
};

}  // namespace reachd::test
