#include "daemon/web/server.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <list>
#include <thread>
#include <utility>

#include "daemon/log/log.hpp"
#include "daemon/web/connection.hpp"
#include "daemon/web/listening.hpp"

namespace reachd::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// Accepting again at once after EMFILE would only spin: descriptors come back when others close.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

struct Listener {
  tcp::acceptor acceptor;
  asio::steady_timer pause;  ///< after an accept that failed
  Door door;
};

Endpoint to_endpoint(const tcp::endpoint& from) {
  Endpoint endpoint;
  const asio::ip::address& address = from.address();
  if (address.is_v4()) {
    endpoint.address = IpAddress::v4(address.to_v4().to_uint());
  } else if (address.to_v6().is_v4_mapped()) {  // over a socket for both families that was passed
    endpoint.address =
        IpAddress::v4(asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_uint());
  } else {
    endpoint.address.family = IpAddress::Family::v6;
    endpoint.address.bytes = address.to_v6().to_bytes();
    endpoint.address.scope = static_cast<std::uint32_t>(address.to_v6().scope_id());
  }
  endpoint.port = from.port();
  return endpoint;
}

/// Whoever is on this machine and came to it over loopback, whatever else the listener takes.
bool is_inside(const tcp::socket& socket) {
  error_code gone;
  const tcp::endpoint here = socket.local_endpoint(gone);
  const tcp::endpoint there = gone ? here : socket.remote_endpoint(gone);
  return !gone && to_endpoint(here).address.is_loopback() &&
         to_endpoint(there).address.is_loopback();
}

/// What an escaped exception leads to: a line in the log and the end of that coroutine only.
void report(std::string_view what, const std::exception_ptr& failure) {
  try {
    if (failure) {
      std::rethrow_exception(failure);
    }
  } catch (const std::exception& error) {
    log::error("The web server failed", {{"at", what}, {"error", error.what()}});
  }
}

class ServerImpl final : public Server {
 public:
  ServerImpl(Callbacks callbacks, ServerLimits limits)
      : shared_{.context = std::make_shared<asio::io_context>(1),
                .callbacks = std::move(callbacks),
                .limits = limits},
        drained_(*shared_.context) {
    shared_.names = shared_.callbacks.names;
  }

  ~ServerImpl() override { stop(); }

  std::expected<void, std::string> listen(const Target& target) {
    tcp::resolver resolver(*shared_.context);
    error_code error;
    shared_.names.push_back(target.host);
    const auto found =
        resolver.resolve(target.host, std::to_string(target.port),
                         tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error) {
      return std::unexpected(target.text + ": " + error.message());
    }
    std::vector<tcp::endpoint> bound;
    for (const auto& entry : found) {
      if (std::ranges::find(bound, entry.endpoint()) == bound.end()) {
        bound.push_back(entry.endpoint());
        if (auto problem = listen(entry.endpoint())) {
          return std::unexpected(std::move(*problem));
        }
      }
    }
    return {};
  }

  /// Takes over a socket that listens already.
  std::expected<void, std::string> adopt(int passed) {
    // On Windows the handle is a class of Asio's around an unsigned number.
    using Number = decltype(+std::declval<tcp::acceptor::native_handle_type>());
    const tcp::acceptor::native_handle_type handle = static_cast<Number>(passed);
    error_code error;
    tcp::acceptor acceptor(*shared_.context);
    acceptor.assign(tcp::v4(), handle, error);
    if (!error && acceptor.local_endpoint(error).protocol() == tcp::v6()) {
      acceptor.release(error);
      acceptor.assign(tcp::v6(), handle, error);
    }
    if (error) {
      return std::unexpected("descriptor " + std::to_string(passed) + ": " + error.message());
    }
    add(std::move(acceptor));
    return {};
  }

  std::expected<void, std::string> guard_by(Access access) {
    auto guard = make_guard(shared_.context, std::move(access), shared_.limits.look);
    if (!guard) {
      return std::unexpected(std::move(guard.error()));
    }
    shared_.guard = std::move(*guard);
    return {};
  }

  void start() {
    error_code unknown;
    shared_.names.push_back(asio::ip::host_name(unknown));
    if (shared_.callbacks.make_prober) {
      shared_.prober = shared_.callbacks.make_prober(shared_.context->get_executor());
    }
    for (Listener& listener : listeners_) {
      asio::co_spawn(*shared_.context, accept(listener),
                     [](const std::exception_ptr& failure) { report("accepting", failure); });
    }
    thread_ = std::thread([this] { shared_.context->run(); });
  }

  const std::vector<Endpoint>& endpoints() const noexcept override { return endpoints_; }

  void events_released() override {
    asio::post(*shared_.context, [this] { WaitingPlace::wake(shared_.streams); });
  }

  void stop() override {
    if (!thread_.joinable()) {
      return;
    }
    asio::post(*shared_.context, [this] { drain(); });
    thread_.join();
  }

