#include "daemon/alert/classes.hpp"

namespace reachd::alert {

event::AlertName class_of(Reason reason, bool optional) noexcept {
  using event::AlertName;
  switch (reason) {
    case Reason::dns_nxdomain:
    case Reason::dns_no_data:
    case Reason::dns_timeout:
    case Reason::dns_failure:
      return AlertName::name_resolution_failing;
    case Reason::tls_untrusted:
    case Reason::tls_expired:
    case Reason::tls_not_yet_valid:
    case Reason::tls_name:
    case Reason::tls_revoked:
      return AlertName::certificate_invalid;
    case Reason::tls_intercepted:
      return AlertName::tls_intercepted;
    case Reason::wrong_process:
      return AlertName::wrong_process_on_port;
    default:
      return optional ? AlertName::optional_port_closed : AlertName::required_port_closed;
  }
}

bool is_silence(Reason reason) noexcept {
  switch (reason) {
    case Reason::dns_timeout:
    case Reason::dns_failure:
    case Reason::timeout:
    case Reason::host_unreachable:
    case Reason::net_unreachable:
    case Reason::proxy_unreachable:
      return true;
    default:
      return false;
  }
}

bool is_resolver_failure(Reason reason, Phase phase) noexcept {
  return phase == Phase::resolve &&
         (reason == Reason::dns_timeout || reason == Reason::dns_failure);
}

}  // namespace reachd::alert
