#include <algorithm>
#include <map>
#include <utility>

#include "daemon/alert/messages.hpp"
#include "daemon/alert/policy_state.hpp"
#include "daemon/json/memory.hpp"

namespace reachd::alert {
namespace {

using engine::Verdict;

/// As the engine sees it: what was found of one target says nothing of another.
bool looks_at_the_same(const config::Plan& a, const config::Check& in_a, const config::Plan& b,
                       const config::Check& in_b) {
  const config::ProbeSpec& first = a.probes[in_a.probe];
  const config::ProbeSpec& second = b.probes[in_b.probe];
  return first.type == second.type && first.target.text == second.target.text;
}

Verdict verdict_of(std::uint8_t state) {
  return state <= static_cast<std::uint8_t>(Verdict::down) ? static_cast<Verdict>(state)
                                                           : Verdict::unknown;
}

bool same_target(const event::Identity& a, const event::Identity& b) {
  return a.target == b.target && a.probe == b.probe;
}

event::Identity identity_of(const journal::CheckRow& row) {
  event::Identity who;
  who.id = row.check;
  who.name = row.name;
  who.product = row.product;
  who.device = row.device;
  return who;
}

}  // namespace

Decision Policy::adopt(std::shared_ptr<const config::Plan> plan, const Alerting& alerting,
                       const config::Maintenance& maintenance, Now now) {
  State& state = *state_;
  state.begin(now);
  state.flapping = alerting.flapping;
  state.thresholds = alerting.certificate_expiring;
  state.maintenance = maintenance;
  state.routes.clear();
  for (const SinkSettings& sink : alerting.sinks) {
    if (!sink.match.empty()) {
      state.routes.push_back({.sink = sink.name, .match = sink.match});
    }
  }
  state.take_over(std::move(plan));
  state.maintenance_edge = WallTime::min();  // whatever was judged, was by other windows
  state.judge_maintenance();
  for (std::uint32_t index = 0; index < state.subjects.size(); ++index) {
    state.consider(index);
  }
  return state.finish();
}

void Policy::State::take_over(std::shared_ptr<const config::Plan> next) {
  const std::shared_ptr<const config::Plan> last = std::exchange(plan, std::move(next));
  Graph last_graph = std::exchange(graph, make_graph(*plan));
  std::vector<Subject> old =
      std::exchange(subjects, std::vector<Subject>(plan->checks.size() + graph.nodes.size()));
  const auto old_by_id = std::exchange(by_id, {});
  vantage = plan->vantage;
  by_id.reserve(subjects.size());
  inquiries.clear();
  timers = {};
  for (std::uint32_t number = 0; number < graph.nodes.size(); ++number) {
    by_id.emplace(graph.nodes[number].identity.id, plan->checks.size() + number);
  }
  std::vector<bool> stays(last->checks.size(), false);
  for (std::uint32_t index = 0; index < plan->checks.size(); ++index) {
    const config::Check& check = plan->checks[index];
    by_id.emplace(check.id, index);
    const auto known = old_by_id.find(check.id);
    if (known == old_by_id.end() || known->second >= last->checks.size()) {
      if (!former) {
        touch(index);  // so that the journal knows of it before its first verdict
      }
      continue;
    }
    const config::Check& old_check = last->checks[known->second];
    stays[known->second] = true;
    if (looks_at_the_same(*plan, check, *last, old_check)) {
      subjects[index] = std::move(old[known->second]);
      if (check.name != old_check.name || check.device != old_check.device) {
        touch(index);
      }
    } else {
      dismiss(event::identity_of(*last, old_check), old[known->second], true);
      subjects[index].marked = old[known->second].marked;  // what is shown has to be taken back
      touch(index);
    }
  }
  for (std::uint32_t index = 0; index < last->checks.size(); ++index) {
    if (!stays[index]) {
      dismiss(event::identity_of(*last, last->checks[index]), old[index], true);
      out.checks_gone.push_back(last->checks[index].id);
    }
  }
  take_over_nodes(last_graph, old);
  if (former) {
    restore();
  }
  bring_up_nodes();
  for (std::uint32_t index = 0; index < subjects.size(); ++index) {
    resume(index);
  }
}

void Policy::State::take_over_nodes(const Graph& last, std::vector<Subject>& old) {
  const std::size_t old_checks = old.size() - last.nodes.size();
  for (std::size_t number = 0; number < last.nodes.size(); ++number) {
    Subject& was = old[old_checks + number];
    const event::Identity& who = last.nodes[number].identity;
    if (const auto now_known = find(who.id); now_known && is_node(*now_known)) {
      subjects[*now_known] = std::move(was);
    } else {
      dismiss(who, was, false);
    }
  }
}

/// Their state is that of their members, as far as those say.
void Policy::State::bring_up_nodes() {
  const auto checks = static_cast<std::uint32_t>(plan->checks.size());
  std::vector<std::uint32_t> speaker(graph.nodes.size(), checks);
  for (std::uint32_t index = 0; index < checks; ++index) {
    const Subject& subject = subjects[index];
    if (subject.verdict == Verdict::unknown && !subject.down) {
      continue;
    }
    for (const std::uint32_t membership : graph.memberships_of.of(index)) {
      const std::uint32_t number = graph.memberships[membership].node;
      graph.note(membership, speaks_against(index, graph.nodes[number].kind));
      if (subject.proved) {
        speaker[number] = index;
      }
    }
  }
  for (std::uint32_t number = 0; number < graph.nodes.size(); ++number) {
    const std::uint32_t index = checks + number;
    Subject& subject = subjects[index];
    if (speaker[number] != checks) {
      turn_node(number, speaker[number]);
    } else if (!subject.proved && (subject.outage || graph.nodes[number].down().value_or(false))) {
      // As the process before left it: down, and told if it was to be told.
      subject.verdict = Verdict::down;
      subject.down = true;
      if (!subject.outage) {
        subject.outage = std::make_unique<Outage>();
        subject.outage->since = now.wall;
        subject.standing = Standing::held;
        subject.severity = severity_of(index);
      }
    }
  }
}

/// Goes on with what the subject waits for, among other parents perhaps.
void Policy::State::resume(std::uint32_t index) {
  Subject& subject = subjects[index];
  if (subject.flaps.flapping()) {
    timers.emplace(subject.flaps.ends_at(flapping), index);
  }
  subject.affected_stale = false;
  affects(index);
  if (!is_node(index) && modifiers(subject) != subject.marked) {
    touch(index);  // they are to be shown
  }
  if (subject.outage) {
    subject.outage->cleared.clear();
  }
  if (subject.standing == Standing::told) {
    event::Alert& alert = *subject.outage->alert;
    if (std::vector<std::string> sinks = also_for(index); alert.also_for != sinks) {
      alert.also_for = std::move(sinks);
      changed(alert);
    }
  }
  if (subject.outage && subject.outage->wait == Wait::itself) {
    ask_itself(index);
  } else if (subject.outage) {
    subject.outage->wait = Wait::none;
    subject.outage->deadline = {};
  }
}

Subject Policy::State::restored(const journal::CheckRow& row) const {
  Subject subject;
  const event::Memory memory = json::read_memory(row.extra);
  subject.verdict = verdict_of(row.state);
  subject.since = std::min(row.since, now.wall);
  subject.has_been_up = row.has_been_up;
  subject.severity = memory.severity;
  std::vector<TimePoint> changes;
  changes.reserve(memory.changes.size());
  for (const WallTime change : memory.changes) {
    changes.push_back(now.steady - std::max(now.wall - change, Duration::zero()));
  }
  subject.flaps = FlapHistory(std::move(changes), memory.flapping);
  subject.down = subject.verdict == Verdict::down;
  if (memory.outage && memory.outage->standing != Standing::clear) {
    const event::Memory::Outage& was = *memory.outage;
    subject.down = subject.down || subject.verdict == Verdict::unknown;
    // Told, but perhaps of an alert that is not to be found: then it may be told once more.
    subject.standing = was.standing == Standing::told ? Standing::held : was.standing;
    subject.outage = std::make_unique<Outage>();
    subject.outage->from = was.from;
    subject.outage->since = std::min(was.since, now.wall);
    subject.outage->reason = was.reason;
    subject.outage->phase = was.phase;
    subject.outage->by = was.by;
    subject.outage->parent = was.parent;
  }
  if (memory.certificate) {
    subject.certificate = std::make_unique<CertificateWatch>();
    subject.certificate->end = memory.certificate->end;
    subject.certificate->crossed = memory.certificate->crossed;
  }
  return subject;
}

void Policy::State::link(event::Alert& alert, Subject& subject) const {
  if (alert.name == event::AlertName::certificate_expiring) {
    if (!subject.certificate) {
      subject.certificate = std::make_unique<CertificateWatch>();
    }
    subject.certificate->alert = &alert;
    return;
  }
  if (!subject.outage) {
    subject.outage = std::make_unique<Outage>();
    subject.outage->since = std::min(alert.since, now.wall);
    subject.outage->reason = parse_reason(alert.reason);
    if (subject.verdict == Verdict::unknown) {
      subject.down = true;
    }
  }
  alert.flapping = subject.flaps.flapping();
  subject.outage->alert = &alert;
  subject.standing = Standing::told;
  subject.severity = alert.severity;
}

void Policy::State::restore() {
  Before kept = std::move(*former);
  former.reset();
  std::map<std::string, std::pair<event::Identity, Subject>, std::less<>> gone;
  for (const auto& [id, row] : kept.rows) {
    const auto index = find(id);
    if (!index) {
      gone.try_emplace(id, identity_of(row), restored(row));
      out.checks_gone.push_back(id);
      continue;
    }
    subjects[*index] = restored(row);
    const config::Check& check = plan->checks[*index];
    if (row.name != check.name || row.device != check.device) {
      touch(*index);
    }
  }
  for (std::uint32_t index = 0; index < plan->checks.size(); ++index) {
    if (!kept.rows.contains(plan->checks[index].id)) {
      touch(index);  // so that the journal knows of it before its first verdict
    }
  }
  for (event::Alert& was : kept.alerts) {
    if (book.find_open(was.key) != nullptr) {
      continue;  // opened again before there was a plan
    }
    const Duration age = was.ended ? now.wall - *was.ended : Duration::zero();
    event::Alert& alert = *book.restore(std::move(was), now.steady, age);
    if (alert.ended || !alert.check) {
      continue;
    }
    const auto index = find(alert.check->id);
    if (index && same_target(*alert.check, identity(*index))) {
      link(alert, subjects[*index]);
      continue;
    }
    auto& [who, subject] = gone[alert.check->id];
    who = *alert.check;
    if (index) {
      subject = std::exchange(subjects[*index], Subject());
      touch(*index);  // another target under the same id
    }
    link(alert, subject);
  }
  for (auto& [id, of] : gone) {
    dismiss(of.first, of.second, kept.rows.contains(id));
  }
  if (started) {
    end_own_alert();
  }
}

void Policy::State::dismiss(const event::Identity& who, Subject& subject, bool is_check) {
  const Verdict verdict = subject.verdict;
  if (verdict != Verdict::unknown && is_check) {
    out.transitions.push_back({.check = who.id, .time = now.wall, .state = 0});
  }
  event::Alert* expiring = subject.certificate ? subject.certificate->alert : nullptr;
  if (subject.outage || subject.flaps.flapping() || expiring != nullptr) {
    const bool reachability = subject.outage || subject.flaps.flapping();
    event::Event event = make_event(event::Kind::check_unknown, who,
                                    reachability ? subject.severity : expiring->severity);
    event.from = verdict;
    event.to = Verdict::unknown;
    event.since = now.wall;
    event.message = is_check ? removed_message(who) : no_node_message(who);
    if (subject.standing == Standing::told) {
      event.also_for = subject.outage->alert->also_for;
    }
    if (subject.standing == Standing::held && !subject.flaps.flapping() && expiring == nullptr) {
      event.suppressed_by = subject.outage->by;
      event.parent =
          event.suppressed_by == engine::Modifier::dependency ? subject.outage->parent : "";
    }
    out.events.push_back(std::move(event));
  }
  if (subject.outage) {
    end_outage(subject);
  }
  if (expiring != nullptr) {
    book.end(*expiring, now.wall, now.steady);
    changed(*expiring);
  }
}

}  // namespace reachd::alert
