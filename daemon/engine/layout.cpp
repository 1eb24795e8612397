#include "daemon/engine/layout.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace reachd::engine {
namespace {

using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

Lists list_groups(const config::Plan& plan) {
  Pairs pairs;
  for (std::uint32_t group = 0; group < plan.groups.size(); ++group) {
    for (const std::uint32_t check : plan.groups[group].checks) {
      pairs.emplace_back(check, group);
    }
  }
  return {plan.checks.size(), pairs};
}

/// What was found of one target says nothing of another, even under the same id.
bool looks_at_the_same(const config::Plan& plan, std::size_t check, const config::Plan& before,
                       std::size_t check_before) {
  const config::ProbeSpec& now = plan.probes[plan.checks[check].probe];
  const config::ProbeSpec& then = before.probes[before.checks[check_before].probe];
  return now.type == then.type && now.target.text == then.target.text;
}

std::vector<std::uint32_t> find_checks(const config::Plan& plan, const Layout* before) {
  std::vector<std::uint32_t> found(plan.checks.size(), Layout::kNew);
  for (std::size_t i = 0; before != nullptr && i < found.size(); ++i) {
    const auto old = before->board->find(plan.checks[i].id);
    if (old && looks_at_the_same(plan, i, *before->plan, *old)) {
      found[i] = static_cast<std::uint32_t>(*old);
    }
  }
  return found;
}

/// Puts what is known of new checks from before this process on their board. An id that looks at
/// something else than before is not new, but nothing is known of it.
void remember_checks(Board& board, const Layout* before, const Remember& remember) {
  const std::vector<config::Check>& checks = board.plan().checks;
  for (std::size_t i = 0; remember && i < checks.size(); ++i) {
    if (before != nullptr && before->board->find(checks[i].id)) {
      continue;
    }
    if (const std::optional<Memory> memory = remember(checks[i].id)) {
      board.update(i, [&memory](CheckStatus& status) {
        status.has_been_up = memory->has_been_up;
        status.remembered = memory->verdict;
        status.remembered_since = memory->since;
      });
    }
  }
}

std::vector<std::uint32_t> find_probes(const config::Plan& plan, const Layout* before) {
  std::vector<std::uint32_t> found(plan.probes.size(), Layout::kNew);
  std::unordered_map<std::uint64_t, std::uint32_t> by_key;
  for (std::uint32_t i = 0; before != nullptr && i < before->plan->probes.size(); ++i) {
    by_key.emplace(before->plan->probes[i].key, i);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (const auto old = by_key.find(plan.probes[i].key); old != by_key.end()) {
      found[i] = old->second;
      by_key.erase(old);  // one place in the schedule is taken over once
    }
  }
  return found;
}

}  // namespace

Lists list_checks(const config::Plan& plan) {
  Pairs pairs;
  pairs.reserve(plan.checks.size());
  for (std::uint32_t check = 0; check < plan.checks.size(); ++check) {
    pairs.emplace_back(plan.checks[check].probe, check);
  }
  return {plan.probes.size(), pairs};
}

Lists::Lists(std::size_t rows, std::span<const std::pair<std::uint32_t, std::uint32_t>> pairs)
    : begins_(rows + 1), values_(pairs.size()) {
  for (const auto& [row, value] : pairs) {
    ++begins_[row + 1];
  }
  for (std::size_t row = 0; row < rows; ++row) {
    begins_[row + 1] += begins_[row];
  }
  std::vector<std::uint32_t> next = begins_;
  for (const auto& [row, value] : pairs) {
    values_[next[row]++] = value;
  }
}

Gates::Gates(const config::Plan& plan, const Gates* before)
    : states_(std::make_unique<State[]>(plan.groups.size())) {
  std::unordered_map<std::string_view, const State*> known;
  for (std::size_t i = 0; before != nullptr && i < before->names_.size(); ++i) {
    known.emplace(before->names_[i], &before->states_[i]);
  }
  names_.reserve(plan.groups.size());
  for (const config::Group& group : plan.groups) {
    State& state = states_[names_.size()];
    names_.push_back(group.name);
    if (const auto found = known.find(group.name); found != known.end()) {
      state.answered = found->second->answered.load();
      state.answers = found->second->answers.load();
    }
  }
}

void Gates::saw(std::uint32_t group, bool success) noexcept {
  State& state = states_[group];
  state.answers.store(success, std::memory_order_relaxed);
  if (success) {
    state.answered.store(true, std::memory_order_relaxed);
  }
}

std::string_view Gates::holds(const config::Gate& gate) const noexcept {
  switch (gate.kind) {
    case config::Gate::Kind::never:
      return gate.why;
    case config::Gate::Kind::device_answered:
      return states_[gate.group].answered.load(std::memory_order_relaxed)
                 ? ""
                 : "the device has not answered on any port yet";
    case config::Gate::Kind::ping_answers:
      return states_[gate.group].answers.load(std::memory_order_relaxed)
                 ? ""
                 : "the host does not answer a ping";
  }
  return "";
}

bool is_idle(const config::Plan& plan, std::span<const std::uint32_t> checks) noexcept {
  return std::ranges::all_of(checks, [&plan](std::uint32_t check) {
    const auto& gate = plan.checks[check].gate;
    return gate && gate->kind == config::Gate::Kind::never;
  });
}

Layout::Layout(std::shared_ptr<const config::Plan> its_plan, unsigned loops, const Layout* before,
               const Remember& remember)
    : plan(std::move(its_plan)),
      board(std::make_shared<Board>(plan)),
      gates(*plan, before == nullptr ? nullptr : &before->gates),
      checks_of_probe(list_checks(*plan)),
      groups_of_check(list_groups(*plan)),
      loop_of_probe(plan->probes.size()),
      check_before(find_checks(*plan, before)),
      probe_before(find_probes(*plan, before)) {
  remember_checks(*board, before, remember);
  for (std::size_t probe = 0; probe < plan->probes.size(); ++probe) {
    const auto hash = std::hash<std::string>()(plan->probes[probe].target.host);
    loop_of_probe[probe] = is_idle(*plan, checks_of_probe.of(probe))
                               ? kNoLoop
                               : static_cast<std::uint8_t>(hash % loops);
  }
}

}  // namespace reachd::engine
