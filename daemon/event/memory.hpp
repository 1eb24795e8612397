#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"

namespace reachd::event {

/// How far the telling of an outage has come.
enum class Standing : std::uint8_t {
  clear,    ///< there is nothing to tell
  pending,  ///< down and not told yet: its event waits for what is known of its parents
  held,     ///< told with `suppressed_by`: no alert
  told,     ///< its alert is open
};
/// "clear", "pending", "held", "told"
std::string_view to_string(Standing) noexcept;
std::optional<Standing> parse_standing(std::string_view word) noexcept;

/// What has to be remembered of a check across restarts beside its state, so that nothing is told
/// twice and nothing is forgotten (journal::CheckRow::extra).
struct Memory {
  struct Outage {
    Standing standing = Standing::clear;
    engine::Verdict from = engine::Verdict::unknown;
    WallTime since{};  ///< when it went down
    std::optional<Reason> reason;
    Phase phase = Phase::none;
    engine::Modifier by = engine::Modifier::none;
    std::string parent;  ///< id; empty: none

    bool operator==(const Outage&) const = default;
  };
  struct Certificate {
    WallTime end{};            ///< of the certificate that was told of
    std::uint8_t crossed = 0;  ///< thresholds that were told
    bool operator==(const Certificate&) const = default;
  };

  std::optional<Outage> outage;
  config::Severity severity = config::Severity::info;  ///< of the outage or the flapping
  bool flapping = false;
  std::vector<WallTime> changes;  ///< that count for flapping, oldest first
  std::optional<Certificate> certificate;

  bool empty() const noexcept { return !outage && !flapping && changes.empty() && !certificate; }
  bool operator==(const Memory&) const = default;
};

}  // namespace reachd::event
