#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "probes/core/probe.hpp"
#include "probes/net/http.hpp"

namespace reachd {

/// What an HTTP response says of the two management protocols of the DMTF. Pure.
namespace wbem {

struct Judgement {
  enum class Kind : std::uint8_t {
    up,
    degraded,  ///< it says that it does not serve now
    other,     ///< an HTTP server, but nothing shows that it is what was asked for
  };
  Kind kind = Kind::other;
  std::string message;  ///< one sentence
  ServiceFacts facts;
};

/// CIM operations over HTTP (DSP0200, 7): CIM headers, or a demand for a login that names a
/// scheme.
Judgement judge_cim(const net::HttpResponse& response);
/// WS-Management (DSP0226, 11; MS-WSMV, 3.1.4.1.23): an answer to Identify, a SOAP fault, a demand
/// for a login that names a scheme, or a method that is not allowed.
Judgement judge_winrm(const net::HttpResponse& response);

/// The text of the first element of that name, whatever its prefix; empty if there is none or it
/// holds other elements. No XML parser: enough for what is only shown.
std::string_view element_text(std::string_view xml, std::string_view name) noexcept;

}  // namespace wbem

/// Asks a CIM server for the names of the instances of CIM_ObjectManager, without a login. Keys:
/// `security` (none or tls; tls is the default of https:// and of port 5989), `tls`
/// (net::read_tls), `proxy`, `proxy_user`, `proxy_password`, `no_proxy`, `source`, `close`.
ProbeType cim_probe_type();
/// Asks a WS-Management service such as WinRM to identify itself, without a login. Keys as of cim;
/// tls is the default of port 5986.
ProbeType winrm_probe_type();

}  // namespace reachd
