#include "probes/net/tcp.hpp"

#include <array>
#include <utility>

#include "probes/net/connect.hpp"
#include "probes/net/endpoint.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/socket_stream.hpp"

namespace reachd::net {
namespace {

using asio::ip::tcp;

/// Stays off Asio until the first read or write: a probe that only connects never needs it.
class TcpStream final : public SocketStream<tcp::socket> {
 public:
  TcpStream(const asio::any_io_executor& executor, ConnectedSocket connected, bool v4,
            bool reset_on_close, Deadline& deadline)
      : SocketStream(tcp::socket(executor)),
        connected_(std::move(connected)),
        v4_(v4),
        watch_(deadline.watch(*this)) {
    if (reset_on_close && connected_.is_open()) {
      connected_.reset_on_close();
    }
  }

  void abort() noexcept override {
    connected_.close();
    SocketStream::abort();
  }

 private:
  error_code be_ready() override {
    return connected_.is_open() ? connected_.give_to(socket(), v4_) : SocketStream::be_ready();
  }

  ConnectedSocket connected_;  // this or the socket is open, none after abort()
  bool v4_;
  Watch watch_;  // last: it lets go first
};

}  // namespace

std::optional<IpAddress> read_source(Reader& reader) {
  const std::string text = reader.text("source");
  if (text.empty()) {
    return std::nullopt;
  }
  const auto source = IpAddress::parse(text);
  if (!source) {
    reader.error("source", "source is an address of this host, not \"" + text + "\"");
  }
  return source;
}

bool read_over_tcp(Reader& reader, bool fallback) {
  static constexpr std::array<std::pair<std::string_view, bool>, 2> kTransports{
      {{"udp", false}, {"tcp", true}}};
  return reader.choice<bool>("transport", fallback, kTransports);
}

asio::awaitable<Result<std::unique_ptr<Stream>>> connect_tcp(Network& network, Endpoint endpoint,
                                                             TcpOptions options,
                                                             Deadline& deadline) {
  if (deadline.ended() != Deadline::Ended::no) {
    const error_code silence;
    co_return std::unexpected(connect_failure(endpoint, silence, true, std::nullopt, deadline));
  }
  Connect connect(network.executor, endpoint, options.source, deadline);
  if (connect.pending()) {
    co_await connect.end();
  }
  Result<ConnectedSocket> socket = connect.result();
  if (!socket) {
    co_return std::unexpected(std::move(socket.error()));
  }
  co_return std::make_unique<TcpStream>(network.executor, std::move(*socket),
                                        endpoint.address.is_v4(), options.reset_on_close, deadline);
}

}  // namespace reachd::net
