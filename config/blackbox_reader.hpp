#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/blackbox.hpp"
#include "probes/core/reader.hpp"

/// What the readers of the blocks of `blackbox.yml` share. Nothing outside of config/blackbox*
/// includes it.
namespace reachd::config::blackbox {

/// Where the problems of a block go.
struct Context {
  Diagnostics& diagnostics;           ///< what is wrong: the file is not used
  std::vector<Diagnostic>& refusals;  ///< what can't be honoured: the module is not used
  std::vector<FileUse>& files;
};

/// One map of a module. Values have the forms that blackbox_exporter's reader (Go, yaml.v3) takes.
class Block : public Reader {
 public:
  Block(const Value& map, Context& context, std::string what)
      : Reader(map, context.diagnostics, std::move(what)), context_(context) {}

  Context& context() noexcept { return context_; }
  /// Reports that reachd can't honour a key that is written.
  void refuse(std::string_view key, std::string_view why);
  /// The same for keys that are written, with any value, be it only to switch off what is off.
  void refuse_if_written(std::string_view key, std::string_view why);
  /// A switch that may be off, but not on.
  void refuse_if_on(std::string_view key, std::string_view why);
  /// True, false, and YAML 1.1's words (yes, off, ...).
  bool flag(std::string_view key, bool fallback);
  /// As Go writes it: "1m30s", "1.5s", "250ms".
  std::chrono::nanoseconds go_duration(std::string_view key);
  /// As blackbox_exporter has it: "10MB" and "10MiB" are the same.
  std::uint64_t binary_size(std::string_view key);
  std::vector<Pattern> patterns(std::string_view key);
  std::optional<Pattern> pattern(std::string_view key);
  /// `key`, `key`_file or `key`_ref, of which one may be written; the last is refused.
  Source source(const std::array<std::string_view, 3>& keys);
  /// A file name made absolute; the file need not be there yet, for it is read at each use.
  std::string file(std::string_view key);
  std::vector<std::string> files(std::string_view key);
  /// Reports keys that exclude each other.
  void at_most_one(const std::vector<std::string_view>& keys);
  /// True if something is written there.
  bool given(std::string_view key);
  /// The map below `key`, or an empty one.
  const Value& below(std::string_view key);
  /// "module mail: tcp: tls_config"
  std::string what_of(std::string_view key) const { return what() + ": " + std::string(key); }

 private:
  /// Makes a name absolute and notes that it is used.
  std::string use_file(const Place& place, std::string_view key, std::string_view name);

  Context& context_;
};

/// preferred_ip_protocol, ip_protocol_fallback
AddressChoice read_address_choice(Block& block);
/// source_ip_address
std::optional<IpAddress> read_source_address(Block& block);
/// tls_config
TlsConfig read_tls_config(Block& block);
/// query_response
std::vector<QueryStep> read_query_response(Block& block);

Http read_http(const Value& map, Context& context, const std::string& what);
/// The keys of the HTTP client that stand in `block`.
HttpClient read_http_client(Block& block);
/// proxy_url, no_proxy, proxy_from_environment, proxy_connect_header
void read_proxy(Block& block, HttpClient& client);
/// A map of headers to {values, secrets, files}, but for those that the client sets itself.
std::vector<HttpClient::Header> read_http_headers(Block& block, std::string_view key);
/// Reports what can't be the name of a header; false then.
bool check_header_name(Block& block, const Place& place, std::string_view name);
/// Reports what can't be the value of the header `name`.
void check_header_value(Block& block, const Place& place, std::string_view name,
                        std::string_view value);

Tcp read_tcp(const Value& map, Context& context, const std::string& what);
UnixSocket read_unix(const Value& map, Context& context, const std::string& what);
Icmp read_icmp(const Value& map, Context& context, const std::string& what);
Dns read_dns(const Value& map, Context& context, const std::string& what);
/// Probers that reachd does not have: their keys are checked all the same.
void check_grpc(const Value& map, Context& context, const std::string& what);
void check_websocket(const Value& map, Context& context, const std::string& what);

/// YAML of a module as it was written, but for its secrets.
std::string masked_yaml(const Value& module);

}  // namespace reachd::config::blackbox
