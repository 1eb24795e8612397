#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "probes/core/probe.hpp"
#include "probes/net/network.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// A datagram socket connected to one endpoint: only that peer's datagrams arrive, and ICMP errors
/// that answer ours are told with their sender. Watched by the deadline as long as it lives. Loop
/// thread only.
class UdpSocket {
 public:
  UdpSocket() = default;
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  virtual ~UdpSocket() = default;

  /// Fails with what the host itself says (local_*), or an ICMP error that answered an earlier
  /// datagram: refused (port unreachable), admin_prohibited, host_unreachable, net_unreachable.
  virtual asio::awaitable<Result<void>> send(std::span<const std::byte> datagram) = 0;
  /// The size of the next datagram, cut to the buffer's; nothing if `until` passed first: time to
  /// send again. Fails as send() does, and with no_reply once the deadline has ended.
  virtual asio::awaitable<Result<std::optional<std::size_t>>> receive(
      std::span<std::byte> buffer, std::optional<TimePoint> until = std::nullopt) = 0;
};

/// Opens a socket with a fresh random port and connects it, which sends nothing.
Result<std::unique_ptr<UdpSocket>> open_udp(Network& network, const Endpoint& to,
                                            const std::optional<IpAddress>& source,
                                            Deadline& deadline);

/// What silence says of a service that was asked.
enum class Silence : std::uint8_t {
  proves_nothing,  ///< open, or filtered: servers may ignore the question
  is_failure,      ///< the protocol obliges the server to answer
};

/// An outcome that failed over UDP. What says how far a datagram got (refused, admin_prohibited,
/// ...) ends in phase connect wherever the run is, as for TCP.
Outcome datagram_failed(const ProbeRun& run, Failure failure, Silence silence);

}  // namespace reachd::net
