#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {

/// `mssql`: the pre-login exchange with a SQL Server ([MS-TDS] 2.2.6.5), then the connection is
/// closed before a login.
///
/// - `instance`: the named instance that has to answer there, else content_mismatch. A server asked
///   by a dynamic port may have changed it.
/// - `security: none | tls` (net::read_secure_dial): with tls the encryption of TDS 8.0, from the
///   first byte with the ALPN name "tds/8.0". What TDS 7 encrypts begins with the login.
///
/// A server that answers with an error of its own is degraded with its words. Facts: `version`,
/// `product`, `encryption`.
ProbeType mssql_probe_type();

/// The messages of [MS-TDS], apart from any socket.
namespace tds {

struct PreLogin {
  std::optional<std::uint8_t> encryption;
  bool other_instance = false;  ///< the server is not the instance that was asked for
  std::string version{};        ///< "16.0.4105.2"; empty: not told
  std::string product{};        ///< "SQL Server 2022"; empty: not known here
  std::string refusal{};        ///< of an ERROR token in its place: "18456 \"Login failed\""
};

/// A PRELOGIN message; `instance` may be empty: any.
std::vector<std::byte> build_prelogin(std::string_view instance);
/// One tabular result packet (2.2.3.1), at most 4 KiB.
net::Framing frame_answer(std::span<const std::byte> received);
/// Of a whole packet. Nothing if it is malformed.
std::optional<PreLogin> parse_answer(std::span<const std::byte> packet);
/// "off", "on", "not supported", "required" (2.2.6.5, ENCRYPTION); "value 7" for what has no name.
std::string encryption_name(std::uint8_t value);

}  // namespace tds
}  // namespace reachd
