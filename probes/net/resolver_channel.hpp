#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/clock.hpp"
#include "probes/core/outcome.hpp"
#include "probes/net/poller.hpp"

namespace reachd::net {

/// What the name servers said of a name in one address family.
struct FamilyAnswer {
  enum class Kind : std::uint8_t {
    addresses,
    nxdomain,
    no_data,
    timeout,
    unusable,  ///< refused, SERVFAIL or nobody there: c-ares can't tell these apart
    failure,   ///< an answer that is no answer
    cancelled
  };

  Kind kind = Kind::failure;
  std::vector<IpAddress> addresses;
  std::chrono::seconds ttl{0};
  const char* detail = "";                ///< the library's words for a failure
  std::optional<Failure> own_fault = {};  ///< of unusable: why this host can send to no server
};

/// One set of name servers and the questions that it has to answer: the only place that knows
/// c-ares. One thread, whose poller it registers its sockets with.
class AresChannel {
 public:
  using Done = std::function<void(FamilyAnswer)>;

  struct Options {
    std::vector<Endpoint> servers;  ///< empty: the system's, with its search list
    std::string config_file;        ///< resolv.conf(5)
    std::uint16_t port;             ///< of the system's
    std::chrono::milliseconds server_timeout;
    int rounds;
  };

  virtual ~AresChannel() = default;

  /// `done` is called exactly once: inside this call, on_socket() or on_time(), or by the
  /// destructor as cancelled. It must not destroy the channel.
  virtual void ask(const std::string& name, IpAddress::Family family, Done done) = 0;
  virtual bool owns(NativeSocket socket) const noexcept = 0;
  virtual void on_socket(const Poller::Ready& ready) = 0;
  /// Gives up on servers whose time is over; to be called after next_timeout().
  virtual void on_time() = 0;
  /// None while no question is open.
  virtual std::optional<std::chrono::nanoseconds> next_timeout() = 0;
  virtual std::size_t open_questions() const noexcept = 0;
};

/// Null if c-ares can't begin (no memory, unreadable configuration).
std::unique_ptr<AresChannel> make_ares_channel(const AresChannel::Options& options, Poller& poller);

/// The name servers that the configuration file (resolv.conf(5)) or the system names.
std::vector<Endpoint> configured_name_servers(const std::string& config_file, std::uint16_t port);

}  // namespace reachd::net
