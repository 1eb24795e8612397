#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probes/core/pattern.hpp"
#include "probes/core/probe.hpp"
#include "probes/core/secret.hpp"
#include "probes/net/dial.hpp"

namespace reachd {

/// What an `http` check asks for and expects; immutable. The keys are described in
/// config/README.md, "Probe types".
struct HttpSettings {
  struct StatusRange {
    int first = 0;
    int last = 0;
  };
  struct HeaderRule {
    std::string name;
    Pattern pattern;
  };

  Target target;  ///< always with scheme http or https and a path
  std::string method = "GET";
  std::vector<std::pair<std::string, Secret>> headers;
  Secret authorization;  ///< the whole value of Authorization, from `basic` or `bearer`
  std::string accept_encoding;
  std::string body;
  std::vector<StatusRange> expect_status;  ///< empty: below 500 is up, the rest degraded
  std::vector<Pattern> expect_body;        ///< all must be found
  std::vector<Pattern> reject_body;        ///< none may be found
  std::vector<HeaderRule> expect_header;
  std::vector<HeaderRule> reject_header;
  bool follow_redirects = true;
  int max_redirects = 5;
  std::size_t max_body = 0;
  net::TcpOptions tcp;
  std::shared_ptr<const net::ProxyOptions> proxy;        ///< its no_proxy is asked for each hop
  std::shared_ptr<const net::TlsOptions> tls;            ///< for the target's own origin
  std::shared_ptr<const net::TlsOptions> tls_elsewhere;  ///< the same without server_name

  bool wants_body() const noexcept { return !expect_body.empty() || !reject_body.empty(); }
};

/// Reads the keys of an `http` check; problems go to the reader's diagnostics.
HttpSettings read_http_settings(const Target& target, Reader& params);

}  // namespace reachd
