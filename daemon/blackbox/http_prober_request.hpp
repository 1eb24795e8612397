#pragma once

#include <expected>
#include <optional>
#include <string>

#include "daemon/blackbox/http_prober_cookies.hpp"
#include "daemon/blackbox/run.hpp"
#include "probes/core/address.hpp"
#include "probes/core/target.hpp"
#include "probes/net/http.hpp"
#include "probes/net/proxy.hpp"

namespace reachd::blackbox {

/// One request of the chain that redirects make.
struct Hop {
  Target url;
  std::string method;
  std::string body;
  std::string host;                  ///< the header Host
  std::optional<IpAddress> address;  ///< where `url` is, if that was found out here
  bool own = true;                   ///< to the host that the probe was asked for
  bool may_know = true;  ///< credentials may go there: its own host, and not down from https
};

/// The first one: "http://" stands before a target without a scheme, and the body is read from its
/// file. The error is a sentence.
std::expected<Hop, std::string> first_hop(const Run& run);

/// Where `location`, which came with `status`, leads from `hop`, as Go's client follows it. The
/// error is a sentence.
std::expected<Hop, std::string> next_hop(const Hop& first, const Hop& hop, int status,
                                         const std::string& location);

/// The name in a Host header, without its port.
std::string host_name(const std::string& header);

/// The request of a hop with the module's headers, credentials and the cookies so far; `absolute`
/// is the proxy that is asked in absolute-form, or null. Reads the files that hold secrets. To
/// another host than the probe's go only the headers that can't be credentials. The error is a
/// sentence.
std::expected<net::HttpRequest, std::string> make_request(const Run& run, const Hop& hop,
                                                          const CookieJar& cookies,
                                                          const net::ProxyOptions* absolute);

}  // namespace reachd::blackbox
