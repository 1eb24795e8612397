#include "daemon/alert/sinks/wording.hpp"

#include <algorithm>
#include <vector>

#include "daemon/alert/messages.hpp"
#include "daemon/json/time.hpp"
#include "probes/core/words.hpp"

namespace reachd::alert {
namespace {

using event::Kind;

/// "TCP from beacon-1 to erp.example.com (10.0.0.5, 10.0.0.6) port 3300": a firewall team works
/// with addresses.
std::string way_of(const event::Event& event) {
  const event::Identity& check = *event.check;
  std::string transport = check.transport;
  std::ranges::transform(transport, transport.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  std::vector<std::string> addresses;
  for (const event::Evidence::Attempt& attempt : event.evidence.attempts) {
    const std::string& address = attempt.address;
    const bool known = std::ranges::find(addresses, address) != addresses.end();
    if (!address.empty() && address != check.host && !known) {
      addresses.push_back(address);
    }
  }
  const std::string list = addresses.empty() ? "" : " (" + join(addresses, ", ") + ")";
  return transport + " from " + event.vantage + " to " + check.host + list +
         (check.port == 0 ? std::string() : " port " + std::to_string(check.port));
}

std::string from_offender(const event::Event& event) {
  return event.evidence.offender.empty() ? "A firewall or router" : event.evidence.offender;
}

}  // namespace

bool is_recovery(const event::Event& event) noexcept {
  return event.kind == Kind::check_up || event.kind == Kind::journal_recovered ||
         (event.kind == Kind::check_degraded && event.from == engine::Verdict::down);
}

std::string headline(const event::Event& event) {
  if (!event.check) {
    return event.message;
  }
  const std::string who = title(*event.check);
  switch (event.kind) {
    case Kind::check_down:
      return who + " is down";
    case Kind::check_up:
      return who + " is up again";
    case Kind::check_degraded:
      return who + " is degraded";
    case Kind::check_unknown:
      return who + " can't be judged";
    case Kind::check_flapping:
      return who + " comes and goes";
    case Kind::certificate_expiring:
      return "the certificate of " + who + " nears its end";
    default:
      return event.message;
  }
}

std::string clock_text(WallTime time) {
  const std::string text = json::rfc3339(time);
  return text.substr(0, 10) + " " + text.substr(11, 8) + " UTC";
}

std::string advice(const event::Event& event) {
  if (!event.check || event.kind != Kind::check_down || !event.reason) {
    return {};
  }
  const event::Identity& check = *event.check;
  const std::string way = way_of(event);
  switch (*event.reason) {
    case Reason::timeout:
    case Reason::no_reply:
      return "Ask the firewall team to allow " + way +
             ".\nNothing answers: a firewall on the way drops it, or the host is off.";
    case Reason::admin_prohibited:
      return "Ask the firewall team to allow " + way + ".\n" + from_offender(event) +
             " said that it is prohibited.";
    case Reason::host_unreachable:
    case Reason::net_unreachable:
      return "Ask the network team for the way of " + way + ".\n" + from_offender(event) +
             " said that it can't get there.";
    case Reason::refused:
    case Reason::reset:
      return "Ask whoever runs " + check.host +
             " whether the service is up.\nIf it is, ask the firewall team whether something on "
             "the way rejects " +
             way + ".";
    case Reason::local_firewall:
      return "Allow " + way + " in the firewall of " + event.vantage + " itself.";
    case Reason::dns_nxdomain:
    case Reason::dns_no_data:
    case Reason::dns_timeout:
    case Reason::dns_failure:
      return "Ask the DNS team why " + event.vantage + " can't resolve " + check.host + ".";
    case Reason::proxy_unreachable:
    case Reason::proxy_auth:
    case Reason::proxy_denied:
    case Reason::proxy_error:
      return "Ask whoever runs the proxy to let " + way + " through.";
    case Reason::tls_intercepted:
      return "Ask the proxy or firewall team to leave " + check.host + " out of TLS inspection.";
    case Reason::tls_untrusted:
    case Reason::tls_expired:
    case Reason::tls_not_yet_valid:
    case Reason::tls_name:
    case Reason::tls_revoked:
      return "Ask whoever runs " + check.host + " to look at its certificate.";
    case Reason::not_listening:
      return "Start the service on " + event.vantage + " that others expect there.";
    default:
      return {};
  }
}

}  // namespace reachd::alert