 private:
  std::optional<std::string> listen(const tcp::endpoint& endpoint) {
    error_code error;
    tcp::acceptor acceptor(*shared_.context);
    const auto run = [&error](auto&& step) {
      if (!error) {
        step();
      }
    };
    run([&] { acceptor.open(endpoint.protocol(), error); });
    run([&] { claim_address(acceptor, error); });
    if (endpoint.address().is_v6()) {
      run([&] { acceptor.set_option(asio::ip::v6_only(true), error); });
    }
    run([&] { acceptor.bind(endpoint, error); });
    run([&] { acceptor.listen(tcp::acceptor::max_listen_connections, error); });
    if (error) {
      return to_endpoint(endpoint).to_string() + ": " + why_not_listening(error);
    }
    add(std::move(acceptor));
    return std::nullopt;
  }

  void add(tcp::acceptor acceptor) {
    endpoints_.push_back(to_endpoint(acceptor.local_endpoint()));
    listeners_.push_back(Listener{.acceptor = std::move(acceptor),
                                  .pause = asio::steady_timer(*shared_.context),
                                  .door = {}});
  }

  asio::awaitable<void> accept(Listener& listener) {
    while (!shared_.stopping) {
      auto accepted = co_await listener.acceptor.async_accept(kAwait);
      auto& [error, socket] = accepted;
      if (shared_.stopping) {
        break;
      }
      if (error) {
        cannot_accept_.write(std::chrono::steady_clock::now(),
                             "The web server can't take connections at the moment",
                             {{"error", error.message()}});
        listener.pause.expires_after(kAcceptPause);
        co_await listener.pause.async_wait(kAwait);
        continue;
      }
      if (shared_.connections.size() >= shared_.limits.connections) {
        error_code gone;
        const auto newcomer = socket.remote_endpoint(gone).address();
        if (!shared_.make_room({Waits::request, Waits::rest, Waits::reading}, newcomer)) {
          turn_away(socket);
          continue;
        }
      }
      serve(std::move(socket), listener.door);
    }
  }

  void serve(tcp::socket socket, Door& door) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const bool inside = is_inside(socket);
    const auto connection = std::make_shared<Connection>(shared_, std::move(socket), door, inside);
    const auto place = shared_.connections.insert(shared_.connections.end(), connection);
    asio::co_spawn(*shared_.context, connection->serve(),
                   [this, place](const std::exception_ptr& failure) {
                     (*place)->abort();
                     shared_.connections.erase(place);
                     end_drain_if_empty();
                     report("a connection", failure);
                   });
  }

  /// Says no as far as that goes without waiting.
  void turn_away(tcp::socket& socket) const {
    if (shared_.guard && shared_.guard->policy()->tls) {
      return;  // nothing can be said before a handshake
    }
    static constexpr std::string_view kNo =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n";
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kNo), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void drain() {
    shared_.stopping = true;
    for (Listener& listener : listeners_) {
      error_code ignored;
      listener.acceptor.close(ignored);
      listener.pause.cancel();
    }
    const auto connections = shared_.connections;
    for (const auto& connection : connections) {
      if (connection->waits_for() == Waits::request) {
        connection->abort();
      }
    }
    drained_.expires_after(shared_.limits.drain);
    drained_.async_wait([this](const error_code&) {
      const auto left = shared_.connections;
      for (const auto& connection : left) {
        connection->abort();
      }
    });
    end_drain_if_empty();
  }

  void end_drain_if_empty() {
    if (shared_.stopping && shared_.connections.empty()) {
      drained_.cancel();
      if (shared_.prober) {
        shared_.prober->stop();
      }
    }
  }

  // Server's thread only, but for what start_server() does before there is one.
  Shared shared_;
  std::list<Listener> listeners_;
  asio::steady_timer drained_;
  log::RareWarning cannot_accept_;
  // Constant after start.
  std::vector<Endpoint> endpoints_;
  std::thread thread_;
};

}  // namespace

std::expected<std::unique_ptr<Server>, std::string> start_server(const std::vector<Target>& listen,
                                                                 Callbacks callbacks,
                                                                 ServerLimits limits,
                                                                 const std::vector<int>& passed,
                                                                 Access access) {
  auto server = std::make_unique<ServerImpl>(std::move(callbacks), limits);
  if (!access.config_file.empty()) {
    if (auto guarded = server->guard_by(std::move(access)); !guarded) {
      return std::unexpected(std::move(guarded.error()));
    }
  }
  for (const int socket : passed) {
    if (auto adopted = server->adopt(socket); !adopted) {
      return std::unexpected(std::move(adopted.error()));
    }
  }
  for (const Target& target : passed.empty() ? listen : std::vector<Target>()) {
    if (auto listening = server->listen(target); !listening) {
      return std::unexpected(std::move(listening.error()));
    }
  }
  server->start();
  return server;
}

}  // namespace reachd::web
