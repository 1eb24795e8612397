#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/probe.hpp"

namespace reachd::net {

/// A socket that takes what arrives on a port, as Windows' tables tell it.
struct SocketRow {
  Endpoint endpoint;
  std::uint32_t process = 0;  ///< its number; 0: not told
};

/// The sockets on `port` in what GetExtendedTcpTable() gives for TCP_TABLE_OWNER_PID_LISTENER, or
/// GetExtendedUdpTable() for UDP_TABLE_OWNER_PID (`transport`): a count of four bytes, then rows
/// (MIB_TCPROW_OWNER_PID and its siblings; the numbers in the machine's order, ports and addresses
/// in the network's). Reads no further than `table` goes, whatever the count says; `most` rows at
/// most.
std::vector<SocketRow> read_socket_table(std::span<const std::byte> table, Transport transport,
                                         IpAddress::Family family, std::uint16_t port,
                                         std::size_t most);

}  // namespace reachd::net
