#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/alert/alert_book.hpp"
#include "daemon/alert/flap_history.hpp"
#include "daemon/alert/policy.hpp"
#include "daemon/event/memory.hpp"

/// The inside of Policy, shared by its .cpp files only.
namespace reachd::alert {

using event::Standing;

/// What is wrong with one subject, from the confirming probe until its end has been told.
struct Outage {
  engine::Verdict from = engine::Verdict::unknown;
  WallTime since{};
  std::optional<Reason> reason;
  Phase phase = Phase::none;
  std::shared_ptr<const Outcome> outcome;  ///< null: it was found by a process before this one
  std::shared_ptr<const Path> path;
  engine::Modifier by = engine::Modifier::none;  ///< while held
  std::string parent;                            ///< while held by a dependency
  event::Alert* alert = nullptr;                 ///< while told
};

/// What was told of a certificate near its end.
struct CertificateWatch {
  WallTime end{};            ///< of the one that was told of last
  std::uint8_t crossed = 0;  ///< thresholds that were told of it
  std::uint8_t renewed = 0;  ///< outcomes in a row that show a better one
  WallTime seen{};           ///< the outcome that was looked at last
  event::Alert* alert = nullptr;
};

/// What can be down and have an alert of its own.
struct Subject {
  engine::Verdict verdict = engine::Verdict::unknown;  ///< the last one, remembered ones too
  bool down = false;                                   ///< by the last verdict that was not unknown
  bool has_been_up = false;
  bool proved = false;        ///< a verdict of this process
  bool said_unknown = false;  ///< that it can't be judged was told, and not yet that it can again
  bool in_maintenance = false;
  bool dirty = false;  ///< changed in this call
  Standing standing = Standing::clear;
  config::Severity severity = config::Severity::info;  ///< of what was told; fixed until its end
  engine::Modifiers marked;
  WallTime since{};  ///< of the verdict
  FlapHistory flaps;
  std::unique_ptr<Outage> outage;  ///< null while clear
  std::unique_ptr<CertificateWatch> certificate;
};

struct Policy::State {
  State(std::string vantage_name, Peek peek_at)
      : vantage(std::move(vantage_name)), peek(std::move(peek_at)) {}

  /// What was kept by the process before, until the first adopt().
  struct Before {
    std::unordered_map<std::string, journal::CheckRow> rows;
    std::vector<event::Alert> alerts;
  };

  std::string vantage;
  const Peek peek;  ///< empty: nobody can tell
  std::shared_ptr<const config::Plan> plan = std::make_shared<const config::Plan>();
  Flapping flapping;
  std::vector<Duration> thresholds;  ///< of certificates, longest first
  config::Maintenance maintenance;
  std::optional<Before> former;

  std::vector<Subject> subjects;  ///< the plan's checks by their index
  std::unordered_map<std::string_view, std::uint32_t> by_id;
  AlertBook book{Policy::kToldFor};
  bool started = false;         ///< daemon.started was told
  bool config_trouble = false;  ///< found by this process
  bool journal_trouble = false;

  using Due = std::pair<TimePoint, std::uint32_t>;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> timers;  ///< subjects to look at
  TimePoint maintenance_look = TimePoint::max();
  WallTime maintenance_edge{};    ///< when the windows are different from now
  WallTime maintenance_judged{};  ///< when they were looked at last

  // Of the call that is under way.
  Now now;
  Decision out;
  std::vector<std::uint32_t> dirty;

  // policy.cpp
  void begin(Now at) { now = at; }
  Decision finish();
  std::optional<std::uint32_t> find(std::string_view id) const;
  void touch(std::uint32_t index);
  journal::CheckRow row(std::uint32_t index) const;
  event::Identity identity(std::uint32_t index) const;
  engine::Modifiers modifiers(const Subject& subject) const noexcept;
  /// True while a window is open for it.
  bool maintained(std::uint32_t index);
  void judge_maintenance();
  /// A timer of the subject has run out, or another one.
  void due(std::uint32_t index);

  // policy_adopt.cpp
  void take_over(std::shared_ptr<const config::Plan> next);
  void restore();
  Subject restored(const journal::CheckRow& row) const;
  void link(event::Alert& alert, Subject& subject) const;
  /// Its check is gone, or means something else now.
  void dismiss(const event::Identity& who, Subject& subject);

  // policy_verdict.cpp: what a verdict means
  void step(std::uint32_t index, const engine::CheckStatus& status);
  void turned_unknown(std::uint32_t index, engine::Verdict before,
                      const engine::CheckStatus& status);
  void came_up(std::uint32_t index, engine::Verdict before, const engine::CheckStatus& status);
  void went_down(std::uint32_t index, engine::Verdict before, const engine::CheckStatus& status);
  /// Decides whether the outage, which has no alert, gets one.
  void consider(std::uint32_t index);
  void hold(std::uint32_t index, engine::Modifier by, std::string parent);
  void announce(std::uint32_t index);
  void count_change(std::uint32_t index);
  void end_flapping(std::uint32_t index);

  // policy_tell.cpp: how it is told
  event::Event make_event(event::Kind kind, const event::Identity& who, config::Severity severity);
  void tell_down(std::uint32_t index, engine::Verdict from, engine::Modifier by, bool late);
  /// Of a check that can be used: up or degraded.
  void tell_up(std::uint32_t index, engine::Verdict from, engine::Verdict to,
               const engine::CheckStatus& status, engine::Modifier by);
  void open_alert(std::uint32_t index, bool late);
  void end_outage(Subject& subject);
  void changed(const event::Alert& alert) { out.alerts.push_back(alert); }
  config::Severity severity_of(std::uint32_t index) const;
  /// What the annotations of its alert say, if that changed.
  void annotate(std::uint32_t index, const engine::CheckStatus& status);

  // policy_certificates.cpp
  void watch_certificate(std::uint32_t index, const Outcome& outcome);

  // policy_own.cpp
  void own(event::Kind kind, std::string message);
  /// Ends it unless this process has trouble itself.
  void end_own_alert();
};

}  // namespace reachd::alert
