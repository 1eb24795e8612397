#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "probes/net/network.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

namespace asio = boost::asio;

class Deadline;

/// What a packet that may go so many hops brought back.
struct HopReply {
  enum class Kind : std::uint8_t {
    passing,   ///< the hop limit ended at `from`: it lies on the way
    reached,   ///< the target answered, or somebody in its name
    rejected,  ///< an ICMP error: it goes no further
  };

  int hop = 0;
  Kind kind = Kind::passing;
  std::optional<IpAddress> from;  ///< who answered; none: this host itself
  Duration duration{};
  std::string message;  ///< a sentence where it is not `passing`
};

/// Sends packets towards one endpoint that may go a given number of hops, and hears who answers.
/// Each system has its own way. Loop thread only.
class HopAsker {
 public:
  virtual ~HopAsker() = default;
  /// Sends one. At most one is under way for each hop. An error says why none could be sent.
  virtual Result<void> ask(int hop) = 0;
  /// Waits for the next answer; none if the time or the deadline ended first.
  virtual asio::awaitable<std::optional<HopReply>> wait(TimePoint until) = 0;
  /// Waits no more for an answer to what was asked of this hop.
  virtual void forget(int hop) noexcept = 0;
};

/// The system's own. What is lent outlives it.
std::unique_ptr<HopAsker> make_hop_asker(Network& network, const Endpoint& to, Deadline& deadline);

}  // namespace reachd::net
