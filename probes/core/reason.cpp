#include "probes/core/reason.hpp"

#include <algorithm>

namespace reachd {
namespace {

struct ReasonRow {
  std::string_view word;
  Phase phase;
  bool local_fault;
  std::string_view meaning;
};

constexpr std::array<ReasonRow, kReasonCount> kReasons{{
    {"ok", Phase::none, false, "reachable"},
    {"local_descriptors", Phase::none, true, "this process is out of file descriptors"},
    {"local_permission", Phase::none, true, "this process may not open the socket it needs"},
    {"local_address", Phase::none, true, "no local address or port is free"},
    {"local_route", Phase::none, true, "this host has no route to the address"},
    {"local_error", Phase::none, true, "this host failed to run the probe"},
    {"dns_nxdomain", Phase::resolve, false, "the name does not exist"},
    {"dns_no_data", Phase::resolve, false, "the name has no address"},
    {"dns_timeout", Phase::resolve, false, "no name server answered in time"},
    {"dns_failure", Phase::resolve, false, "the name server could not answer"},
    {"refused", Phase::connect, false,
     "refused: nothing listens on the port, or a firewall answers with a reset"},
    {"timeout", Phase::connect, false,
     "no answer: silently dropped on the way, or the host is off"},
    {"admin_prohibited", Phase::connect, false, "rejected by a firewall"},
    {"local_firewall", Phase::connect, false, "rejected by this host's own firewall"},
    {"host_unreachable", Phase::connect, false, "the host can't be reached"},
    {"net_unreachable", Phase::connect, false, "the network can't be reached"},
    {"reset", Phase::connect, false, "the connection was reset"},
    {"proxy_unreachable", Phase::proxy, false, "the proxy can't be reached"},
    {"proxy_auth", Phase::proxy, false, "the proxy asks for credentials or refuses ours"},
    {"proxy_denied", Phase::proxy, false, "the proxy forbids the target"},
    {"proxy_error", Phase::proxy, false, "the proxy failed to connect to the target"},
    {"tls_handshake", Phase::tls, false, "the TLS handshake failed"},
    {"tls_untrusted", Phase::tls, false, "the certificate is not from a trusted authority"},
    {"tls_expired", Phase::tls, false, "the certificate has expired"},
    {"tls_not_yet_valid", Phase::tls, false, "the certificate is not valid yet"},
    {"tls_name", Phase::tls, false, "the certificate is for another name"},
    {"tls_revoked", Phase::tls, false, "the certificate is revoked"},
    {"tls_intercepted", Phase::tls, false,
     "the certificate is not from an expected issuer: TLS is intercepted"},
    {"tls_version", Phase::tls, false, "no TLS version in common"},
    {"no_reply", Phase::request, false, "no reply: open or filtered, UDP can't tell"},
    {"stalled", Phase::request, false, "connected, then silence"},
    {"closed_early", Phase::request, false, "the peer closed before it answered"},
    {"protocol_mismatch", Phase::request, false, "something else answers on the port"},
    {"http_status", Phase::request, false, "the HTTP status is not an expected one"},
    {"content_mismatch", Phase::request, false, "the answer does not hold what is expected"},
    {"echo_loss", Phase::request, false, "echo replies are missing"},
    {"not_listening", Phase::listen, false, "nothing listens on the port"},
    {"wrong_process", Phase::listen, false, "another process listens on the port"},
    {"wrong_address", Phase::listen, false, "it listens on another address only"},
}};

constexpr std::array<std::string_view, kPhaseCount> kPhases{"",    "resolve", "connect", "proxy",
                                                            "tls", "request", "listen"};

const ReasonRow& row(Reason reason) noexcept { return kReasons[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view to_string(Reason reason) noexcept { return row(reason).word; }

std::string_view to_string(Phase phase) noexcept {
  return kPhases[static_cast<std::size_t>(phase)];
}

std::optional<Reason> parse_reason(std::string_view word) noexcept {
  const auto found = std::ranges::find(kReasons, word, &ReasonRow::word);
  if (found == kReasons.end()) {
    return std::nullopt;
  }
  return static_cast<Reason>(found - kReasons.begin());
}

Phase usual_phase(Reason reason) noexcept { return row(reason).phase; }

bool is_local_fault(Reason reason) noexcept { return row(reason).local_fault; }

std::string_view describe(Reason reason) noexcept { return row(reason).meaning; }

}  // namespace reachd
