#include <array>
#include <boost/asio/error.hpp>
#include <utility>

#include "daemon/alert/reach.hpp"
#include "daemon/alert/sinks/syslog_message.hpp"
#include "daemon/platform/paths.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/udp.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;

enum class Wire : std::uint8_t { udp, tcp, tls };

/// RFC 5426, 3.2: what a receiver should be able to take.
constexpr std::size_t kLargestDatagram = 2048;
/// What rsyslog reads unless it is told otherwise.
constexpr std::size_t kLargestFrame = 8192;
/// More at once, and the receiver's socket has no room for them: 64 of the largest fit into the
/// 208 KiB that Linux gives it.
constexpr std::size_t kMostDatagrams = 64;
constexpr std::size_t kMostFrames = 1000;
/// Syslog acknowledges nothing, but a port that is closed, a load balancer without a server behind
/// it and a server that dislikes our certificate say so soon.
constexpr Duration kDatagramPatience = 100ms;
constexpr Duration kStreamPatience = 300ms;

using Sent = std::expected<void, std::string>;

/// The stream itself is watched by the turn's deadline already.
class HangUp final : public net::Abortable {
 public:
  explicit HangUp(net::Stream& stream) noexcept : stream_(stream) {}
  void abort() noexcept override { stream_.abort(); }

 private:
  net::Stream& stream_;
};

class SyslogSink final : public Sink {
 public:
  SyslogSink(Wire wire, Target target, net::DialOptions way, SyslogSender sender)
      : wire_(wire), target_(std::move(target)), way_(std::move(way)), sender_(std::move(sender)) {}

  asio::awaitable<std::vector<Receipt>> deliver(SinkRun run,
                                                std::span<const Delivery> events) override {
    const std::string bytes = wire_ == Wire::udp ? std::string() : frames(run, events);
    const auto endpoints = co_await endpoints_of(run, target_);
    if (!endpoints) {
      co_return receipts(events.size(), Receipt::How::retry, endpoints.error());
    }
    Sent sent;
    for (std::size_t i = 0; i < endpoints->size(); ++i) {
      Turn turn(run, endpoints->size() - i);
      if (wire_ == Wire::udp) {
        sent = co_await send_datagrams(run, turn, (*endpoints)[i], events);
      } else {
        sent = co_await send_stream(run, turn, (*endpoints)[i], bytes);
      }
      if (sent) {
        co_return receipts(events.size(), Receipt::How::delivered);
      }
      if (run.deadline.ended() != net::Deadline::Ended::no) {
        break;
      }
    }
    // Nobody knows which of them arrived, so all are said again.
    co_return receipts(events.size(), Receipt::How::retry, sent.error());
  }

  std::size_t most_at_once() const noexcept override {
    return wire_ == Wire::udp ? kMostDatagrams : kMostFrames;
  }

 private:
  std::string message(const SinkRun& run, const Delivery& delivery, std::size_t most) const {
    SyslogSender sender = sender_;
    sender.host = run.vantage;
    return syslog_message(delivery.event, sender, most);
  }

  /// Octet counting (RFC 6587, 3.4.1; RFC 5425, 4.3).
  std::string frames(const SinkRun& run, std::span<const Delivery> events) const {
    std::string bytes;
    for (const Delivery& delivery : events) {
      const std::string text = message(run, delivery, kLargestFrame);
      bytes += std::to_string(text.size()) + " " + text;
    }
    return bytes;
  }

  /// A connection for each call: one that lay idle may have been closed or forgotten by the peer or
  /// a firewall meanwhile, and what is written to it then is lost without a word.
  asio::awaitable<Sent> send_stream(const SinkRun& run, Turn& turn, const Endpoint& endpoint,
                                    const std::string& bytes) const {
    Progress progress(run.network.clock);
    ProbeRun way{target_, endpoint, {}, run.network, turn.deadline(), progress};
    auto dialed = co_await net::dial(way, way_, target_.host, target_.port, endpoint);
    if (!dialed) {
      co_return std::unexpected(sentence(dialed.error()));
    }
    std::string doubt = distrust(way_.tls.get(), *dialed);
    if (!doubt.empty()) {
      co_await dialed->stream->finish();
      co_return std::unexpected(std::move(doubt));
    }
    const net::IoResult written = co_await dialed->stream->write(std::as_bytes(std::span(bytes)));
    if (written.ec) {
      co_return std::unexpected(
          sentence(net::stream_failure(written.ec, Phase::request, turn.deadline())));
    }
    co_await dialed->stream->finish();
    Sent taken = co_await listen(run, turn, *dialed->stream);
    co_return taken;
  }

