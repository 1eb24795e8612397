#include "daemon/engine/verdict.hpp"

namespace reachd::engine {
namespace {

bool slow(const Outcome& outcome, const config::Timing& timing) noexcept {
  return timing.degraded_above && outcome.timings.total > *timing.degraded_above;
}

bool certificate_ends_soon(const Outcome& outcome, const config::Timing& timing,
                           WallTime now) noexcept {
  return outcome.tls && !outcome.tls->chain.empty() &&
         outcome.tls->chain.front().not_after - now < timing.certificate_near_end;
}

/// True if both speak for the same way out of `now`: from down, a degraded success is as good as a
/// clean one.
bool same_row(Verdict now, Proof a, Proof b) noexcept {
  return a == b || (now == Verdict::down && a != Proof::failure && b != Proof::failure);
}

}  // namespace

Verdict verdict_of(Proof proof) noexcept {
  switch (proof) {
    case Proof::failure:
      return Verdict::down;
    case Proof::degraded:
      return Verdict::degraded;
    case Proof::success:
      return Verdict::up;
    case Proof::none:
      break;
  }
  return Verdict::unknown;
}

Proof judge(const Outcome& outcome, const config::Timing& timing, bool had_reply,
            WallTime now) noexcept {
  if (is_local_fault(outcome.reason)) {
    return Proof::none;
  }
  if (outcome.reason == Reason::no_reply && !had_reply && !outcome.reply_owed) {
    return Proof::none;
  }
  if (!outcome.success()) {
    return Proof::failure;
  }
  const bool flawed =
      outcome.degraded || slow(outcome, timing) || certificate_ends_soon(outcome, timing, now);
  return flawed ? Proof::degraded : Proof::success;
}

std::string_view why_degraded(const Outcome& outcome, const config::Timing& timing,
                              WallTime now) noexcept {
  if (!outcome.success() || outcome.degraded) {
    return "";
  }
  if (certificate_ends_soon(outcome, timing, now)) {
    return "the certificate is near its end";
  }
  return slow(outcome, timing) ? "slower than degraded_above" : "";
}

void VerdictMachine::become(Verdict verdict) noexcept {
  verdict_ = verdict;
  row_ = 0;
  row_of_ = Proof::none;
}

VerdictMachine::Step VerdictMachine::observe(Proof proof, const config::Timing& timing,
                                             TimePoint now) noexcept {
  const Verdict before = verdict_;
  if (proof == Proof::none) {
    if (verdict_ != Verdict::unknown && now - proved_ >= timing.interval * timing.stale_after) {
      become(Verdict::unknown);
    }
  } else {
    proved_ = now;
    had_reply_ = had_reply_ || proof != Proof::failure;
    const Verdict wanted = verdict_of(proof);
    if (wanted == verdict_) {
      become(verdict_);
    } else {
      row_ = same_row(verdict_, row_of_, proof) ? static_cast<std::uint16_t>(row_ + 1)
                                                : std::uint16_t{1};
      row_of_ = proof;
      const bool at_once = verdict_ == Verdict::unknown && proof != Proof::failure;
      const std::uint16_t needed = proof == Proof::failure ? timing.down_after : timing.up_after;
      if (at_once || row_ >= needed) {
        become(wanted);
      }
    }
  }
  return {.from = verdict_ == before ? std::nullopt : std::optional(before), .confirm = row_ > 0};
}

}  // namespace reachd::engine
