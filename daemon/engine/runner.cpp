#include "daemon/engine/runner.hpp"

#include <algorithm>
#include <utility>

#include "daemon/engine/prefetch.hpp"

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;

/// What is due within so long after a wake-up is taken together with the next: at 10,000 probes a
/// second that saves 9,500 wake-ups.
constexpr Duration kBatch = 2ms;
/// So many are taken at one wake-up; what is due beyond waits for the next, so that a loop that
/// fell behind still hears of what has ended and of a stop.
constexpr std::size_t kMostAtOnce = 128;
/// The loop shows that it moves at least so often.
constexpr Duration kHeartbeat = 2s;
/// A wake-up that comes so late means that the process stood still.
constexpr Duration kStoodStill = 2s;
/// Flights with this bit in their token are traces.
constexpr std::uint32_t kTraceToken = 0x80000000;

void count(CheckStatus& status, const Outcome& outcome) {
  ++status.probes;
  if (!outcome.success()) {
    ++status.failures;
  }
  const auto found =
      std::ranges::find(status.results, outcome.reason, &std::pair<Reason, std::uint64_t>::first);
  if (found != status.results.end()) {
    ++found->second;
  } else {
    status.results.emplace_back(outcome.reason, 1);
  }
}

bool is_silent(const Attempt& attempt) noexcept {
  return attempt.reason == Reason::timeout && attempt.phase == Phase::connect && attempt.endpoint &&
         attempt.endpoint->port != 0;
}

bool is_silence(const Outcome& outcome) noexcept {
  return outcome.reason == Reason::timeout && outcome.phase == Phase::connect;
}

}  // namespace

void Runner::Entry::take(const Layout& layout, std::uint32_t its_probe) {
  probe = its_probe;
  spec = &layout.plan->probes[probe];
  checks = layout.checks_of_probe.of(probe);
}

Runner::Runner(const net::Network& network, std::uint8_t number, std::uint32_t concurrency,
               Observer& observer, MakeTracer make_tracer)
    : network_(network),
      number_(number),
      observer_(observer),
      make_tracer_(std::move(make_tracer)),
      launcher_(network_, concurrency,
                [this](std::uint32_t token, Outcome& outcome, TimePoint now) {
                  if ((token & kTraceToken) != 0) {
                    traced(token & ~kTraceToken, outcome, now);
                  } else {
                    finished(token, outcome, now);
                  }
                }),
      timer_(network.executor),
      last_progress_(network.clock.steady_now()) {
  arm(last_progress_);
}

void Runner::settle(std::uint32_t check) {
  judges_[check].asked = false;
  observer_.on_settled(layout_->plan->checks[check], layout_->board->status(check));
}

void Runner::stop() {
  stopping_ = true;
  ++arming_;
  timer_.cancel();
  launcher_.stop();
  network_.deadlines.stop();
}

void Runner::arm(TimePoint now) {
  TimePoint next = now + kHeartbeat;
  if (launcher_.has_room()) {
    // At most one wake-up in a batch's time; after a pause the next is on time.
    next = std::min(next,
                    std::max(std::min(schedule_.next_due(), traces_.next()), last_wake_ + kBatch));
  }
  if (next >= armed_for_ || stopping_) {
    return;
  }
  armed_for_ = next;
  timer_.expires_at(next);
  timer_.async_wait([this, arming = ++arming_](const boost::system::error_code& ec) {
    if (!ec && arming == arming_) {
      wake();
    }
  });
}

void Runner::wake() {
  const TimePoint now = network_.clock.steady_now();
  last_progress_ = now;
  last_wake_ = now;
  if (now - armed_for_ > kStoodStill) {
    if (const std::size_t moved = schedule_.catch_up(now); moved > 0) {
      observer_.on_skip(Skip::suspended, moved);
    }
  }
  armed_for_ = TimePoint::max();
  start_traces(now);
  launch_due(now);
  arm(now);
}

bool Runner::wants_light(const Entry& entry, TimePoint now) const {
  const config::ProbeSpec& spec = *entry.spec;
  // What a full probe found wrong only another full one can put right.
  return spec.light && entry.full_was_good && now - entry.last_full < spec.timing->handshake_every;
}

