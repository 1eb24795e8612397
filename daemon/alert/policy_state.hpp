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
#include "daemon/alert/graph.hpp"
#include "daemon/alert/policy.hpp"
#include "daemon/event/memory.hpp"

/// The inside of Policy, shared by its .cpp files only.
namespace reachd::alert {

using event::Standing;

/// What an outage that has no alert waits for.
enum class Wait : std::uint8_t {
  none,
  parents,  ///< whether one of them is at fault
  itself,   ///< whether it is still down, now that what held it is over
  over,     ///< no longer: it was asked, or it took too long
};

/// What is wrong with one subject, from the confirming probe until its end has been told.
struct Outage {
  engine::Verdict from = engine::Verdict::unknown;
  WallTime since{};
  std::optional<Reason> reason;
  Phase phase = Phase::none;
  std::shared_ptr<const Outcome> outcome;  ///< null: it was found by a process before this one
  std::shared_ptr<const Path> path;
  engine::Modifier by = engine::Modifier::none;  ///< while held
  std::string parent;             ///< while held by a dependency; by maintenance: the window's name
  event::Alert* alert = nullptr;  ///< while told
  TimePoint row_began{};          ///< when the first failure of its row began, at the latest
  Wait wait = Wait::none;
  TimePoint deadline{};                ///< of the wait
  std::vector<std::uint32_t> cleared;  ///< parents that were asked about, in vain
};

/// Asking whether a parent is at fault: the parent itself, or members of a node.
struct Inquiry {
  std::vector<std::uint32_t> waiters;  ///< subjects
  std::vector<std::uint32_t> asked;    ///< checks
  std::vector<std::uint32_t> open;     ///< those of `asked` that have not answered
  TimePoint began{};
  Duration patience{};  ///< how long the answers may take
  bool over = false;    ///< nobody is left to ask: it is not at fault
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
  bool dirty = false;           ///< changed in this call
  bool affected_stale = false;  ///< its alert may take more, or less, with it than it says
  Standing standing = Standing::clear;
  config::Severity severity = config::Severity::info;  ///< of what was told; fixed until its end
  engine::Modifiers marked;
  WallTime since{};     ///< of the verdict
  TimePoint seen_up{};  ///< when a probe that succeeded began, as far as it was looked at
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

  /// Whom a sink that picks is to hear of.
  struct Route {
    std::string sink;
    std::vector<config::Selector> match;
  };

  std::string vantage;
  const Peek peek;  ///< empty: nobody can tell
  std::shared_ptr<const config::Plan> plan = std::make_shared<const config::Plan>();
  Flapping flapping;
  std::vector<Duration> thresholds;  ///< of certificates, longest first
  config::Maintenance maintenance;
  std::vector<Route> routes;  ///< of the sinks that pick
  std::optional<Before> former;

  Graph graph;
  std::vector<Subject> subjects;  ///< the plan's checks by their index, then the graph's nodes
  std::unordered_map<std::string_view, std::uint32_t> by_id;  ///< of the subjects
  AlertBook book{Policy::kToldFor};
  bool started = false;         ///< daemon.started was told
  bool config_trouble = false;  ///< found by this process
  bool journal_trouble = false;

  std::unordered_map<std::uint32_t, Inquiry> inquiries;  ///< by parent

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
  /// A check's or a node's index.
  std::optional<std::uint32_t> find(std::string_view id) const;
  std::optional<std::uint32_t> find_check(std::string_view id) const;
  bool is_node(std::uint32_t index) const noexcept { return index >= plan->checks.size(); }
  Node& node(std::uint32_t index) { return graph.nodes[index - plan->checks.size()]; }
  const Node& node(std::uint32_t index) const { return graph.nodes[index - plan->checks.size()]; }
  const std::string& id_of(std::uint32_t index) const {
    return is_node(index) ? node(index).identity.id : plan->checks[index].id;
  }
  void touch(std::uint32_t index);
  journal::CheckRow row(std::uint32_t index) const;
  event::Identity identity(std::uint32_t index) const;
  config::SelectorFields selector_fields(std::uint32_t index) const;
  engine::Modifiers modifiers(const Subject& subject) const noexcept;
  /// True while a window is open for it.
  bool maintained(std::uint32_t index);
  /// The name of a window that is open for it; empty: only for all members of the node.
  std::string open_window(std::uint32_t index) const;
  bool all_members_maintained(const Node& node) const;
  void judge_maintenance();
  /// A timer of the subject has run out, or another one.
  void due(std::uint32_t index);

