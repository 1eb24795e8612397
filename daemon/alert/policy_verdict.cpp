#include <algorithm>
#include <utility>

#include "daemon/alert/messages.hpp"
#include "daemon/alert/policy_state.hpp"

namespace reachd::alert {

using engine::Modifier;
using engine::Verdict;

void Policy::State::step(std::uint32_t index, const engine::CheckStatus& status) {
  Subject& subject = subjects[index];
  const Verdict before = subject.verdict;
  const Verdict to = status.verdict;
  if (subject.proved ? before == to : to == Verdict::unknown) {
    return;
  }
  // A clock that was set back must not make a state begin in the future.
  const WallTime since = std::min(status.last_change, now.wall);
  // What a process before this one knew is no observation of this one.
  out.transitions.push_back({.check = plan->checks[index].id,
                             .time = subject.proved ? since : now.wall,
                             .state = static_cast<std::uint8_t>(to)});
  if (before != to) {
    subject.since = since;
  }
  subject.verdict = to;
  subject.proved = true;
  subject.has_been_up = subject.has_been_up || status.has_been_up;
  touch(index);
  if (to == Verdict::unknown) {
    turned_unknown(index, before, status);
    return;
  }
  const bool was_down = std::exchange(subject.down, to == Verdict::down);
  saw(index, status);
  if (subject.down) {
    // Earlier than that, maybe, where probes had to wait for their turn; to take it for too early
    // would let a success from before the outage speak for a parent that is down now.
    const config::Timing& timing = *plan->checks[index].timing;
    const Duration took = status.last ? status.last->timings.total : Duration::zero();
    const Duration row = (timing.confirm_interval + took) * (timing.down_after - 1);
    went_down(index, before, status,
              (status.last ? steady_of(status.last->time) : now.steady) - row);
    revisit(index);
  } else {
    subject.has_been_up = true;
    tally(index);
    came_up(index, before, status);
    if (was_down) {
      parent_up(index);
    }
  }
  if (was_down != subject.down) {
    affects(index);
  }
  subject.said_unknown = false;
}

void Policy::State::refresh(std::uint32_t index, const engine::CheckStatus& status) {
  saw(index, status);
  const Subject& subject = subjects[index];
  if (subject.outage && subject.proved && subject.verdict == Verdict::down &&
      status.verdict == Verdict::down && status.last && !status.last->success()) {
    annotate(index, status);
    tally(index);
  }
}

void Policy::State::turned_unknown(std::uint32_t index, Verdict before,
                                   const engine::CheckStatus& status) {
  Subject& subject = subjects[index];
  if (subject.standing == Standing::pending) {
    hold(index, Modifier::dependency, std::move(subject.outage->parent));
  }
  const event::Identity who = identity(index);
  event::Event event = make_event(event::Kind::check_unknown, who, config::Severity::info);
  if (subject.outage) {
    event.also_for = also_for(index);
  }
  event.from = before;
  event.to = Verdict::unknown;
  event.since = subject.since;
  const bool clear_reason = status.last && !status.last->success();
  event.message = unknown_message(
      who, !status.why.empty() ? std::string(status.why)
                               : cause(clear_reason ? status.last.get() : nullptr, std::nullopt));
  if (status.last) {
    event.reason = status.last->reason;
    event.phase = status.last->phase;
    event.evidence = event::evidence_of(*status.last, nullptr);
  }
  out.events.push_back(std::move(event));
  subject.said_unknown = true;
}

void Policy::State::came_up(std::uint32_t index, Verdict before,
                            const engine::CheckStatus& status) {
  Subject& subject = subjects[index];
  const Verdict to = subject.verdict;
  switch (subject.standing) {
    case Standing::clear:
      // The first verdict of a process is no news; neither is what was never said to be otherwise.
      if (subject.said_unknown || (before != Verdict::unknown && before != to)) {
        tell_up(index, before, to, status,
                subject.flaps.flapping() ? Modifier::flapping : Modifier::none);
      }
      return;
    case Standing::pending:
      // Gone before anybody was to be told: both ends, for the record.
      hold(index, Modifier::dependency, std::move(subject.outage->parent));
      [[fallthrough]];
    case Standing::held:
      tell_up(index, before, to, status, subject.outage->by);
      if (subject.outage->by == Modifier::flapping) {
        count_change(index);
      }
      subject.standing = Standing::clear;
      subject.outage.reset();
      return;
    case Standing::told:
      if (subject.flaps.flapping()) {
        tell_up(index, before, to, status, Modifier::flapping);
        count_change(index);
        return;
      }
      tell_up(index, before, to, status, Modifier::none);
      end_outage(subject);
      count_change(index);
      return;
  }
}

void Policy::State::went_down(std::uint32_t index, Verdict before,
                              const engine::CheckStatus& status, TimePoint row_began) {
  Subject& subject = subjects[index];
  const bool again = subject.outage != nullptr;
  if (!again) {
    subject.outage = std::make_unique<Outage>();
    subject.outage->from = before;
    subject.outage->since = subject.since;
  }
  if (status.last) {
    subject.outage->outcome = status.last;
    subject.outage->reason = status.last->reason;
    subject.outage->phase = status.last->phase;
  }
  subject.outage->path = status.path;
  subject.outage->row_began = row_began;
  if (!subject.flaps.flapping() && !again) {
    subject.severity = severity_of(index);
  }
  if (!is_node(index)) {
    tally(index);
  }
  if (subject.standing != Standing::told) {
    subject.standing = again ? subject.standing : Standing::pending;
    consider(index);
    return;
  }
  annotate(index, status);
  if (before == Verdict::up || before == Verdict::degraded) {
    tell_down(index, before, Modifier::flapping, false);
    count_change(index);
  } else if (subject.said_unknown) {
    // Only who heard that it could not be judged has to hear that it can.
    const config::Severity told = std::exchange(subject.severity, config::Severity::info);
    tell_down(index, before, Modifier::none, false);
    subject.severity = told;
  }
}

void Policy::State::consider(std::uint32_t index) {
  Subject& subject = subjects[index];
  if (!subject.proved || subject.verdict != Verdict::down || subject.standing == Standing::told) {
    return;
  }
  if (maintained(index)) {
    hold(index, Modifier::maintenance, open_window(index));
    return;
  }
  if (const auto parent = down_parent(index)) {
    hold(index, Modifier::dependency, id_of(*parent));
    return;
  }
  if (subject.flaps.flapping()) {
    hold(index, Modifier::flapping, {});
    return;
  }
  if (subject.outage->wait == Wait::itself) {
    return;
  }
  if (subject.outage->wait != Wait::over) {
    subject.outage->wait = Wait::none;
    for (const std::uint32_t parent : graph.parents.of(index)) {
      if (may_be_at_fault(parent, index) && wait_for(index, parent)) {
        subject.outage->parent = id_of(parent);
      }
    }
    if (subject.outage->wait == Wait::parents) {
      return;
    }
  }
  announce(index);
}

void Policy::State::hold(std::uint32_t index, Modifier by, std::string parent) {
  Subject& subject = subjects[index];
  const bool first = subject.standing != Standing::held;
  subject.outage->by = by;
  subject.outage->parent = std::move(parent);
  subject.outage->wait = Wait::none;
  subject.outage->deadline = {};
  subject.standing = Standing::held;
  touch(index);
  if (first) {
    tell_down(index, subject.outage->from, by, false);
    if (by == Modifier::flapping) {
      count_change(index);
    }
  }
}

void Policy::State::announce(std::uint32_t index) {
  Subject& subject = subjects[index];
  const bool late = subject.standing == Standing::held;
  subject.outage->by = Modifier::none;
  subject.outage->parent.clear();
  subject.standing = Standing::told;
  touch(index);
  tell_down(index, late ? Verdict::down : subject.outage->from, Modifier::none, late);
  open_alert(index, late);
  if (!late) {
    count_change(index);
  }
}

void Policy::State::count_change(std::uint32_t index) {
  Subject& subject = subjects[index];
  touch(index);
  const bool begins = subject.flaps.count(flapping, now.steady);
  if (subject.flaps.flapping()) {
    timers.emplace(subject.flaps.ends_at(flapping), index);
  }
  if (!begins) {
    return;
  }
  const event::Identity who = identity(index);
  event::Event event = make_event(event::Kind::check_flapping, index, subject.severity);
  event.from = event.to = subject.verdict;
  event.since = subject.since;
  event.message = flapping_message(who, flapping.changes, flapping.within);
  out.events.push_back(std::move(event));
  if (subject.standing == Standing::told) {
    subject.outage->alert->flapping = true;
    changed(*subject.outage->alert);
  }
}

void Policy::State::end_flapping(std::uint32_t index) {
  Subject& subject = subjects[index];
  subject.flaps.end();
  touch(index);
  event::Alert* alert = subject.standing == Standing::told ? subject.outage->alert : nullptr;
  if (alert != nullptr) {
    alert->flapping = false;
  }
  if (subject.down && alert == nullptr) {
    consider(index);
    return;
  }
  const event::Identity who = identity(index);
  const event::Kind kind = subject.down                           ? event::Kind::check_down
                           : subject.verdict == Verdict::degraded ? event::Kind::check_degraded
                                                                  : event::Kind::check_up;
  event::Event event = make_event(kind, index, subject.severity);
  event.from = event.to = subject.verdict;
  event.since = subject.since;
  event.message = settled_message(who, subject.verdict);
  out.events.push_back(std::move(event));
  if (alert != nullptr && subject.down) {
    changed(*alert);
  } else if (alert != nullptr) {
    end_outage(subject);
  }
}

}  // namespace reachd::alert
