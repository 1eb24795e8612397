// What others ask of a runner: to go over to another plan, to look at a check now.
#include <algorithm>
#include <utility>

#include "daemon/engine/runner.hpp"

namespace reachd::engine {

void Runner::apply(std::shared_ptr<Layout> layout) {
  if (stopping_) {
    return;
  }
  const std::shared_ptr<Layout> before = std::exchange(layout_, std::move(layout));
  take_over_checks(before.get());

  std::vector<Entry> old = std::exchange(entries_, {});
  // By index of the former plan's probes.
  std::vector<std::uint32_t> entry_of(before ? before->plan->probes.size() : 0, Layout::kNew);
  for (std::uint32_t i = 0; i < old.size(); ++i) {
    entry_of[old[i].probe] = i;
  }
  std::vector<std::uint32_t> renumbered(old.size(), TraceQueue::kGone);
  const Schedule old_schedule = std::exchange(schedule_, {});
  const TimePoint now = network_.clock.steady_now();
  entries_.reserve(static_cast<std::size_t>(std::ranges::count(layout_->loop_of_probe, number_)));
  const Duration round = Schedule::first_round(layout_->plan->probes.size());
  for (std::uint32_t probe = 0; probe < layout_->loop_of_probe.size(); ++probe) {
    if (layout_->loop_of_probe[probe] != number_) {
      continue;
    }
    const config::ProbeSpec& spec = layout_->plan->probes[probe];
    const std::uint32_t probe_before = layout_->probe_before[probe];
    const std::uint32_t place =
        probe_before == Layout::kNew ? Layout::kNew : entry_of[probe_before];
    if (place == Layout::kNew) {
      schedule_.add(spec.key, spec.timing->interval, now, round);
      entries_.emplace_back().take(*layout_, probe);
      continue;
    }
    Entry& kept = entries_.emplace_back(std::exchange(old[place], {}));
    kept.take(*layout_, probe);
    const auto index = schedule_.adopt(old_schedule, place, spec.key, spec.timing->interval, now);
    renumbered[place] = index;
    if (kept.flight != nullptr) {
      Launcher::set_token(kept.flight, index);
    }
  }
  traces_.renumber(renumbered);
  for (const Entry& gone : old) {
    if (gone.flight != nullptr) {
      launcher_.cancel(gone.flight);
    }
  }
  for (std::uint32_t check = 0; check < judges_.size(); ++check) {
    if (judges_[check].asked) {
      hasten(check, now);  // of a probe that is new here, or never run from now on
    }
  }
  mark(std::exchange(early_marks_, {}));
  look_now(std::exchange(early_looks_, {}));
  early_marks_.clear();
  early_looks_.clear();
  launcher_.go();
  arm(now);
}

void Runner::take_over_checks(const Layout* before) {
  const std::vector<Judge> old = std::exchange(judges_, {});
  const std::vector<config::Check>& checks = layout_->plan->checks;
  judges_.resize(checks.size());
  const TimePoint now = network_.clock.steady_now();
  const WallTime wall = network_.clock.wall_now();
  for (std::uint32_t check = 0; check < checks.size(); ++check) {
    if (!is_mine(*layout_, check)) {
      continue;
    }
    CheckStatus status = layout_->board->status(check);
    status.last_change = wall;
    judges_[check].machine = VerdictMachine(Verdict::unknown, status.has_been_up, now);
    const std::uint32_t found = layout_->check_before[check];
    if (found != Layout::kNew) {
      status = before->board->status(found);
      if (before->loop_of_probe[before->plan->checks[found].probe] == number_) {
        judges_[check].machine = old[found].machine;
        judges_[check].asked = old[found].asked;
      } else {
        judges_[check].machine = VerdictMachine(status.verdict, status.has_been_up, now);
      }
    } else if (const auto other = before ? before->board->find(checks[check].id) : std::nullopt) {
      // Of what its id looked at before nothing holds any more but what others hang on the id.
      status.modifiers = before->board->status(*other).modifiers;
      judges_[check].asked = old[*other].asked;
    }
    const auto& gate = checks[check].gate;
    judges_[check].timing = checks[check].timing.get();
    judges_[check].gate = gate ? &*gate : nullptr;
    const std::string_view held = gate ? layout_->gates.holds(*gate) : "";
    // What it said before may lie in the old plan.
    status.why = !held.empty() ? held : status.last ? "" : "not probed yet";
    const Verdict from = status.verdict;
    if (gate && gate->kind == config::Gate::Kind::never && from != Verdict::unknown) {
      judges_[check].machine = {};
      status.verdict = Verdict::unknown;
      status.last_change = wall;
      observer_.on_change(checks[check], from, status);
    }
    layout_->board->update(check, [&](CheckStatus& mine) { mine = std::move(status); });
  }
}

bool Runner::is_mine(const Layout& layout, std::uint32_t check) const noexcept {
  const std::uint8_t loop = layout.loop_of_probe[layout.plan->checks[check].probe];
  return loop == number_ || (loop == Layout::kNoLoop && number_ == 0);
}

void Runner::look_now(const std::vector<std::string>& checks) {
  if (stopping_) {
    return;
  }
  const TimePoint now = network_.clock.steady_now();
  for (const std::string& id : checks) {
    const auto check = layout_ ? layout_->board->find(id) : std::nullopt;
    if (!check) {
      early_looks_.push_back(id);
    } else if (is_mine(*layout_, static_cast<std::uint32_t>(*check))) {
      judges_[*check].asked = true;
      hasten(static_cast<std::uint32_t>(*check), now);
    }
  }
  arm(now);
}

void Runner::hasten(std::uint32_t check, TimePoint now) {
  const std::uint32_t probe = layout_->plan->checks[check].probe;
  const auto entry = std::ranges::lower_bound(entries_, probe, {}, &Entry::probe);
  if (entry == entries_.end() || entry->probe != probe) {
    settle(check);  // it is never probed
    return;
  }
  // What is being confirmed keeps its pace.
  if (std::ranges::none_of(entry->checks, [this](std::uint32_t other) {
        return judges_[other].machine.confirming();
      })) {
    schedule_.hasten(static_cast<std::uint32_t>(entry - entries_.begin()), now);
  }
}

void Runner::mark(const std::vector<std::pair<std::string, Modifiers>>& marks) {
  for (const auto& [id, modifiers] : marks) {
    const auto check = layout_ ? layout_->board->find(id) : std::nullopt;
    if (!check) {
      early_marks_.emplace_back(id, modifiers);
    } else if (is_mine(*layout_, static_cast<std::uint32_t>(*check))) {
      layout_->board->update(*check, [&](CheckStatus& status) { status.modifiers = modifiers; });
    }
  }
}

}  // namespace reachd::engine
