#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// Decides whether a datagram from the peer answers what was asked: the right id, a plausible
/// beginning. Pure.
class Accepts {
 public:
  virtual bool operator()(std::span<const std::byte> datagram) const = 0;

 protected:
  ~Accepts() = default;
};

/// Makes the datagram of each transmission, right before it is sent: for protocols that have to
/// tell which of them was answered.
class Renews {
 public:
  virtual std::span<const std::byte> operator()() = 0;

 protected:
  ~Renews() = default;
};

/// One question over UDP. Lent: all of it outlives the call.
struct Question {
  std::string_view protocol;  ///< for messages: "NTP"
  std::span<const std::byte> datagram;
  const Accepts& accepts;
  std::optional<IpAddress> source;  ///< an address of this host to send from
  std::size_t most = 4096;          ///< longer answers are cut, at most 64 KiB
  Renews* renews = nullptr;         ///< null: `datagram` again and again
};

/// Sends the question to the run's endpoint until an answer is accepted, in phase `request`. The
/// waits double from a quarter of the time left (0.1 to 1 s), so that a short probe still sends
/// twice and a long one does not flood. Datagrams that are no answer are passed over; if nothing
/// else came they are a protocol_mismatch with their first bytes. Fails as UdpSocket does; the
/// outcome of a failure is made by datagram_failed().
asio::awaitable<Result<std::vector<std::byte>>> ask(ProbeRun& run, Question question);

}  // namespace reachd::net
