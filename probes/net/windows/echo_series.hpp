#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "probes/net/deadline.hpp"
#include "probes/net/network.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// What came of one echo request.
struct EchoAnswer {
  int key = 0;               ///< as given to ask()
  std::uint32_t status = 0;  ///< of ip_status.hpp
  bool sent = true;          ///< false: the call that sends it failed
  bool intact = false;       ///< the reply returned the payload
  std::optional<IpAddress> from;
  TimePoint began;
  TimePoint ended;
};

/// Why the request of this answer failed; nothing for success and silence. Asks for addresses of
/// this host.
std::optional<Failure> failure_of(const EchoAnswer& answer, const IpAddress& to);

/// The echo requests of one coroutine to one address, and their answers as they come. Loop thread
/// only. One thread of the process sends them all and hears the answers: the system calls back only
/// a thread that waits for that. What is still under way when the series goes is dropped when it
/// ends, at its own time limit; nobody waits for it.
class EchoSeries final : public Abortable {
 public:
  /// `payload` bytes, at least kMinEchoPayload: a token that no other series has comes first.
  EchoSeries(const Network& network, const IpAddress& to, std::size_t payload);
  EchoSeries(const EchoSeries&) = delete;
  EchoSeries& operator=(const EchoSeries&) = delete;
  ~EchoSeries();

  /// Sends one, which may go `hop_limit` hops (0: as many as the system lets it) and is answered by
  /// `until` at the latest, be it with kIpRequestTimedOut. Never waits.
  Result<void> ask(int key, int hop_limit, TimePoint until);
  /// The oldest answer that has come.
  std::optional<EchoAnswer> take();
  /// Waits until there is an answer to take, the time or the deadline has ended.
  asio::awaitable<void> wait(TimePoint until, Deadline& deadline);

  void abort() noexcept override { timer_.cancel(); }

 private:
  struct Mailbox;
  class Sender;

  asio::steady_timer timer_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace reachd::net
