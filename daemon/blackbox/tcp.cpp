#include <utility>

#include "daemon/blackbox/address.hpp"
#include "daemon/blackbox/query.hpp"
#include "daemon/blackbox/run.hpp"
#include "probes/net/connect.hpp"
#include "probes/net/tcp.hpp"

namespace reachd::blackbox {
namespace {

void connected(Run& run, const Endpoint& to) {
  log_line(run, [&] { return "connected to " + to.to_string(); });
}

void not_connected(Run& run, const Failure& failure) {
  log_line(run, [&] { return failure.message; });
}

/// Only connects: no stream, as most modules are of this kind and none of its comforts is used.
asio::awaitable<bool> knock(Run& run, Endpoint to) {
  net::Connect connect(run.network.executor, to, run.module.tcp.source, run.deadline);
  if (connect.pending()) {
    co_await connect.end();
  }
  const net::Result<net::ConnectedSocket> socket = connect.result();
  if (!socket) {
    not_connected(run, socket.error());
    co_return false;
  }
  connected(run, to);
  run.samples.set(Family::failed_due_to_regex, 0);
  run.samples.set(Family::failed_due_to_bytes, 0);
  co_return true;
}

asio::awaitable<bool> connect_and_converse(Run& run, Endpoint to, std::string host) {
  const config::blackbox::Tcp& tcp = run.module.tcp;
  const net::TcpOptions options{.source = tcp.source};
  auto stream = co_await net::connect_tcp(run.network, to, options, run.deadline);
  if (!stream) {
    not_connected(run, stream.error());
    co_return false;
  }
  connected(run, to);
  co_return co_await converse(run, std::move(*stream), tcp, std::move(host));
}

}  // namespace

asio::awaitable<bool> probe_tcp(Run& run) {
  auto where = split_host_port(run.target);
  if (!where) {
    log_line(run, [] { return std::string("the target of a tcp module is host:port"); });
    co_return false;
  }
  const config::blackbox::Tcp& tcp = run.module.tcp;
  const Literal literal = choose_literal(run, where->host, where->port, tcp.address);
  std::optional<IpAddress> address = literal.address;
  if (!literal.is_address) {
    address = co_await choose_address(run, where->host, where->port, tcp.address);
  }
  if (!address) {
    co_return false;
  }
  const Endpoint to{.address = *address, .port = where->port};
  if (!tcp.tls && tcp.query_response.empty()) {
    co_return co_await knock(run, to);
  }
  std::string host = std::move(where->host);
  if (!run.hostname.empty()) {
    host = run.hostname;
  }
  co_return co_await connect_and_converse(run, to, std::move(host));
}

}  // namespace reachd::blackbox
