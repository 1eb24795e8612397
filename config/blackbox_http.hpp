#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/blackbox_parts.hpp"
#include "probes/core/pattern.hpp"
#include "probes/core/secret.hpp"
#include "probes/core/target.hpp"

/// The block `http` of `blackbox.yml`.
namespace reachd::config::blackbox {

struct HeaderMatch {
  std::string header;
  Pattern pattern;
  bool allow_missing = false;
};

/// The HTTP client's settings that Prometheus' programs share.
struct HttpClient {
  struct BasicAuth {
    Source username;
    Source password;
  };
  struct Authorization {
    std::string type = "Bearer";
    Source credentials;
  };
  struct Header {
    std::string name;
    std::vector<Source> values;  ///< a line each
  };
  struct Proxy {
    bool socks5 = false;  ///< RFC 1928; else HTTP
    Target server;
    std::string user;
    Secret password;
  };

  std::optional<BasicAuth> basic_auth;         ///< or
  std::optional<Authorization> authorization;  ///< of bearer_token too
  TlsConfig tls_config;
  bool follow_redirects = true;
  std::optional<Proxy> http_proxy;    ///< for http:// targets; of `proxy_url` or the environment
  std::optional<Proxy> https_proxy;   ///< for https:// targets
  std::vector<std::string> no_proxy;  ///< go direct: hosts, .suffixes, networks, "*"
  std::vector<Header> proxy_connect_header;
  std::vector<Header> http_headers;
};

struct Http {
  enum class Compression : std::uint8_t { none, identity, gzip, deflate };

  AddressChoice address;
  bool skip_resolve_with_proxy = false;
  std::vector<int> valid_status_codes;           ///< empty: 200 to 299
  std::vector<std::string> valid_http_versions;  ///< "HTTP/1.1"; empty: any
  std::string method = "GET";
  std::vector<std::pair<std::string, Secret>> headers;
  Source body;                                  ///< as it is, not trimmed
  std::uint64_t body_size_limit = 0;            ///< bytes after decompression; 0: none
  Compression compression = Compression::none;  ///< what the answer has to be encoded with
  bool fail_if_ssl = false;
  bool fail_if_not_ssl = false;
  std::vector<Pattern> fail_if_body_matches;
  std::vector<Pattern> fail_if_body_not_matches;
  std::vector<HeaderMatch> fail_if_header_matches;
  std::vector<HeaderMatch> fail_if_header_not_matches;
  HttpClient client;
};

}  // namespace reachd::config::blackbox
