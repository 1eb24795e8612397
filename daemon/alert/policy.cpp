#include "daemon/alert/policy.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/alert/policy_state.hpp"
#include "daemon/json/event.hpp"
#include "daemon/json/memory.hpp"

namespace reachd::alert {
namespace {

using engine::Modifier;

/// The longest time between two looks at the windows, so that a clock that is set is noticed.
constexpr Duration kMaintenanceLook = std::chrono::minutes(1);

template <typename T>
void append_to(std::vector<T>& list, std::vector<T>&& more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

}  // namespace

void Decision::append(Decision&& other) {
  append_to(events, std::move(other.events));
  append_to(alerts, std::move(other.alerts));
  append_to(alerts_gone, std::move(other.alerts_gone));
  append_to(checks, std::move(other.checks));
  append_to(checks_gone, std::move(other.checks_gone));
  append_to(transitions, std::move(other.transitions));
  append_to(ask, std::move(other.ask));
  append_to(marks, std::move(other.marks));
}

Policy::Policy(std::string vantage, const journal::Kept& kept, Peek peek)
    : state_(std::make_unique<State>(std::move(vantage), std::move(peek))) {
  State::Before& before = state_->former.emplace();
  before.rows.reserve(kept.checks.size());
  for (const journal::CheckRow& row : kept.checks) {
    before.rows.emplace(row.check, row);
  }
  for (const journal::AlertRow& row : kept.alerts) {
    if (auto alert = json::read_alert(row.body)) {
      alert->key = row.key;
      before.alerts.push_back(std::move(*alert));
    }
  }
}

Policy::~Policy() = default;

Decision Policy::changed(std::string_view check, engine::Verdict /*from*/,
                         const engine::CheckStatus& status, Now now) {
  state_->begin(now);
  if (const auto index = state_->find_check(check)) {
    state_->step(*index, status);
    state_->answered(*index, status);
  }
  return looked_again(check, status);
}

Decision Policy::settled(std::string_view check, const engine::CheckStatus& status, Now now) {
  state_->begin(now);
  if (const auto index = state_->find_check(check)) {
    state_->refresh(*index, status);
    state_->answered(*index, status);
  }
  return looked_again(check, status);
}

Decision Policy::looked(std::string_view check, const engine::CheckStatus& status, Now now) {
  state_->begin(now);
  return looked_again(check, status);
}

Decision Policy::looked_again(std::string_view check, const engine::CheckStatus& status) {
  if (const auto index = state_->find_check(check); index && status.last) {
    state_->refresh(*index, status);
    state_->watch_certificate(*index, *status.last);
  }
  return state_->finish();
}

Decision Policy::own(event::Kind kind, std::string message, Now now) {
  state_->begin(now);
  state_->own(kind, std::move(message));
  return state_->finish();
}

Decision Policy::tick(Now now) {
  State& state = *state_;
  state.begin(now);
  if (state.maintenance_look <= now.steady) {
    state.judge_maintenance();
  }
  while (!state.timers.empty() && state.timers.top().first <= now.steady) {
    const std::uint32_t index = state.timers.top().second;
    state.timers.pop();
    state.due(index);
  }
  state.out.alerts_gone = state.book.expire(now.steady);
  return state.finish();
}

TimePoint Policy::next_tick() const noexcept {
  TimePoint next = std::min(state_->book.next_expiry(), state_->maintenance_look);
  return state_->timers.empty() ? next : std::min(next, state_->timers.top().first);
}

std::vector<event::Alert> Policy::alerts() const {
  return state_->former ? state_->former->alerts : state_->book.all();
}

std::optional<std::uint32_t> Policy::State::find(std::string_view id) const {
  const auto found = by_id.find(id);
  return found != by_id.end() ? std::optional(found->second) : std::nullopt;
}

std::optional<std::uint32_t> Policy::State::find_check(std::string_view id) const {
  const auto index = find(id);
  return index && !is_node(*index) ? index : std::nullopt;
}

void Policy::State::touch(std::uint32_t index) {
  if (!subjects[index].dirty) {
    subjects[index].dirty = true;
    dirty.push_back(index);
  }
}

event::Identity Policy::State::identity(std::uint32_t index) const {
  return is_node(index) ? node(index).identity : event::identity_of(*plan, plan->checks[index]);
}

engine::Modifiers Policy::State::modifiers(const Subject& subject) const noexcept {
  return {.dependency =
              subject.standing == Standing::held && subject.outage->by == Modifier::dependency,
          .maintenance = subject.in_maintenance,
          .flapping = subject.flaps.flapping()};
}

journal::CheckRow Policy::State::row(std::uint32_t index) const {
  const config::Check& check = plan->checks[index];
  const Subject& subject = subjects[index];
  event::Memory memory;
  memory.severity = subject.severity;
  if (subject.outage) {
    memory.outage = {.standing = subject.standing,
                     .from = subject.outage->from,
                     .since = subject.outage->since,
                     .reason = subject.outage->reason,
                     .phase = subject.outage->phase,
                     .by = subject.outage->by,
                     .parent = subject.outage->parent};
  }
  memory.flapping = subject.flaps.flapping();
  for (const TimePoint change : subject.flaps.changes()) {
    memory.changes.push_back(now.wall - (now.steady - change));
  }
  if (subject.certificate) {
    memory.certificate = {.end = subject.certificate->end, .crossed = subject.certificate->crossed};
  }
  return {.check = check.id,
          .name = check.name,
          .product = check.product ? *check.product : std::string(),
          .device = check.device,
          .state = static_cast<std::uint8_t>(subject.verdict),
          .since = subject.since,
          .has_been_up = subject.has_been_up,
          .extra = json::memory_text(memory)};
}

Decision Policy::State::finish() {
  for (const std::uint32_t index : dirty) {
    Subject& subject = subjects[index];
    subject.dirty = false;
    if (is_node(index)) {
      continue;
    }
    out.checks.push_back(row(index));
    if (const engine::Modifiers held = modifiers(subject); held != subject.marked) {
      subject.marked = held;
      out.marks.emplace_back(plan->checks[index].id, held);
    }
  }
  dirty.clear();
  return std::exchange(out, {});
}

config::SelectorFields Policy::State::selector_fields(std::uint32_t index) const {
  return is_node(index) ? event::fields_of(node(index).identity)
                        : config::fields_of(*plan, plan->checks[index]);
}

bool Policy::State::maintained(std::uint32_t index) {
  Subject& subject = subjects[index];
  bool open = false;
  if (!maintenance.empty()) {
    open = maintenance.open_for(selector_fields(index), now.wall).has_value() ||
           (is_node(index) && all_members_maintained(node(index)));
  }
  if (open != subject.in_maintenance) {
    subject.in_maintenance = open;
    maintenance_judged = WallTime::max();  // the clock was set: all are to be judged again
    touch(index);
  }
  return open;
}

std::string Policy::State::open_window(std::uint32_t index) const {
  return maintenance.open_for(selector_fields(index), now.wall).value_or(std::string());
}

/// A node's alert would be about nothing but what is in maintenance.
bool Policy::State::all_members_maintained(const Node& node) const {
  return std::ranges::all_of(node.order, [&](std::uint32_t membership) {
    return subjects[graph.memberships[membership].check].in_maintenance;
  });
}

void Policy::State::judge_maintenance() {
  const bool edge = now.wall >= maintenance_edge || now.wall < maintenance_judged;
  maintenance_look = maintenance.empty() ? TimePoint::max() : now.steady + kMaintenanceLook;
  if (edge) {
    for (std::uint32_t index = 0; index < subjects.size(); ++index) {
      const bool was = subjects[index].in_maintenance;
      if (!maintained(index) && was) {
        consider(index);
      }
    }
    maintenance_edge = maintenance.next_edge(now.wall).value_or(WallTime::max());
  }
  maintenance_judged = now.wall;
  if (maintenance_edge != WallTime::max() && maintenance_edge - now.wall < kMaintenanceLook) {
    maintenance_look = now.steady + std::max(maintenance_edge - now.wall, Duration::zero());
  }
}

void Policy::State::due(std::uint32_t index) {
  Subject& subject = subjects[index];
  if (subject.affected_stale) {
    refresh_affected(index);
  }
  if (subject.outage && subject.outage->deadline <= now.steady &&
      (subject.outage->wait == Wait::parents || subject.outage->wait == Wait::itself)) {
    give_up_waiting(index);
  }
  if (!subject.flaps.flapping()) {
    return;
  }
  const TimePoint end = subject.flaps.ends_at(flapping);
  if (end > now.steady) {
    timers.emplace(end, index);
  } else if (subject.proved && subject.verdict != engine::Verdict::unknown) {
    end_flapping(index);
  } else {
    timers.emplace(now.steady + std::chrono::minutes(1), index);  // what is true is not known yet
  }
}

}  // namespace reachd::alert