void Runner::launch_due(TimePoint now) {
  for (std::size_t left = kMostAtOnce; left > 0 && launcher_.has_room(); left -= due_.size()) {
    take_due(now, std::min(left, launcher_.room()));
    if (due_.empty()) {
      break;
    }
    fetch_due();
    for (const Schedule::Due& due : due_) {
      launch(due, now);
    }
  }
  starved_ = !launcher_.has_room();
  launcher_.go();
  in_flight_ = launcher_.in_flight();
}

void Runner::take_due(TimePoint now, std::size_t most) {
  due_.clear();
  while (due_.size() < most) {
    const auto due = schedule_.pop_due(now);
    if (!due) {
      break;
    }
    due_.push_back(*due);
  }
}

void Runner::fetch_due() const noexcept {
  // In rounds, because what is asked for in one tells where to find what the next asks for.
  for (const Schedule::Due& due : due_) {
    prefetch(entries_[due.index]);
  }
  for (const Schedule::Due& due : due_) {
    const Entry& entry = entries_[due.index];
    prefetch(*entry.spec);
    prefetch(entry.checks.front());
  }
  for (const Schedule::Due& due : due_) {
    const Entry& entry = entries_[due.index];
    prefetch(*entry.spec->probe);
    for (const std::uint32_t check : entry.checks) {
      prefetch(judges_[check]);
      layout_->board->fetch(check);
    }
  }
}

void Runner::launch(const Schedule::Due& due, TimePoint now) {
  Entry& entry = entries_[due.index];
  const config::ProbeSpec& spec = *entry.spec;
  entry.lag = due.lag;
  entry.light = wants_light(entry, now);
  if (!entry.light) {
    entry.last_full = now;
  }
  entry.flight = launcher_.start({.spec = &spec,
                                  .probe = entry.light ? spec.light.get() : spec.probe.get(),
                                  .owner = layout_->plan,
                                  .token = due.index},
                                 now);
}

void Runner::finished(std::uint32_t index, Outcome& outcome, TimePoint now) {
  Entry& entry = entries_[index];
  entry.flight = nullptr;
  if (entry.light) {
    // A light probe sees no certificate: what the last full one saw still holds.
    const CheckStatus status = layout_->board->status(entry.checks.front());
    if (status.last) {
      outcome.tls = status.last->tls;
      outcome.facts = status.last->facts;
    }
  } else {
    // After a local fault too: it saw nothing, so the next one has to look.
    entry.full_was_good = outcome.success() && !outcome.degraded;
  }
  if (outcome.reason == Reason::local_descriptors) {
    observer_.on_skip(Skip::descriptors, 1);
    descriptor_warning_.write(now, "out of descriptors: probes are left out, no verdict suffers",
                              {{"in_flight", launcher_.in_flight()}});
  }
  observer_.on_probe(*entry.spec->type, outcome, entry.lag);

  const auto shared = std::make_shared<const Outcome>(std::move(outcome));
  const WallTime wall = network_.clock.wall_now();
  std::optional<Duration> again;
  bool fell_silent = false;
  for (const std::uint32_t check : entry.checks) {
    const Judged judged = judge_check(check, shared, now, wall);
    fell_silent = fell_silent || judged.fell_silent;
    if (judged.confirm) {
      const Duration confirm = layout_->plan->checks[check].timing->confirm_interval;
      again = again ? std::min(*again, confirm) : confirm;
    }
  }
  if (fell_silent) {
    want_path(index, *shared, now);
  }
  if (again) {
    // Of a check that looks less often than another one of the same probe.
    again = std::min(*again, entry.spec->timing->interval);
  }
  if (const auto missed = schedule_.finished(index, now, again); missed > 0) {
    observer_.on_skip(Skip::overlap, missed);
  }
  in_flight_ = launcher_.in_flight();
  if (starved_) {
    launch_due(now);
  }
  arm(now);
}

