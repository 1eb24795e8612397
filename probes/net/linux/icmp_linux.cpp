#include "probes/net/icmp.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/icmp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <utility>
#include <vector>

#include "probes/net/deadline.hpp"
#include "probes/net/endpoint.hpp"
#include "probes/net/error_queue.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/icmp_packet.hpp"
#include "probes/net/socket_handle.hpp"

namespace reachd::net {
namespace {

using asio::ip::icmp;

constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kMaxIpv4Header = 60;
constexpr int kReadsAtOnce = 64;  ///< then other work of the loop has its turn

struct EchoSocket {
  SocketHandle handle;
  bool raw;
};

/// Raw sockets receive every ICMP message of their peer: only echo replies are wanted.
void filter_replies(int socket, IpAddress::Family family) noexcept {
  if (family == IpAddress::Family::v4) {
    // ICMP_FILTER of linux/icmp.h, a header that can't live beside net/if.h: a set bit blocks a
    // type.
    constexpr int kIcmpFilter = 1;
    constexpr int kEchoReply = 0;
    const std::uint32_t blocked = ~(1U << kEchoReply);
    ::setsockopt(socket, SOL_RAW, kIcmpFilter, &blocked, sizeof blocked);
  } else {
    icmp6_filter filter{};
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    ::setsockopt(socket, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
  }
}

/// The datagram socket needs no capability where the sysctl ping_group_range holds one of our
/// groups; the raw one needs CAP_NET_RAW.
Result<EchoSocket> open_socket(IpAddress::Family family) {
  const bool v4 = family == IpAddress::Family::v4;
  const int domain = v4 ? AF_INET : AF_INET6;
  const int protocol = v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  SocketHandle datagram(::socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (datagram.is_open()) {
    return EchoSocket{std::move(datagram), false};
  }
  if (errno != EACCES && errno != EPERM && errno != EPROTONOSUPPORT) {
    return std::unexpected(local_failure(last_socket_error()));
  }
  SocketHandle raw(::socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (raw.is_open()) {
    filter_replies(raw.get(), family);
    return EchoSocket{std::move(raw), true};
  }
  const error_code ec = last_socket_error();
  if (ec.value() == EPERM || ec.value() == EACCES) {
    return std::unexpected(
        Failure{Reason::local_permission,
                "this process may not send pings: its group is not in net.ipv4.ping_group_range "
                "and it lacks CAP_NET_RAW",
                ec.value(), std::nullopt});
  }
  return std::unexpected(local_failure(ec));
}

/// False if the system refuses, which errno tells.
bool set_option(int socket, int level, int name, int value) noexcept {
  return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
}

/// What the options ask of the socket. That the hop limit of replies is told is no condition.
error_code apply(int socket, IpAddress::Family family, const EchoOptions& options) {
  const bool v4 = family == IpAddress::Family::v4;
  set_option(socket, v4 ? int{IPPROTO_IP} : int{IPPROTO_IPV6}, v4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT,
             1);
  bool done = true;
  if (options.hop_limit != 0) {
    done = v4 ? set_option(socket, IPPROTO_IP, IP_TTL, options.hop_limit)
              : set_option(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, options.hop_limit);
  }
  if (done && options.dont_fragment && v4) {
    // The bit on each packet, whatever path MTU is remembered.
    done = set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  }
  if (done && options.source) {
    const auto local = to_asio<icmp>({.address = *options.source, .port = 0});
    done = ::bind(socket, local.data(), static_cast<socklen_t>(local.size())) == 0;
  }
  return done ? error_code() : last_socket_error();
}

/// The hop limit that came with a datagram.
std::optional<std::uint8_t> hop_limit_of(msghdr& message) noexcept {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    const bool told = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL) ||
                      (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT);
    int value = 0;
    if (told && part->cmsg_len >= CMSG_LEN(sizeof value)) {
      std::memcpy(&value, CMSG_DATA(part), sizeof value);
      return static_cast<std::uint8_t>(value);
    }
  }
  return std::nullopt;
}

/// One call of send_echoes().
class Pinger final : public Abortable {
 public:
  Pinger(Network& network, const IpAddress& to, const EchoOptions& options, Deadline& deadline)
      : network_(network),
        to_{to, 0},
        options_(options),
        deadline_(deadline),
        socket_(network.executor),
        payload_(options.payload),
        buffer_(kMaxIpv4Header + kIcmpHeader + options.payload) {
    for (std::size_t i = 0; i < payload_.size(); ++i) {
      payload_[i] = static_cast<std::byte>(i);
    }
    // The token. Not for secrecy, so a random source that can't answer yet does no harm.
    std::array<std::byte, kMinEchoPayload> token{};
    [[maybe_unused]] const ssize_t ignored = ::getrandom(token.data(), token.size(), GRND_NONBLOCK);
    std::memcpy(&id_, token.data(), sizeof id_);
    std::copy_n(token.begin(), std::min(token.size(), payload_.size()), payload_.begin());
  }

  Result<void> open();
  asio::awaitable<EchoReport> run();

  void abort() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  enum class State : std::uint8_t { waiting, answered };
  struct Echo {
    TimePoint sent;
    State state = State::waiting;
  };

  IpAddress::Family family() const noexcept { return to_.address.family; }
  Failure failure_of(error_code ec, const std::optional<IcmpError>& icmp) const {
    return connect_failure(to_, ec, true, icmp, deadline_, Transport::icmp);
  }
  void complain(Failure failure) {
    if (!report_.failure) {
      report_.failure = std::move(failure);
    }
  }
  bool all_answered() const noexcept {
    return std::ranges::all_of(echoes_, [](const Echo& e) { return e.state == State::answered; });
  }
  void send_one();
  void receive_all();
  void receive_errors(error_code ec);
  /// True if it is a reply that was waited for.
  bool accept_reply(std::span<const std::byte> datagram, TimePoint now);
  asio::awaitable<void> wait(bool until_next);

  // Constant after open().
  Network& network_;
  Endpoint to_;
  EchoOptions options_;
  Deadline& deadline_;
  icmp::socket socket_;
  bool raw_ = false;
  std::uint16_t id_ = 0;
  std::vector<std::byte> payload_;
  // Changing.
  std::vector<std::byte> buffer_;
  std::vector<Echo> echoes_;  ///< by sequence
  int attempted_ = 0;
  TimePoint next_;
  EchoReport report_;
};

Result<void> Pinger::open() {
  Result<EchoSocket> opened = open_socket(family());
  if (!opened) {
    return std::unexpected(std::move(opened.error()));
  }
  raw_ = opened->raw;
  const int descriptor = opened->handle.get();
  if (options_.source && options_.source->family != family()) {
    return std::unexpected(other_family(*options_.source));
  }
  keep_icmp_errors(descriptor, family());
  if (const error_code wrong = apply(descriptor, family(), options_)) {
    return std::unexpected(local_failure(wrong));
  }
  const auto remote = to_asio<icmp>(to_);
  // Connected, it hears only its target, and the errors that answer what it sends there.
  if (::connect(descriptor, remote.data(), static_cast<socklen_t>(remote.size())) != 0) {
    return std::unexpected(failure_of(last_socket_error(), std::nullopt));
  }
  error_code ec;
  socket_.assign(remote.protocol(), descriptor, ec);
  if (ec) {
    return std::unexpected(local_failure(ec));
  }
  opened->handle.release();
  return {};
}

void Pinger::send_one() {
  ++attempted_;
  const auto sequence = static_cast<std::uint16_t>(echoes_.size());
  const auto packet = make_echo_request(family(), id_, sequence, payload_);
  const TimePoint now = network_.clock.steady_now();
  const ssize_t count =
      ::send(socket_.native_handle(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0) {
    const error_code ec = last_socket_error();
    // A REJECT of this host's own firewall leaves its ICMP error as well.
    complain(failure_of(ec, take_icmp_error(socket_.native_handle())));
    return;
  }
  echoes_.push_back({now, State::waiting});
  report_.first_sent = report_.first_sent.value_or(now);
  ++report_.facts.sent;
}

bool Pinger::accept_reply(std::span<const std::byte> datagram, TimePoint now) {
  const bool with_header = raw_ && family() == IpAddress::Family::v4;
  const auto packet = parse_echo(family(), with_header ? without_ipv4_header(datagram) : datagram);
  // The kernel chooses the id of a datagram socket and matches it itself.
  if (!packet || !packet->reply || (raw_ && packet->id != id_) ||
      packet->sequence >= echoes_.size() || !std::ranges::equal(packet->payload, payload_)) {
    return false;
  }
  Echo& echo = echoes_[packet->sequence];
  if (echo.state == State::answered) {
    return false;  // a duplicate
  }
  echo.state = State::answered;
  IcmpFacts& facts = report_.facts;
  ++facts.received;
  const Duration took = now - echo.sent;
  facts.fastest = std::min(facts.fastest.value_or(took), took);
  facts.slowest = std::max(facts.slowest.value_or(took), took);
  return true;
}

void Pinger::receive_errors(error_code ec) {
  std::array<std::byte, kIcmpHeader> original{};
  while (const auto icmp = take_icmp_error(socket_.native_handle(), original)) {
    const auto request = parse_echo(family(), original);
    // Raw sockets hear the errors of others' pings to the same host.
    if (!request || (raw_ && request->id != id_) || request->sequence >= echoes_.size()) {
      continue;
    }
    echoes_[request->sequence].state = State::answered;
    complain(failure_of(ec, icmp));
  }
}

void Pinger::receive_all() {
  error_code ec;
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    iovec place{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    alignas(cmsghdr) std::array<char, 128> control;
    msghdr message{};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_TRUNC);
    if (count >= 0) {
      const auto size = std::min(static_cast<std::size_t>(count), buffer_.size());
      if (accept_reply(std::span(buffer_).first(size), network_.clock.steady_now())) {
        report_.reply_hop_limit = hop_limit_of(message);
      }
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      // The pending error of the socket; its ICMP message waits in the error queue.
      ec = last_socket_error();
      receive_errors(ec);
    }
  }
  receive_errors(ec);
}

asio::awaitable<void> Pinger::wait(bool until_next) {
  error_code ignored;
  if (!until_next) {
    co_await socket_.async_wait(icmp::socket::wait_read,
                                asio::redirect_error(asio::use_awaitable, ignored));
    co_return;
  }
  /// Ends the wait, not the socket.
  struct Waker final : Abortable {
    explicit Waker(icmp::socket& s) noexcept : socket(s) {}
    void abort() noexcept override {
      error_code unused;
      socket.cancel(unused);
    }
    icmp::socket& socket;
  } waker(socket_);
  Deadline step(network_.deadlines, next_);
  const Watch watch = step.watch(waker);
  co_await socket_.async_wait(icmp::socket::wait_read,
                              asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<EchoReport> Pinger::run() {
  const Watch watch = deadline_.watch(*this);
  next_ = network_.clock.steady_now();
  echoes_.reserve(static_cast<std::size_t>(options_.count));
  while (socket_.is_open()) {
    receive_all();
    const TimePoint now = network_.clock.steady_now();
    if (attempted_ < options_.count && now >= next_) {
      send_one();
      next_ = now + options_.interval;
      continue;
    }
    const bool more = attempted_ < options_.count;
    if (!more && all_answered()) {
      break;
    }
    co_await wait(more);
  }
  co_return std::move(report_);
}

}  // namespace

asio::awaitable<Result<EchoReport>> send_echoes(Network& network, IpAddress to, EchoOptions options,
                                                Deadline& deadline) {
  Pinger pinger(network, to, options, deadline);
  const Result<void> opened = pinger.open();
  if (!opened) {
    co_return std::unexpected(opened.error());
  }
  EchoReport report = co_await pinger.run();
  co_return report;
}

}  // namespace reachd::net
