#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace reachd {

/// Why a probe ended as it did. A closed list (contract, section 2) in the contract's order; the
/// enumerators are the words that metrics, events and the API show.
enum class Reason : std::uint8_t {
  ok,
  // local: our own side failed; never counted against the target
  local_descriptors,
  local_permission,
  local_address,
  local_route,
  local_error,
  // resolve
  dns_nxdomain,
  dns_no_data,
  dns_timeout,
  dns_failure,
  // connect
  refused,
  timeout,
  admin_prohibited,
  local_firewall,
  host_unreachable,
  net_unreachable,
  reset,
  // proxy
  proxy_unreachable,
  proxy_auth,
  proxy_denied,
  proxy_error,
  // tls
  tls_handshake,
  tls_untrusted,
  tls_expired,
  tls_not_yet_valid,
  tls_name,
  tls_revoked,
  tls_intercepted,
  tls_version,
  // protocol
  no_reply,
  stalled,
  closed_early,
  protocol_mismatch,
  http_status,
  content_mismatch,
  echo_loss,
  // listen
  not_listening,
  wrong_process,
  wrong_address,
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::wrong_address) + 1;

/// Where a probe ended, independent of the reason: a handshake that stalls is `stalled` in phase
/// `tls`.
enum class Phase : std::uint8_t { none, resolve, connect, proxy, tls, request, listen };
inline constexpr std::size_t kPhaseCount = static_cast<std::size_t>(Phase::listen) + 1;

/// The word of the closed list, e.g. "admin_prohibited".
std::string_view to_string(Reason) noexcept;
/// "resolve", "connect", ...; empty for Phase::none.
std::string_view to_string(Phase) noexcept;
std::optional<Reason> parse_reason(std::string_view) noexcept;

/// The phase in which this reason usually ends, where a probe has nothing better to say.
Phase usual_phase(Reason) noexcept;
/// True for `local_*` but `local_firewall`: says nothing about the target, so it gives no verdict.
bool is_local_fault(Reason) noexcept;
/// What the reason means in a few words for a person, without a full stop: "nothing answered
/// (filtered)".
std::string_view describe(Reason) noexcept;

}  // namespace reachd
