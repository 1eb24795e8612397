#include <algorithm>
#include <utility>

#include "daemon/alert/classes.hpp"
#include "daemon/alert/policy_state.hpp"

namespace reachd::alert {
namespace {

using engine::Modifier;
using engine::Verdict;

/// Of a node's members: so many are asked at a time, and so many are looked at for one that is
/// known to be well.
constexpr std::size_t kAskedAtOnce = 4;
constexpr std::uint32_t kLookedAt = 8;
constexpr Duration kLongestWait = std::chrono::minutes(5);
/// What a parent takes with it is written again this much later, once for all that came together.
constexpr Duration kAffectedAfter = std::chrono::seconds(1);

Duration patience(const config::Timing& timing) {
  return std::min(kLongestWait, timing.confirm_interval * timing.down_after + timing.timeout);
}

}  // namespace

const std::string& Policy::State::host_of(std::uint32_t index) const {
  const std::uint32_t check = is_node(index) ? graph.memberships[node(index).first].check : index;
  return talks_to(plan->probes[plan->checks[check].probe]);
}

// What the members say of their nodes.

bool Policy::State::speaks_against(std::uint32_t index, NodeKind kind) const {
  const Subject& subject = subjects[index];
  return subject.down && subject.outage &&
         is_evidence(kind, subject.outage->reason.value_or(Reason::timeout), subject.outage->phase);
}

void Policy::State::tally(std::uint32_t index) {
  const Subject& subject = subjects[index];
  if (subject.verdict == Verdict::unknown) {
    return;  // says nothing; what it said last stays
  }
  for (const std::uint32_t membership : graph.memberships_of.of(index)) {
    const std::uint32_t number = graph.memberships[membership].node;
    const bool evidence = speaks_against(index, graph.nodes[number].kind);
    const std::uint32_t node = static_cast<std::uint32_t>(plan->checks.size()) + number;
    if (graph.note(membership, evidence) || !subjects[node].proved) {
      turn_node(number, index);
    }
  }
}

void Policy::State::turn_node(std::uint32_t number, std::uint32_t trigger) {
  const auto index = static_cast<std::uint32_t>(plan->checks.size()) + number;
  const std::optional<bool> down = graph.nodes[number].down();
  Subject& subject = subjects[index];
  if (!down || (subject.proved && subject.down == *down)) {
    return;
  }
  const Verdict before = subject.verdict;
  const Verdict to = *down ? Verdict::down : Verdict::up;
  if (before != to) {
    subject.since = now.wall;
  }
  subject.proved = true;
  subject.verdict = to;
  subject.down = *down;
  touch(index);
  const Subject& member = subjects[trigger];
  engine::CheckStatus status;
  status.last = member.outage ? member.outage->outcome : nullptr;
  if (*down) {
    went_down(index, before, status, member.outage ? member.outage->row_began : now.steady);
    revisit(index);
  } else {
    came_up(index, before, status);
    parent_up(index);
  }
  affects(index);
}

// Whether a parent is, or may be, at fault.

std::optional<std::uint32_t> Policy::State::down_parent(std::uint32_t index) const {
  for (const std::uint32_t parent : graph.parents.of(index)) {
    if (subjects[parent].down) {
      return parent;
    }
  }
  return std::nullopt;
}

bool Policy::State::well_since(std::uint32_t index, TimePoint since) {
  Subject& subject = subjects[index];
  if (subject.down) {
    return false;
  }
  if (subject.seen_up < since && peek) {
    if (const auto status = peek(id_of(index))) {
      saw(index, *status);
    }
  }
  return subject.seen_up >= since;
}

void Policy::State::saw(std::uint32_t index, const engine::CheckStatus& status) {
  if (status.last && status.last->success() && status.verdict != Verdict::down) {
    subjects[index].seen_up = std::max(subjects[index].seen_up, steady_of(status.last->time));
  }
}

TimePoint Policy::State::steady_of(WallTime time) const {
  return now.steady - std::max(now.wall - time, Duration::zero());
}

bool Policy::State::may_be_at_fault(std::uint32_t parent, std::uint32_t index) {
  const Outage& outage = *subjects[index].outage;
  if (std::ranges::find(outage.cleared, parent) != outage.cleared.end()) {
    return false;
  }
  if (!is_node(parent)) {
    return !well_since(parent, outage.row_began);
  }
  Node& of = node(parent);
  const Reason reason = outage.reason.value_or(Reason::timeout);
  if (of.kind == NodeKind::proxy || !is_evidence(of.kind, reason, outage.phase)) {
    return false;  // it would have been said, or something on the other side of it has answered
  }
  const std::string& own_host = host_of(index);
  const bool by_hosts = of.kind != NodeKind::device;
  for (std::uint32_t i = 0; i < std::min(of.without, kLookedAt); ++i) {
    // On from the one that served last time.
    const std::uint32_t place = (of.witness + i) % of.without;
    const std::uint32_t member = graph.memberships[of.order[place]].check;
    if (member != index && !(by_hosts && host_of(member) == own_host) &&
        well_since(member, outage.row_began)) {
      of.witness = place;
      return false;
    }
  }
  return of.without > 0;
}

bool Policy::State::wait_for(std::uint32_t index, std::uint32_t parent) {
  const auto [found, added] = inquiries.try_emplace(parent);
  Inquiry& inquiry = found->second;
  if (added) {
    inquiry.began = now.steady;
  }
  if (inquiry.open.empty()) {
    ask(parent, inquiry);
  }
  if (inquiry.over) {
    if (inquiry.waiters.empty()) {
      inquiries.erase(found);
    }
    return false;
  }
  inquiry.waiters.push_back(index);
  Outage& outage = *subjects[index].outage;
  outage.wait = Wait::parents;
  const TimePoint deadline = now.steady + inquiry.patience;
  if (outage.deadline < deadline) {
    outage.deadline = deadline;
    timers.emplace(deadline, index);
  }
  return true;
}

void Policy::State::ask(std::uint32_t parent, Inquiry& inquiry) {
  if (!is_node(parent)) {
    if (inquiry.asked.empty()) {
      inquiry.asked.push_back(parent);
      inquiry.open.push_back(parent);
    }
  } else {
    const Node& of = node(parent);
    std::vector<std::string_view> hosts;
    const bool by_hosts = of.kind != NodeKind::device;
    // Not the whole node: it may have thousands.
    for (std::uint32_t place = 0;
         place < std::min<std::uint32_t>(of.without, 64) && inquiry.open.size() < kAskedAtOnce;
         ++place) {
      const std::uint32_t member = graph.memberships[of.order[place]].check;
      const std::string& host = host_of(member);
      if (std::ranges::find(inquiry.asked, member) == inquiry.asked.end() &&
          !(by_hosts && std::ranges::find(hosts, host) != hosts.end())) {
        hosts.push_back(host);
        inquiry.asked.push_back(member);
        inquiry.open.push_back(member);
      }
    }
  }
  inquiry.over = inquiry.open.empty();
  for (const std::uint32_t asked : inquiry.open) {
    out.ask.push_back(id_of(asked));
    inquiry.patience = std::max(inquiry.patience, patience(*plan->checks[asked].timing));
  }
}

// Answers.

void Policy::State::answered(std::uint32_t index, const engine::CheckStatus& status) {
  if (status.last && status.last->success() && !subjects[index].down) {
    subjects[index].seen_up = now.steady;
  }
  answered_about(index, index);
  for (const std::uint32_t membership : graph.memberships_of.of(index)) {
    const std::uint32_t parent =
        static_cast<std::uint32_t>(plan->checks.size()) + graph.memberships[membership].node;
    answered_about(parent, index);
    end_wait(parent, Wait::itself);
  }
  end_wait(index, Wait::itself);
}

void Policy::State::end_wait(std::uint32_t index, Wait wait) {
  const Subject& subject = subjects[index];
  if (subject.outage && subject.outage->wait == wait) {
    subject.outage->wait = Wait::over;
    consider(index);
  }
}

void Policy::State::give_up_waiting(std::uint32_t index) {
  end_wait(index, Wait::itself);
  end_wait(index, Wait::parents);
  // Whoever was asked and has not answered by now is not waited for by others either.
  for (const std::uint32_t parent : graph.parents.of(index)) {
    const auto found = inquiries.find(parent);
    if (found != inquiries.end() && found->second.began + found->second.patience <= now.steady) {
      found->second.over = true;
      revisit(parent);
    }
  }
}

void Policy::State::answered_about(std::uint32_t parent, std::uint32_t who) {
  const auto found = inquiries.find(parent);
  if (found == inquiries.end() || std::erase(found->second.open, who) == 0) {
    return;
  }
  Inquiry& inquiry = found->second;
  if (subjects[who].down) {
    std::erase(inquiry.asked, who);  // not to be asked again in any case
  }
  if (!subjects[who].down && subjects[who].seen_up == now.steady) {
    revisit(parent);
  } else if (inquiry.open.empty()) {
    ask(parent, inquiry);
    if (inquiry.over) {
      revisit(parent);
    }
  }
}

void Policy::State::revisit(std::uint32_t parent) {
  const auto found = inquiries.find(parent);
  if (found == inquiries.end()) {
    return;
  }
  const bool in_vain = found->second.over && !subjects[parent].down;
  const std::vector<std::uint32_t> waiters = std::exchange(found->second.waiters, {});
  for (const std::uint32_t waiter : waiters) {
    if (subjects[waiter].outage && subjects[waiter].outage->wait == Wait::parents) {
      if (in_vain) {
        subjects[waiter].outage->cleared.push_back(parent);
      }
      consider(waiter);
    }
  }
  if (subjects[parent].down) {
    inquiries.erase(parent);  // it is answered
    return;
  }
  const auto after = inquiries.find(parent);
  if (after != inquiries.end() && after->second.waiters.empty()) {
    inquiries.erase(after);
  }
}

void Policy::State::parent_up(std::uint32_t parent) {
  for (const std::uint32_t child : graph.children.of(parent)) {
    Subject& subject = subjects[child];
    if (subject.standing != Standing::held || subject.outage->by != Modifier::dependency ||
        subject.outage->wait != Wait::none || !subject.down || !subject.proved) {
      continue;
    }
    if (const auto other = down_parent(child)) {
      subject.outage->parent = id_of(*other);
      touch(child);
    } else {
      ask_itself(child);
    }
  }
}

void Policy::State::ask_itself(std::uint32_t index) {
  Outage& outage = *subjects[index].outage;
  outage.wait = Wait::itself;
  std::uint32_t check = index;
  if (is_node(index)) {
    const Node& of = node(index);
    std::size_t asked = 0;
    for (std::size_t place = of.without; place < of.size() && asked < kAskedAtOnce; ++place) {
      check = graph.memberships[of.order[place]].check;
      out.ask.push_back(id_of(check));
      ++asked;
    }
  } else {
    out.ask.push_back(id_of(index));
  }
  outage.deadline = now.steady + patience(*plan->checks[check].timing);
  timers.emplace(outage.deadline, index);
}

// What a parent takes with it.

std::pair<std::vector<std::string>, std::size_t> Policy::State::affected_by(
    std::uint32_t parent) const {
  std::pair<std::vector<std::string>, std::size_t> affected;
  const bool only_checks = is_node(parent) && node(parent).kind == NodeKind::link;
  for (const std::uint32_t child : graph.children.of(parent)) {
    if (!subjects[child].down || (only_checks && is_node(child))) {
      continue;
    }
    ++affected.second;
    if (affected.first.size() < event::kMostAffected) {
      affected.first.push_back(id_of(child));
    }
  }
  return affected;
}

std::vector<std::uint32_t> Policy::State::checks_behind(std::uint32_t parent) const {
  std::vector<std::uint32_t> checks;
  if (graph.children.of(parent).empty()) {
    return checks;  // as most have none
  }
  std::vector<bool> seen(subjects.size(), false);
  std::vector<std::uint32_t> open{parent};
  while (!open.empty()) {
    const std::uint32_t index = open.back();
    open.pop_back();
    for (const std::uint32_t child : graph.children.of(index)) {
      if (!seen[child]) {
        seen[child] = true;
        open.push_back(child);
        if (!is_node(child)) {
          checks.push_back(child);
        }
      }
    }
  }
  return checks;
}

void Policy::State::affects(std::uint32_t index) {
  for (const std::uint32_t parent : graph.parents.of(index)) {
    Subject& subject = subjects[parent];
    if (subject.standing == Standing::told && !subject.affected_stale) {
      subject.affected_stale = true;
      timers.emplace(now.steady + kAffectedAfter, parent);
    }
  }
}

void Policy::State::refresh_affected(std::uint32_t parent) {
  Subject& subject = subjects[parent];
  subject.affected_stale = false;
  if (subject.standing != Standing::told) {
    return;
  }
  auto [affected, count] = affected_by(parent);
  event::Alert& alert = *subject.outage->alert;
  if (alert.affected != affected || alert.affected_count != count) {
    alert.affected = std::move(affected);
    alert.affected_count = count;
    changed(alert);
  }
}

}  // namespace reachd::alert
