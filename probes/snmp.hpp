#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"

namespace reachd {

/// `snmp`: an agent answers. By default it is asked which engine it is, as every SNMPv3 manager
/// begins (RFC 3414, 4): that needs no credentials, and the agent owes a report.
///
/// - `version: 3 | 2c | 1`: default 3, or 2c where a `community` is configured.
/// - `community` (a secret), needed for 2c and 1: sysUpTime.0 is asked for (RFC 3418). An agent
/// that
///   does not know the community says nothing, so there silence proves nothing.
/// - `source`: the local address.
///
/// Datagrams with another id are passed over; if nothing better comes they are protocol_mismatch,
/// whose bytes are shown for version 3 only: an echo would show the community.
ProbeType snmp_probe_type();

/// The messages, apart from any socket.
namespace snmp {

enum class Version : std::uint8_t { v1 = 0, v2c = 1, v3 = 3 };

/// What a report says of the engine that sent it (RFC 3411, 5; RFC 3414, 2.2).
struct Engine {
  std::vector<std::byte> id;  ///< at most 32 bytes
  std::int64_t boots = 0;
  std::int64_t time = 0;  ///< seconds since the last boot
  std::string report;     ///< "usmStatsUnknownEngineIDs" where all is as it should be
};

/// What a response says (RFC 3416, 3).
struct Response {
  std::int64_t error_status = 0;         ///< 0: none
  std::optional<std::uint32_t> up_time;  ///< hundredths of a second
};

/// Ids are 0 to 2^31-1.
std::vector<std::byte> build_discovery(std::uint32_t id);
/// The report that answers build_discovery() with this id.
std::optional<Engine> parse_report(std::span<const std::byte> datagram, std::uint32_t id);
/// Version 1 or 2c; the community is at most 255 bytes.
std::vector<std::byte> build_get(Version version, std::string_view community, std::uint32_t id);
std::optional<Response> parse_response(std::span<const std::byte> datagram, Version version,
                                       std::uint32_t id);
/// "noSuchName"; "error 99" for what has no name.
std::string error_name(std::int64_t status);

}  // namespace snmp
}  // namespace reachd
