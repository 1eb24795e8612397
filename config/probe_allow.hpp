#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/value.hpp"

namespace reachd::config {

/// Where `/probe` may send anything: the list `probe_allow`. Nothing is allowed but what an entry
/// names, so an empty list allows nothing. Asked with the address that a name resolved to, for the
/// first target and for that of every redirect. Immutable, thread-safe.
class ProbeAllow {
 public:
  ProbeAllow() = default;
  /// Entries are `{cidr, ports, modules}`, or `{path, modules}` for Unix sockets. Without `ports`
  /// or `modules` an entry allows any. All problems are reported; then the result is not to be
  /// used.
  static ProbeAllow read(const Value& list, Diagnostics& diagnostics);
  /// Reports entries that name a module which is not among `known`: they would allow nothing.
  void check_modules(std::span<const std::string_view> known, Diagnostics& diagnostics) const;

  /// Port 0 is what has no port (ICMP): only an entry without `ports` allows it. An IPv4 address
  /// inside an IPv6 one (::ffff:10.0.0.1) is judged as the IPv4 address that it reaches.
  bool allows(const IpAddress& address, std::uint16_t port, std::string_view module) const noexcept;
  /// A Unix socket: the entry's `path` is the very same, or a folder that ends in "/" and holds it
  /// at any depth. Symbolic links count as what they are called. A path that is not absolute, or
  /// has "." or ".." in it, is never allowed.
  bool allows_path(std::string_view path, std::string_view module) const noexcept;
  bool empty() const noexcept { return entries_.empty(); }

 private:
  struct Entry {
    Cidr network;
    std::string path;                  ///< of a Unix socket; then `network` means nothing
    std::vector<std::uint16_t> ports;  ///< sorted; empty: any, and none
    std::vector<std::string> modules;  ///< empty: any
    Place place;

    bool has_module(std::string_view module) const noexcept;
  };

  static Entry read_entry(const Value& item, Diagnostics& diagnostics);

  std::vector<Entry> entries_;
};

}  // namespace reachd::config
