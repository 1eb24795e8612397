#include "probes/net/udp.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "probes/net/deadline.hpp"
#include "probes/net/endpoint.hpp"
#include "probes/net/error_queue.hpp"
#include "probes/net/errors.hpp"

namespace reachd::net {
namespace {

using asio::ip::udp;

/// The length field of UDP has 16 bits (RFC 768).
constexpr std::size_t kLongestDatagram = 65535;

/// Ends a wait, but leaves the socket open.
class CancelOnAbort final : public Abortable {
 public:
  explicit CancelOnAbort(udp::socket& socket) noexcept : socket_(socket) {}
  void abort() noexcept override {
    fired_ = true;
    error_code ignored;
    socket_.cancel(ignored);
  }
  bool fired() const noexcept { return fired_; }

 private:
  udp::socket& socket_;
  bool fired_ = false;
};

class Socket final : public UdpSocket {
 public:
  Socket(Network& network, const Endpoint& to, Deadline& deadline)
      : queue_(network.deadlines),
        to_(to),
        deadline_(deadline),
        socket_(network.executor),
        closer_(socket_),
        watch_(deadline.watch(closer_)) {}

  Result<void> connect(const std::optional<IpAddress>& source) {
    if (deadline_.ended() != Deadline::Ended::no) {
      // Nothing would close the socket any more.
      return std::unexpected(why(asio::error::operation_aborted, /*immediate=*/true));
    }
    error_code ec;
    const auto remote = to_asio<udp>(to_);
    socket_.open(remote.protocol(), ec);
    if (ec) {
      return std::unexpected(local_failure(ec));
    }
    keep_icmp_errors(socket_.native_handle(), to_.address.family);
    if (source) {
      socket_.bind(to_asio<udp>(Endpoint{*source, 0}), ec);
      if (ec) {
        return std::unexpected(local_failure(ec));
      }
    }
    socket_.connect(remote, ec);
    if (ec) {
      return std::unexpected(why(ec, /*immediate=*/true));
    }
    return {};
  }

  asio::awaitable<Result<void>> send(std::span<const std::byte> datagram) override {
    const auto data = asio::buffer(datagram.data(), datagram.size());
    error_code ec = asio::error::operation_aborted;
    if (socket_.is_open()) {
      co_await socket_.async_send(data, asio::redirect_error(asio::use_awaitable, ec));
    }
    if (ec) {
      co_return std::unexpected(why(ec, /*immediate=*/true));
    }
    co_return Result<void>{};
  }

  asio::awaitable<Result<std::optional<std::size_t>>> receive(
      std::span<std::byte> buffer, std::optional<TimePoint> until) override {
    CancelOnAbort pause(socket_);
    Deadline round(queue_, until.value_or(deadline_.expiry()));
    const Watch watch = round.watch(pause);
    whole_.resize(kLongestDatagram);
    const auto target = asio::buffer(whole_);
    error_code ec = asio::error::operation_aborted;
    std::size_t count = 0;
    if (socket_.is_open() && !pause.fired()) {
      count = co_await socket_.async_receive(target, asio::redirect_error(asio::use_awaitable, ec));
    }
    if (!ec) {
      count = std::min(count, buffer.size());
      std::copy_n(whole_.begin(), count, buffer.begin());
      co_return std::optional<std::size_t>(count);
    }
    if (ec == asio::error::operation_aborted && until && pause.fired() && socket_.is_open()) {
      co_return std::optional<std::size_t>();
    }
    co_return std::unexpected(why(ec, /*immediate=*/false));
  }

 private:
  Failure why(error_code ec, bool immediate) {
    const bool aborted = ec == asio::error::operation_aborted || !socket_.is_open();
    if (aborted && deadline_.ended() != Deadline::Ended::stopped) {
      Failure silence;
      silence.reason = Reason::no_reply;
      silence.message = to_.to_string() + " sent no reply: open or filtered";
      return silence;
    }
    const auto icmp = aborted ? std::nullopt : take_icmp_error(socket_.native_handle());
    // An ICMP error of an earlier datagram surfaces at the next call too; it is not this call's.
    return connect_failure(to_, ec, immediate && !icmp, icmp, deadline_, Transport::udp);
  }

  /// A datagram must fit: for one that is cut, Windows says WSAEMSGSIZE at once and completes the
  /// receive all the same, and Asio, which goes by the first, then ends its operation twice.
  std::vector<std::byte> whole_;
  DeadlineQueue& queue_;
  const Endpoint to_;
  Deadline& deadline_;
  udp::socket socket_;
  CloseOnAbort<udp::socket> closer_;
  Watch watch_;  // last: it lets go first
};

}  // namespace

Result<std::unique_ptr<UdpSocket>> open_udp(Network& network, const Endpoint& to,
                                            const std::optional<IpAddress>& source,
                                            Deadline& deadline) {
  auto socket = std::make_unique<Socket>(network, to, deadline);
  Result<void> connected = socket->connect(source);
  if (!connected) {
    return std::unexpected(std::move(connected.error()));
  }
  return std::unique_ptr<UdpSocket>(std::move(socket));
}

Outcome datagram_failed(const ProbeRun& run, Failure failure, Silence silence) {
  Outcome outcome = failed(run, std::move(failure));
  outcome.reply_owed = silence == Silence::is_failure;
  if (outcome.reply_owed && outcome.reason == Reason::no_reply) {
    outcome.message = run.endpoint->to_string() + " sent no reply, which its protocol owes";
  }
  if (usual_phase(outcome.reason) == Phase::connect) {
    outcome.phase = Phase::connect;
    for (Attempt& attempt : outcome.attempts) {
      attempt.phase = Phase::connect;
    }
  }
  return outcome;
}

}  // namespace reachd::net
