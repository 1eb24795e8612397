#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/core/probe.hpp"

namespace reachd {

/// `ipmi`: asks a management controller by RMCP for its channel's authentication capabilities (IPMI
/// v2.0, 22.13), which it answers before any session: none is opened, nobody logs in. Where that is
/// not answered, an ASF presence ping (ASF 2.0, 3.2.4.2) goes between: a controller that answers
/// this alone is there, but does not speak IPMI over the LAN: up and degraded.
///
/// - `source`: the local address.
///
/// An error of the controller (a completion code) proves it too. Silence is a failure. Datagrams
/// with another tag or sequence number are passed over; if nothing better comes they are
/// protocol_mismatch.
ProbeType ipmi_probe_type();

/// The messages of RMCP, apart from any socket.
namespace ipmi {

struct Capabilities {
  std::uint8_t completion_code = 0;  ///< not 0: an error, and the rest says nothing
  bool version_1_5 = false;
  bool version_2_0 = false;
  std::string authentications;   ///< "none md2 md5 password oem", of IPMI v1.5
  bool anonymous_login = false;  ///< a user without name and password is enabled
};

struct Presence {
  bool speaks_ipmi = false;
  std::uint32_t enterprise = 0;  ///< IANA's number of who made the answer; 4542: as ASF has it
};

/// The sequence number has 6 bits.
std::vector<std::byte> build_query(std::uint8_t sequence);
/// Nothing unless it is a whole answer to the query with this number and its checksums are right.
std::optional<Capabilities> parse_capabilities(std::span<const std::byte> datagram,
                                               std::uint8_t sequence);
std::vector<std::byte> build_ping(std::uint8_t tag);
std::optional<Presence> parse_pong(std::span<const std::byte> datagram, std::uint8_t tag);

}  // namespace ipmi
}  // namespace reachd
