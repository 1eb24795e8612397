#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/duration.hpp"
#include "probes/core/secret.hpp"
#include "probes/core/value.hpp"

namespace reachd::config {

/// What is asked of a client's certificate, as Go's crypto/tls has it. Only the last two judge
/// whom the client's certificate is from, and only the last keeps out whoever has none.
enum class ClientAuth : std::uint8_t {
  none,
  request,
  require_any,
  verify_if_given,
  require_and_verify
};

/// A cipher suite of TLS by its name with IANA. Those of TLS 1.3 are known, but always on.
struct WebCipher {
  std::string_view name;
  std::string_view openssl;  ///< the same in OpenSSL's words
  bool tls13 = false;
};
/// All that web.yml may name: those that Go counts as secure.
std::span<const WebCipher> web_ciphers() noexcept;

/// `tls_server_config:`. Of a file and an inline text the file counts.
struct WebTls {
  Place place;
  std::string cert_file;  ///< absolute, like the other files
  std::string cert;       ///< PEM
  std::string key_file;
  Secret key;
  std::string client_ca_file;
  std::string client_ca;
  ClientAuth client_auth = ClientAuth::none;
  std::vector<std::string> client_allowed_sans;  ///< empty: any
  std::vector<WebCipher> ciphers;                ///< in order of preference; empty: the default
  std::vector<std::string_view> curves;          ///< as OpenSSL calls them; empty: the default
  bool prefer_server_ciphers = true;
  bool tls12 = true;  ///< is spoken
  bool tls13 = true;
};

struct WebUser {
  std::string name;
  Secret hash;        ///< "$2y$10$...": 60 characters, checked
  unsigned cost = 0;  ///< the logarithm of its rounds
};

/// A token bucket for the requests of one listener.
struct RateLimit {
  Duration interval{};  ///< between two requests in the long run; 0: no limit
  std::uint32_t burst = 0;
};

/// `web.config_file`: who may ask the web server, and how. The format is exporter-toolkit's
/// (docs/web-configuration.md of github.com/prometheus/exporter-toolkit), so that one file can
/// serve all exporters of a host.
struct WebConfig {
  std::string path;
  std::optional<WebTls> tls;  ///< none: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<WebUser> users;
  RateLimit rate_limit;
  std::vector<Diagnostic> notes;  ///< what is accepted, but not in effect
};

/// Reads the file. Unknown keys, files that can't be read and contradictions are errors; all are
/// reported, none shows a secret, and then nothing is returned.
std::optional<WebConfig> load_web_config(const std::string& path, Diagnostics& diagnostics);

/// The same of a text; `path` is where it is from, for messages and relative paths.
std::optional<WebConfig> read_web_config(std::string_view text, const std::string& path,
                                         Diagnostics& diagnostics);

}  // namespace reachd::config
