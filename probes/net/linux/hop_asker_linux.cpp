#include "probes/net/hop_asker.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "probes/net/deadline.hpp"
#include "probes/net/error_queue.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/linux/epoll_set.hpp"
#include "probes/net/linux/socket_linux.hpp"

namespace reachd::net {
namespace {

/// True for the answer of a router at which the hop limit ended (RFC 792; RFC 4443, 3.3).
bool is_passing(const IcmpError& icmp) noexcept {
  constexpr int kTimeExceeded4 = 11;
  constexpr int kTimeExceeded6 = 3;
  return icmp.offender &&
         icmp.type == (icmp.family == IpAddress::Family::v4 ? kTimeExceeded4 : kTimeExceeded6);
}

class CancelOnAbort final : public Abortable {
 public:
  explicit CancelOnAbort(asio::posix::stream_descriptor& descriptor) noexcept
      : descriptor_(descriptor) {}
  void abort() noexcept override {
    error_code ignored;
    descriptor_.cancel(ignored);
  }

 private:
  asio::posix::stream_descriptor& descriptor_;
};

/// Connects with a hop limit: Linux fails such a connect with the router's time exceeded, and keeps
/// the router's address in the socket's error queue. No raw socket, no capability. The sockets are
/// in an epoll set of their own, so that one coroutine waits for all of them.
class ConnectingAsker final : public HopAsker {
 public:
  ConnectingAsker(Network& network, const Endpoint& to, Deadline& deadline)
      : network_(network), to_(to), deadline_(deadline), epoll_(network.executor) {}

  Result<void> ask(int hop) override {
    if (const error_code ec = open_epoll(epoll_)) {
      return std::unexpected(local_failure(ec));
    }
    const TimePoint began = network_.clock.steady_now();
    auto socket = begin_connect(to_, std::nullopt, hop, deadline_);
    if (!socket) {
      return std::unexpected(std::move(socket.error()));
    }
    epoll_event event{};
    event.events = EPOLLOUT | EPOLLONESHOT;
    event.data.u32 = static_cast<std::uint32_t>(hop);
    if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket->get(), &event) != 0) {
      return std::unexpected(local_failure(last_socket_error()));
    }
    asked_.push_back({hop, began, std::move(*socket)});
    return {};
  }

  asio::awaitable<std::optional<HopReply>> wait(TimePoint until) override {
    std::optional<HopReply> reply = take();
    if (reply) {
      co_return reply;
    }
    {
      Deadline limit(network_.deadlines, until);
      CancelOnAbort at_limit(epoll_);
      CancelOnAbort at_end(epoll_);
      const Watch limit_watch = limit.watch(at_limit);
      const Watch end_watch = deadline_.watch(at_end);
      if (limit.ended() == Deadline::Ended::no && deadline_.ended() == Deadline::Ended::no) {
        error_code ignored;
        co_await epoll_.async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, ignored));
      }
    }
    reply = take();
    co_return reply;
  }

  void forget(int hop) noexcept override {
    std::erase_if(asked_, [hop](const Asked& asked) { return asked.hop == hop; });
  }

 private:
  struct Asked {
    int hop;
    TimePoint began;
    SocketHandle socket;  ///< closing it takes it out of the epoll set
  };

  /// An answer that has come.
  std::optional<HopReply> take() {
    epoll_event event{};
    while (::epoll_wait(epoll_.native_handle(), &event, 1, 0) == 1) {
      const int hop = static_cast<int>(event.data.u32);
      const auto asked = std::ranges::find(asked_, hop, &Asked::hop);
      if (asked == asked_.end()) {
        continue;
      }
      HopReply reply = read(*asked);
      asked_.erase(asked);
      return reply;
    }
    return std::nullopt;
  }

  HopReply read(Asked& asked) {
    HopReply reply;
    reply.hop = asked.hop;
    reply.duration = network_.clock.steady_now() - asked.began;
    const error_code ec = take_socket_error(asked.socket.get());
    if (!ec) {
      reply.kind = HopReply::Kind::reached;
      reply.from = to_.address;
      reply.message = to_.to_string() + " accepts connections";
      return reply;
    }
    const auto icmp = take_icmp_error(asked.socket.get());
    if (icmp && is_passing(*icmp)) {
      reply.from = icmp->offender;
      return reply;
    }
    Failure failure = connect_failure(to_, ec, false, icmp, deadline_);
    const bool reset = failure.reason == Reason::refused || failure.reason == Reason::reset;
    reply.kind = reset ? HopReply::Kind::reached : HopReply::Kind::rejected;
    reply.from = reset ? to_.address : failure.offender;
    reply.message = std::move(failure.message);
    return reply;
  }

  Network& network_;
  const Endpoint to_;
  Deadline& deadline_;
  asio::posix::stream_descriptor epoll_;
  std::vector<Asked> asked_;
};

}  // namespace

std::unique_ptr<HopAsker> make_hop_asker(Network& network, const Endpoint& to, Deadline& deadline) {
  return std::make_unique<ConnectingAsker>(network, to, deadline);
}

}  // namespace reachd::net