  // policy_adopt.cpp
  void take_over(std::shared_ptr<const config::Plan> next);
  void take_over_nodes(const Graph& last, std::vector<Subject>& old);
  void bring_up_nodes();
  void resume(std::uint32_t index);
  void restore();
  Subject restored(const journal::CheckRow& row) const;
  void link(event::Alert& alert, Subject& subject) const;
  /// Its check is gone, or means something else now.
  void dismiss(const event::Identity& who, Subject& subject, bool is_check);

  // policy_verdict.cpp: what a verdict means
  void step(std::uint32_t index, const engine::CheckStatus& status);
  void turned_unknown(std::uint32_t index, engine::Verdict before,
                      const engine::CheckStatus& status);
  void came_up(std::uint32_t index, engine::Verdict before, const engine::CheckStatus& status);
  void went_down(std::uint32_t index, engine::Verdict before, const engine::CheckStatus& status,
                 TimePoint row_began);
  /// What the newest result says of an outage, its alert and its parents.
  void refresh(std::uint32_t index, const engine::CheckStatus& status);
  /// Decides whether the outage, which has no alert, gets one.
  void consider(std::uint32_t index);
  void hold(std::uint32_t index, engine::Modifier by, std::string parent);
  void announce(std::uint32_t index);
  void count_change(std::uint32_t index);
  void end_flapping(std::uint32_t index);

  // policy_parents.cpp: what others have to do with it
  /// The host that it talks to.
  const std::string& host_of(std::uint32_t index) const;
  /// True if the check, by what is known last, is evidence that a node of this kind is down.
  bool speaks_against(std::uint32_t index, NodeKind kind) const;
  /// Tells the nodes what a check that has changed says of them.
  void tally(std::uint32_t index);
  void turn_node(std::uint32_t number, std::uint32_t trigger);
  std::optional<std::uint32_t> down_parent(std::uint32_t index) const;
  bool may_be_at_fault(std::uint32_t parent, std::uint32_t index);
  /// True if a probe that began then or later has succeeded.
  bool well_since(std::uint32_t index, TimePoint since);
  void saw(std::uint32_t index, const engine::CheckStatus& status);
  TimePoint steady_of(WallTime time) const;
  /// False if there is nobody to ask.
  bool wait_for(std::uint32_t index, std::uint32_t parent);
  void ask(std::uint32_t parent, Inquiry& inquiry);
  /// A check was probed, and nothing is being confirmed there.
  void answered(std::uint32_t index, const engine::CheckStatus& status);
  void answered_about(std::uint32_t parent, std::uint32_t who);
  /// Considers again whoever waits for the parent.
  void revisit(std::uint32_t parent);
  void end_wait(std::uint32_t index, Wait wait);
  void give_up_waiting(std::uint32_t index);
  void parent_up(std::uint32_t parent);
  void ask_itself(std::uint32_t index);
  /// The ids of some that it takes with it, and how many they are.
  std::pair<std::vector<std::string>, std::size_t> affected_by(std::uint32_t parent) const;
  /// The checks that depend on it, also by way of others: held back when it is down.
  std::vector<std::uint32_t> checks_behind(std::uint32_t parent) const;
  /// Its parents' alerts say something else now.
  void affects(std::uint32_t index);
  void refresh_affected(std::uint32_t parent);

  // policy_tell.cpp: how it is told
  event::Event make_event(event::Kind kind, const event::Identity& who, config::Severity severity);
  /// The same, also for who is told of it in its children's place.
  event::Event make_event(event::Kind kind, std::uint32_t index, config::Severity severity);
  void tell_down(std::uint32_t index, engine::Verdict from, engine::Modifier by, bool late);
  /// Of a check that can be used: up or degraded.
  void tell_up(std::uint32_t index, engine::Verdict from, engine::Verdict to,
               const engine::CheckStatus& status, engine::Modifier by);
  void open_alert(std::uint32_t index, bool late);
  void end_outage(Subject& subject);
  void changed(const event::Alert& alert) { out.alerts.push_back(alert); }
  /// The sinks that pick any of the checks behind it, so that they hear of it in their place.
  std::vector<std::string> also_for(std::uint32_t parent) const;
  config::Severity severity_of(std::uint32_t index) const;
  event::AlertName name_of(std::uint32_t index) const;
  /// Why it is down, as a clause.
  std::string cause_of(std::uint32_t index) const;
  /// Takes over what a failure says of the outage that goes on, and into the alert's annotations.
  void annotate(std::uint32_t index, const engine::CheckStatus& status);

  // policy_certificates.cpp
  void watch_certificate(std::uint32_t index, const Outcome& outcome);

  // policy_own.cpp
  void own(event::Kind kind, std::string message);
  /// Ends it unless this process has trouble itself.
  void end_own_alert();
};

}  // namespace reachd::alert
