#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/blackbox_http.hpp"
#include "config/blackbox_parts.hpp"
#include "probes/core/address.hpp"
#include "probes/core/pattern.hpp"
#include "probes/core/value.hpp"

/// What `blackbox.yml` says, in the words and with the defaults of blackbox_exporter 0.28
/// (CONFIGURATION.md). Plain data without what reachd refuses to load.
namespace reachd::config::blackbox {

/// A step of `query_response`: expect, then send, then starttls.
struct QueryStep {
  std::optional<Pattern> expect;  ///< looked for line by line; not together with expect_bytes
  std::string expect_bytes;       ///< empty: none
  std::vector<std::pair<std::string, std::string>>
      labels;        ///< of probe_expect_info; values with $n
  std::string send;  ///< with ${n} from the match; a line end is added; empty: nothing is sent
  bool starttls = false;
};

/// What is said over a connection once it is open.
struct Conversation {
  std::vector<QueryStep> query_response;
  bool tls = false;      ///< from the first byte
  TlsConfig tls_config;  ///< of that, and of STARTTLS in the steps
};

struct Tcp : Conversation {
  AddressChoice address;
  std::optional<IpAddress> source;
};

struct UnixSocket : Conversation {};

struct Icmp {
  AddressChoice address;
  std::optional<IpAddress> source;
  std::uint16_t payload_size = 0;  ///< bytes; 0: 28 bytes of text
  bool dont_fragment = false;
  std::uint8_t ttl = 64;  ///< 0: what the system sends
};

/// Each list is about the records of one section in zone-file form, tab separated.
struct DnsValidator {
  std::vector<Pattern> fail_if_matches;
  std::vector<Pattern> fail_if_all_match;
  std::vector<Pattern> fail_if_not_matches;
  std::vector<Pattern> fail_if_none_matches;
};

struct Dns {
  AddressChoice address;
  std::optional<IpAddress> source;
  std::string query_name;
  std::uint16_t query_type = 255;  ///< ANY (RFC 1035, 3.2.3)
  std::uint16_t query_class = 1;   ///< IN
  bool recursion_desired = true;
  bool tcp = false;  ///< transport_protocol
  bool tls = false;  ///< dns_over_tls (RFC 7858), over TCP
  TlsConfig tls_config;
  std::vector<std::uint16_t> valid_rcodes{0};
  DnsValidator answer;
  DnsValidator authority;
  DnsValidator additional;
};

enum class Prober : std::uint8_t { http, tcp, icmp, dns, unix_socket };
/// "http", ..., "unix"
std::string_view to_string(Prober) noexcept;

/// Blocks of other probers than its own hold what was written there, and have no effect.
struct Module {
  std::string name;
  Prober prober = Prober::http;
  std::chrono::nanoseconds timeout{0};  ///< 0: none of its own
  Http http;
  Tcp tcp;
  Icmp icmp;
  Dns dns;
  UnixSocket unix_socket;
  std::string text;  ///< YAML as it was written, secrets masked: what debug=true shows
};

/// A module of which something can't be honoured: it is never run, so that no probe judges
/// otherwise than its module says.
struct RefusedModule {
  std::string name;
  std::vector<Diagnostic> reasons;  ///< one a key; each names the module and the key
};

/// A file that a module reads at each use.
struct FileUse {
  Place place;       ///< of its name
  std::string what;  ///< "module mail: tcp: tls_config: ca_file"
  std::string path;  ///< absolute
};

/// All modules of a file, immutable once read.
struct Modules {
  std::vector<Module> modules;         ///< by name
  std::vector<RefusedModule> refused;  ///< by name
  std::vector<FileUse> files;          ///< of `modules`, there or not

  /// Null if there is no such module that can be run.
  const Module* find(std::string_view name) const noexcept;
  /// Null if it is unknown, or can be run.
  const RefusedModule* find_refused(std::string_view name) const noexcept;
};

/// Reads a file of blackbox_exporter's format. Unknown keys, wrong types, broken patterns and what
/// excludes each other are reported, all of them; then nothing is returned, and what can't be
/// honoured is reported too. By itself that only takes its module away. Relative paths in it are
/// taken from its folder.
std::optional<Modules> load_modules(const std::string& path, Diagnostics& diagnostics);
/// The same from a text; `name` is the file as messages show it.
std::optional<Modules> parse_modules(std::string_view text, const std::string& name,
                                     Diagnostics& diagnostics);

}  // namespace reachd::config::blackbox
