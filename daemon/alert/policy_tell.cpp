#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/alert/classes.hpp"
#include "daemon/alert/messages.hpp"
#include "daemon/alert/policy_state.hpp"

namespace reachd::alert {
namespace {

using engine::Modifier;
using engine::Verdict;

/// What failed first, as an address; empty: none was reached.
std::string failing_address(const Outcome& outcome) {
  const auto failed = std::ranges::find_if(
      outcome.attempts, [](const Attempt& attempt) { return !attempt.success(); });
  return failed != outcome.attempts.end() && failed->endpoint ? failed->endpoint->to_string()
                                                              : std::string();
}

std::string offender_of(const Outcome& outcome) {
  const auto offended = std::ranges::find_if(
      outcome.attempts, [](const Attempt& attempt) { return attempt.offender.has_value(); });
  return offended != outcome.attempts.end() ? offended->offender->to_string() : std::string();
}

/// A trace begins with the verdict and ends seconds later: its path follows an alert. True if it is
/// another one.
bool take_path(event::Alert& alert, const Outage& outage) {
  if (!outage.outcome) {
    return false;
  }
  std::string path = outage.path ? outage.path->message : std::string();
  const bool another = alert.path != path;
  alert.path = std::move(path);
  return another;
}

/// Takes what changes while an alert is open from the outage; true if anything did. The message
/// alone is no change: it may hold a duration.
bool take_annotations(event::Alert& alert, const Outage& outage, std::string message) {
  std::string reason(outage.reason ? to_string(*outage.reason) : std::string_view());
  std::string phase(to_string(outage.phase));
  std::string address = outage.outcome ? failing_address(*outage.outcome) : alert.address;
  std::string offender = outage.outcome ? offender_of(*outage.outcome) : alert.offender;
  const bool traced = take_path(alert, outage);
  if (alert.reason == reason && alert.phase == phase && alert.address == address &&
      alert.offender == offender) {
    return traced;
  }
  alert.reason = std::move(reason);
  alert.phase = std::move(phase);
  alert.address = std::move(address);
  alert.offender = std::move(offender);
  alert.message = std::move(message);
  return true;
}

}  // namespace

event::Event Policy::State::make_event(event::Kind kind, const event::Identity& who,
                                       config::Severity severity) {
  event::Event event;
  event.time = now.wall;
  event.kind = kind;
  event.severity = severity;
  event.vantage = vantage;
  event.check = who;
  return event;
}

event::Event Policy::State::make_event(event::Kind kind, std::uint32_t index,
                                       config::Severity severity) {
  event::Event event = make_event(kind, identity(index), severity);
  event.also_for = also_for(index);
  return event;
}

std::vector<std::string> Policy::State::also_for(std::uint32_t parent) const {
  std::vector<std::string> sinks;
  if (routes.empty()) {
    return sinks;
  }
  const std::vector<std::uint32_t> behind = checks_behind(parent);
  for (const Route& route : routes) {
    if (std::ranges::any_of(behind, [&](std::uint32_t check) {
          return config::matches_any(route.match, *plan, plan->checks[check]);
        })) {
      sinks.push_back(route.sink);
    }
  }
  return sinks;
}

/// What it takes with it is held back, so it is told as loudly as that would be.
config::Severity Policy::State::severity_of(std::uint32_t index) const {
  const auto of_check = [this](std::uint32_t check) {
    return config::severity(plan->checks[check], subjects[check].has_been_up);
  };
  config::Severity highest = is_node(index) ? config::Severity::info : of_check(index);
  if (is_node(index)) {
    for (const std::uint32_t membership : node(index).order) {
      highest = std::max(highest, of_check(graph.memberships[membership].check));
    }
  }
  for (const std::uint32_t check : checks_behind(index)) {
    highest = std::max(highest, of_check(check));
  }
  return highest;
}

std::string Policy::State::cause_of(std::uint32_t index) const {
  const Outage& outage = *subjects[index].outage;
  const std::string found = cause(outage.outcome.get(), outage.reason);
  return is_node(index) ? node_cause(node(index), found) : found;
}

event::AlertName Policy::State::name_of(std::uint32_t index) const {
  // What is optional by itself is not once something required depends on it.
  const bool alone = subjects[index].severity < config::Severity::critical;
  if (is_node(index)) {
    const Node& of = node(index);
    return of.kind == NodeKind::resolver ? event::AlertName::name_resolution_failing
           : of.optional && alone        ? event::AlertName::optional_port_closed
                                         : event::AlertName::required_port_closed;
  }
  return class_of(subjects[index].outage->reason.value_or(Reason::timeout),
                  plan->checks[index].necessity == config::Necessity::optional && alone);
}

void Policy::State::tell_down(std::uint32_t index, Verdict from, Modifier by, bool late) {
  const Subject& subject = subjects[index];
  const Outage& outage = *subject.outage;
  const event::Identity who = identity(index);
  event::Event event = make_event(event::Kind::check_down, index, subject.severity);
  event.from = from;
  event.to = Verdict::down;
  event.since = std::min(outage.since, now.wall);
  event.reason = outage.reason;
  event.phase = outage.phase;
  const std::string why = cause_of(index);
  event.message = late ? late_message(who, now.wall - *event.since, why) : down_message(who, why);
  std::tie(event.affected, event.affected_count) = affected_by(index);
  event.message += with_affected(event.affected_count);
  event.message += by == Modifier::maintenance ? in_window(outage.parent) : std::string();
  if (outage.outcome) {
    event.evidence = event::evidence_of(*outage.outcome, outage.path);
  }
  event.suppressed_by = by;
  event.parent = by == Modifier::dependency ? outage.parent : std::string();
  out.events.push_back(std::move(event));
}

void Policy::State::tell_up(std::uint32_t index, Verdict from, Verdict to,
                            const engine::CheckStatus& status, Modifier by) {
  const Subject& subject = subjects[index];
  const Outage* outage = subject.outage.get();
  const event::Identity who = identity(index);
  event::Event event =
      make_event(to == Verdict::degraded ? event::Kind::check_degraded : event::Kind::check_up, who,
                 outage != nullptr ? subject.severity : config::Severity::info);
  event.from = from;
  event.to = to;
  const std::string flaw =
      !status.why.empty() ? std::string(status.why) : cause(status.last.get(), std::nullopt);
  if (outage != nullptr) {
    event.also_for = also_for(index);
    event.since = std::min(outage->since, now.wall);
    const Duration lasted = now.wall - *event.since;
    event.message = to == Verdict::degraded ? up_degraded_message(who, lasted, flaw)
                                            : up_message(who, lasted, cause_of(index));
    event.message += by == Modifier::maintenance ? in_window(outage->parent) : std::string();
    event.parent = by == Modifier::dependency ? outage->parent : std::string();
  } else {
    event.since = subject.since;
    event.message = to == Verdict::degraded ? degraded_message(who, flaw) : well_message(who);
  }
  if (status.last) {
    event.reason = status.last->reason;
    event.phase = status.last->phase;
    event.evidence = event::evidence_of(*status.last, nullptr);
  }
  event.suppressed_by = by;
  out.events.push_back(std::move(event));
}

void Policy::State::open_alert(std::uint32_t index, bool late) {
  Subject& subject = subjects[index];
  Outage& outage = *subject.outage;
  event::Alert alert;
  alert.name = name_of(index);
  alert.check = identity(index);
  alert.key = std::string(to_string(alert.name)) + '|' + alert.check->id;
  alert.severity = subject.severity;
  alert.vantage = vantage;
  alert.since = late ? now.wall : std::min(outage.since, now.wall);
  alert.message = out.events.back().message;
  alert.affected = out.events.back().affected;
  alert.affected_count = out.events.back().affected_count;
  alert.also_for = out.events.back().also_for;
  take_annotations(alert, outage, alert.message);
  alert.flapping = subject.flaps.flapping();
  outage.alert = book.open(std::move(alert));
  changed(*outage.alert);
}

void Policy::State::end_outage(Subject& subject) {
  if (subject.outage->alert != nullptr) {
    subject.outage->alert->flapping = false;
    book.end(*subject.outage->alert, now.wall, now.steady);
    changed(*subject.outage->alert);
  }
  subject.standing = Standing::clear;
  subject.outage.reset();
}

void Policy::State::annotate(std::uint32_t index, const engine::CheckStatus& status) {
  const Subject& subject = subjects[index];
  if (!subject.outage || !status.last || status.last->success()) {
    return;
  }
  Outage& outage = *subject.outage;
  outage.outcome = status.last;
  outage.reason = status.last->reason;
  outage.phase = status.last->phase;
  outage.path = status.path;
  if (outage.alert != nullptr &&
      take_annotations(*outage.alert, outage, down_message(identity(index), cause_of(index)))) {
    changed(*outage.alert);
  }
}

}  // namespace reachd::alert
