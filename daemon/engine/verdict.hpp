#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/settings.hpp"
#include "daemon/engine/board.hpp"
#include "probes/core/outcome.hpp"

namespace reachd::engine {

/// What one outcome proves about its check.
enum class Proof : std::uint8_t {
  none,      ///< nothing: our own side failed, or a silence that may as well be a filter's
  failure,   ///< it can't be reached
  degraded,  ///< it can, but something is wrong
  success,
};

/// Judges one outcome. `had_reply`: the check has succeeded before, so silence after a UDP request
/// (`no_reply`) now means something, as it does where the protocol owes a reply. Local faults prove
/// nothing, but this host's own firewall does.
Proof judge(const Outcome& outcome, const config::Timing& timing, bool had_reply,
            WallTime now) noexcept;

/// The verdict that the proof speaks for.
Verdict verdict_of(Proof proof) noexcept;

/// Why a verdict is unknown where there were results.
inline constexpr std::string_view kNoProof = "nothing has proved it either way";

/// A sentence for a success that is degraded for a reason of the timing's (slow, certificate near
/// its end); empty if not, or if the outcome explains itself.
std::string_view why_degraded(const Outcome& outcome, const config::Timing& timing,
                              WallTime now) noexcept;

/// Turns proofs into a verdict (contract, 1). Pure and small: one a check.
///
/// - unknown: the first success is believed at once (nothing contradicts it); a down needs the same
///   confirmation as from up.
/// - to down: `down_after` failures in a row.
/// - from down: `up_after` successes in a row, clean or degraded; the last one decides which.
/// - between up and degraded: `up_after` successes of the other kind in a row.
/// - to unknown: `stale_after` intervals without any proof; then as at the beginning.
/// Whatever proves nothing neither adds to a row nor breaks it.
class VerdictMachine {
 public:
  struct Step {
    std::optional<Verdict> from;  ///< set if the verdict changed
    bool confirm = false;         ///< a change is under way: probe again after the confirm_interval
  };

  VerdictMachine() = default;
  /// Goes on from a verdict reached elsewhere, as if it had just been proved.
  VerdictMachine(Verdict verdict, bool had_reply, TimePoint now) noexcept
      : proved_(now), verdict_(verdict), had_reply_(had_reply) {}

  Step observe(Proof proof, const config::Timing& timing, TimePoint now) noexcept;
  Verdict verdict() const noexcept { return verdict_; }
  bool had_reply() const noexcept { return had_reply_; }
  /// Failures are being confirmed, or successes: a row has begun.
  bool confirming() const noexcept { return row_ > 0; }

 private:
  void become(Verdict verdict) noexcept;

  TimePoint proved_{};     ///< when the last proof came, of either kind
  std::uint16_t row_ = 0;  ///< proofs in a row that speak for another verdict than the present one
  Proof row_of_ = Proof::none;  ///< their kind: the last one's
  Verdict verdict_ = Verdict::unknown;
  bool had_reply_ = false;
};

}  // namespace reachd::engine