Runner::Judged Runner::judge_check(std::uint32_t index,
                                   const std::shared_ptr<const Outcome>& outcome, TimePoint now,
                                   WallTime wall) {
  if (!layout_->plan->groups.empty() && !is_local_fault(outcome->reason)) {
    for (const std::uint32_t group : layout_->groups_of_check.of(index)) {
      layout_->gates.saw(group, outcome->success());
    }
  }
  auto& [machine, asked, timing, gate] = judges_[index];
  const std::string_view held = gate != nullptr ? layout_->gates.holds(*gate) : "";
  const Proof proof =
      held.empty() ? judge(*outcome, *timing, machine.had_reply(), wall) : Proof::none;
  const VerdictMachine::Step step = machine.observe(proof, *timing, now);
  std::optional<CheckStatus> changed;
  bool fell_silent = false;
  layout_->board->update(index, [&](CheckStatus& status) {
    count(status, *outcome);
    const bool was_silent = status.last && is_silence(*status.last);
    status.last = outcome;
    status.verdict = machine.verdict();
    if (status.verdict != Verdict::down ||
        (!is_silence(*outcome) && !is_local_fault(outcome->reason))) {
      status.path = nullptr;  // it is no answer to what is wrong now
    } else if (is_silence(*outcome) && !status.path) {
      fell_silent = step.from || !was_silent;
    }
    status.why = "";
    if (status.verdict == Verdict::unknown) {
      // What failed on our own side says so itself, and nothing of what a gate waits for.
      status.why = is_local_fault(outcome->reason) ? kNoProof
                   : !held.empty()                 ? held
                   : machine.confirming()          ? "failures are being confirmed"
                                                   : kNoProof;
    } else if (status.verdict == Verdict::degraded) {
      status.why = why_degraded(*outcome, *timing, wall);
    }
    if (step.from) {
      const bool goes_on = !status.observed && status.verdict == status.remembered;
      status.observed = true;
      status.has_been_up = status.has_been_up || status.verdict == Verdict::up ||
                           status.verdict == Verdict::degraded;
      status.last_change = goes_on ? status.remembered_since : wall;
      changed = status;
    }
  });
  if (changed) {
    observer_.on_change(layout_->plan->checks[index], *step.from, *changed);
    if (changed->verdict == Verdict::up || changed->verdict == Verdict::degraded) {
      for (const Attempt& attempt : outcome->attempts) {
        if (attempt.success() && attempt.endpoint) {
          traces_.answers(*attempt.endpoint);
        }
      }
    }
  }
  if (asked && !step.confirm) {
    settle(index);
  }
  return {.confirm = step.confirm, .fell_silent = fell_silent};
}

void Runner::want_path(std::uint32_t index, const Outcome& outcome, TimePoint now) {
  const Entry& entry = entries_[index];
  const auto silent = std::ranges::find_if(outcome.attempts, &is_silent);
  if (entry.spec->type->transport != Transport::tcp || silent == outcome.attempts.end()) {
    return;
  }
  switch (traces_.want(*silent->endpoint, index, now)) {
    case TraceQueue::Answer::queued:
      break;
    case TraceQueue::Answer::known:
      show_path(entry, traces_.path(*silent->endpoint, now));
      break;
    case TraceQueue::Answer::full:
      trace_warning_.write(now, "too many ports fell silent at once to trace the way to each",
                           {{"not_traced", silent->endpoint->to_string()}});
      break;
  }
}

void Runner::start_traces(TimePoint now) {
  while (launcher_.has_room()) {
    const auto job = traces_.pop(now);
    if (!job) {
      return;
    }
    const auto slot = std::ranges::find(tracing_, std::optional<Endpoint>());
    *slot = job->endpoint;
    const auto spec =
        trace_spec(*entries_[job->wanted_by.front()].spec, job->endpoint, make_tracer_);
    launcher_.start({.spec = spec.get(),
                     .probe = spec->probe.get(),
                     .owner = spec,
                     .token = kTraceToken | static_cast<std::uint32_t>(slot - tracing_.begin())},
                    now);
  }
}

void Runner::traced(std::uint32_t slot, const Outcome& outcome, TimePoint now) {
  const Endpoint endpoint = *std::exchange(tracing_[slot], std::nullopt);
  for (const std::uint32_t index : traces_.ended(endpoint, outcome.path, now)) {
    if (outcome.path) {
      show_path(entries_[index], outcome.path);
    }
  }
  in_flight_ = launcher_.in_flight();
  if (starved_) {
    launch_due(now);
  }
  arm(now);
}

void Runner::show_path(const Entry& entry, const std::shared_ptr<const Path>& path) {
  for (const std::uint32_t check : entry.checks) {
    layout_->board->update(check, [&path](CheckStatus& status) {
      if (status.verdict == Verdict::down && status.last && is_silence(*status.last)) {
        status.path = path;
      }
    });
  }
}

}  // namespace reachd::engine