  asio::awaitable<Sent> listen(const SinkRun& run, Turn& turn, net::Stream& stream) const {
    net::Deadline patience(run.network.deadlines, run.network.clock.steady_now() + kStreamPatience);
    HangUp hang_up(stream);
    const net::Watch watch = patience.watch(hang_up);
    std::array<std::byte, 256> buffer;
    const net::IoResult got = co_await stream.read_some(buffer);
    const bool silent = got.ec == asio::error::operation_aborted;
    // To our word that nothing more comes, TLS answers with the same.
    const bool parted = wire_ == Wire::tls && got.ec == asio::error::eof;
    if (!got.ec || silent || parted) {
      co_return Sent{};
    }
    if (got.ec == asio::error::eof) {
      co_return std::unexpected("the syslog server closed the connection as soon as it had it");
    }
    co_return std::unexpected(
        sentence(net::stream_failure(got.ec, Phase::request, turn.deadline())));
  }

  asio::awaitable<Sent> send_datagrams(const SinkRun& run, Turn& turn, const Endpoint& endpoint,
                                       std::span<const Delivery> events) const {
    auto socket = net::open_udp(run.network, endpoint, std::nullopt, turn.deadline());
    if (!socket) {
      co_return std::unexpected(sentence(socket.error()));
    }
    for (const Delivery& delivery : events) {
      const std::string text = message(run, delivery, kLargestDatagram);
      const auto said = co_await (*socket)->send(std::as_bytes(std::span(text)));
      if (!said) {
        co_return std::unexpected(sentence(said.error()));
      }
    }
    std::array<std::byte, 256> buffer;
    const TimePoint until = run.network.clock.steady_now() + kDatagramPatience;
    const auto heard = co_await (*socket)->receive(buffer, until);
    if (!heard && turn.deadline().ended() == net::Deadline::Ended::no) {
      co_return std::unexpected(sentence(heard.error()));
    }
    co_return Sent{};
  }

  const Wire wire_;
  const Target target_;
  const net::DialOptions way_;
  const SyslogSender sender_;
};

struct Address {
  Wire wire = Wire::udp;
  Target target;
};

/// "udp://host:port", "tcp://...", "tls://...", or without a scheme for UDP. The ports are those of
/// RFC 5426 and RFC 5425; for plain TCP none was ever assigned, and servers listen on UDP's (RFC
/// 6587, 3.2).
Address read_address(Reader& params) {
  struct Scheme {
    std::string_view word;
    Wire wire;
    std::uint16_t port;
  };
  static constexpr std::array<Scheme, 3> kSchemes{
      {{"udp://", Wire::udp, 514}, {"tcp://", Wire::tcp, 514}, {"tls://", Wire::tls, 6514}}};
  const std::string text = params.required_text("address");
  std::string_view rest = text;
  Scheme chosen = kSchemes.front();
  for (const Scheme& scheme : kSchemes) {
    if (rest.starts_with(scheme.word)) {
      chosen = scheme;
      rest.remove_prefix(scheme.word.size());
    }
  }
  Address address;
  address.wire = chosen.wire;
  if (text.empty()) {
    return address;
  }
  const bool other = rest.contains('/');
  auto target = parse_target(rest, chosen.port);
  if (other || !target) {
    params.error("address",
                 "address is udp://host:port, tcp://host:port or tls://host:port, not \"" + text +
                     "\"" + (other ? std::string() : ": " + target.error()));
    return address;
  }
  address.target = std::move(*target);
  return address;
}

std::uint8_t read_facility(Reader& params) {
  const std::string word = params.text("facility", "daemon");
  const auto facility = parse_facility(word);
  if (!facility) {
    params.error("facility",
                 "facility is one of kern, user, mail, daemon, auth, syslog, lpr, news, uucp, "
                 "cron, authpriv, ftp, local0 to local7, not \"" +
                     word + "\"");
  }
  return facility.value_or(3);
}

MadeSink make(Reader& params) {
  Address address = read_address(params);
  net::DialOptions way;
  if (address.wire == Wire::tls) {
    way.tls = read_sink_tls(params);
  } else if (params.has("tls")) {
    params.error("tls", "tls has no effect without tls:// in address");
  }
  SyslogSender sender;
  sender.facility = read_facility(params);
  sender.enterprise = static_cast<std::uint32_t>(
      params.integer("enterprise", kDocumentationEnterprise, 1, 4'294'967'295));
  sender.process = std::to_string(platform::process_id());
  MadeSink made;
  made.events = std::make_shared<SyslogSink>(address.wire, std::move(address.target),
                                             std::move(way), std::move(sender));
  return made;
}

}  // namespace

SinkType syslog_sink() noexcept { return {.name = "syslog", .calls_people = false, .make = &make}; }

}  // namespace reachd::alert
