#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"

namespace reachd::event {

/// What an alert says is wrong (contract, 7): one name per class of failure, fixed from the
/// confirming probe until recovery.
enum class AlertName : std::uint8_t {
  required_port_closed,
  optional_port_closed,
  name_resolution_failing,
  certificate_invalid,
  certificate_expiring,
  tls_intercepted,
  wrong_process_on_port,
  monitor_degraded,
};
/// "RequiredPortClosed"
std::string_view to_string(AlertName) noexcept;
std::optional<AlertName> parse_alert_name(std::string_view word) noexcept;

/// A state, not a happening: open from the confirming probe until recovery, then kept for a while
/// so that receivers hear of its end. Identity is `key`; all that may change while it is open are
/// the annotations.
struct Alert {
  std::string key;  ///< "RequiredPortClosed|flexera.3.batch-server/..."; same key, same alert
  AlertName name = AlertName::required_port_closed;
  config::Severity severity = config::Severity::info;
  std::string vantage;
  std::optional<Identity> check;  ///< none: about the daemon itself
  WallTime since{};               ///< when it was opened
  std::optional<WallTime> ended;  ///< when it was resolved; none: open

  // Annotations: as known last.
  std::string reason;
  std::string phase;
  std::string message;
  std::string address;
  std::string offender;
  std::string path;                   ///< the sentence of the newest trace; empty: none yet
  std::vector<std::string> affected;  ///< ids of what it takes with it; at most kMostAffected
  std::size_t affected_count = 0;
  std::vector<std::string> also_for;  ///< as of an event; no annotation
  bool flapping = false;

  bool operator==(const Alert&) const = default;
};

}  // namespace reachd::event
