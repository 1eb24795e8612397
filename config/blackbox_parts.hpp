#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "probes/core/address.hpp"
#include "probes/core/secret.hpp"

/// What several probers of `blackbox.yml` have in common.
namespace reachd::config::blackbox {

/// A text written in the file itself, or kept in a file of its own that is read at each use, so
/// that a rotated secret needs no reload.
struct Source {
  Secret text;
  std::string file;  ///< absolute; empty: `text`

  bool given() const noexcept { return !text.empty() || !file.empty(); }
};

/// The text, or the file's content (at most 1 MiB); `trimmed` without white space at both ends, as
/// secrets are. The error is a sentence that names the file and never shows its content.
std::expected<Secret, std::string> read_source(const Source& source, bool trimmed);

/// `preferred_ip_protocol` and `ip_protocol_fallback`.
struct AddressChoice {
  IpAddress::Family preferred = IpAddress::Family::v6;
  bool fallback = true;  ///< to the other family, if the name has no address of the preferred one
};

struct TlsConfig {
  Source ca;    ///< PEM; not given: the system's authorities
  Source cert;  ///< PEM, client certificate; with `key` or not at all
  Source key;
  std::string server_name;  ///< empty: the target's name
  bool insecure_skip_verify = false;
  std::uint16_t min_version = 0x0303;  ///< as on the wire: 0x0301 is TLS 1.0, 0x0304 TLS 1.3
  std::uint16_t max_version = 0x0304;
};

}  // namespace reachd::config::blackbox
