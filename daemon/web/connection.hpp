#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/web/prober.hpp"
#include "daemon/web/records.hpp"
#include "daemon/web/request_reader.hpp"
#include "daemon/web/router.hpp"
#include "daemon/web/shared.hpp"
#include "daemon/web/transport.hpp"

namespace reachd::web {

/// One client's connection: requests one after the other. Lives as long as serve() runs.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// The door outlives the connection. `inside`: it comes from this machine and over loopback.
  Connection(Shared& shared, boost::asio::ip::tcp::socket socket, Door& door, bool inside);

  /// Reads and answers until either side has enough.
  boost::asio::awaitable<void> serve();
  /// Ends whatever serve() waits for.
  void abort() noexcept;
  const boost::asio::ip::address& peer() const noexcept { return peer_; }
  Waits waits_for() const noexcept { return waits_; }
  std::chrono::steady_clock::time_point waits_since() const noexcept { return waits_since_; }

 private:
  enum class Received : unsigned char { request, refused, closed };
  /// A guard's answer to a request.
  struct Admission {
    bool trusted = false;             ///< may see and do everything
    bool proven = false;              ///< by a password or a certificate
    std::optional<Response> refusal;  ///< instead of what was asked for
  };

  /// Under a guard: waits for TLS, if that is spoken here. False if there is nobody to talk to.
  boost::asio::awaitable<bool> open();
  boost::asio::awaitable<bool> shake_hands();
  /// What changed in the guard's files is in force from here on.
  boost::asio::awaitable<void> refresh_policy();
  /// Lets a request in or refuses it; takes its password out.
  boost::asio::awaitable<Admission> admit(Request& request);
  boost::asio::awaitable<Admission> check(Credentials credentials);
  /// The client has shown a certificate of our authority in this TLS session.
  bool has_proven_certificate();

  boost::asio::awaitable<Received> receive();
  boost::asio::awaitable<bool> respond(const Request& request, Response response);
  boost::asio::awaitable<bool> send_body(Body& body, const Request& request, bool gzip);
  boost::asio::awaitable<bool> send(std::string_view bytes);
  boost::asio::awaitable<void> refuse(Refusal refusal);
  boost::asio::awaitable<void> wait_with(boost::asio::steady_timer& event,
                                         std::chrono::milliseconds most);
  /// Until a scrape ends, as one whose connection was closed does at once on Linux, and when
  /// Windows gets round to telling.
  boost::asio::awaitable<void> wait_for_room();
  boost::asio::awaitable<Response> reload(const Request& request);
  /// What `work` makes on the worker; 503 if that takes too long.
  boost::asio::awaitable<Response> aside(std::function<Response()> work);
  boost::asio::awaitable<Response> records(Route route, const Request& request);
  /// Sends events as they happen until either side has enough.
  boost::asio::awaitable<void> stream(const Request& request);
  boost::asio::awaitable<Response> stream_begin(const Request& request,
                                                std::shared_ptr<std::int64_t> begin);
  boost::asio::awaitable<void> send_events(std::int64_t after,
                                           std::shared_ptr<const EventFilter> filter);
  /// What of the events after `after`, which moves on, up to `newest` is to be sent.
  boost::asio::awaitable<std::string> stream_page(std::int64_t& after, std::int64_t newest,
                                                  std::shared_ptr<const EventFilter> filter);
  /// Tells a client of TLS that nothing more comes.
  boost::asio::awaitable<void> close_tls();
  /// After a refusal: takes what the client still sends for a moment, or the reset that closing
  /// with unread bytes sends would wipe out the answer.
  boost::asio::awaitable<void> linger();
  std::string head_of(const Request& request, const Response& response, bool gzip, bool keep) const;
  /// Looks from time to time whether the client is still there, until expect_nothing().
  void look_after_client();
  void now_waits_for(Waits what);
  /// Cancels the socket's operations unless it is called again first.
  void expect_within(std::chrono::milliseconds time);
  void expect_nothing();

  Shared& shared_;
  Transport transport_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer* waiting_ = nullptr;  ///< what is waited with for others
  RequestReader reader_;
  const boost::asio::ip::address peer_;
  Door& door_;
  const bool inside_;
  std::shared_ptr<const Policy> policy_;  ///< that the TLS session was made under
  Waits waits_ = Waits::nothing;
  bool expired_ = false;
  bool aborted_ = false;
  std::chrono::steady_clock::time_point waits_since_{};
  std::uint64_t expectation_ = 0;  ///< tells a timer's handler of an earlier wait from this one's
  Refusal refusal_;                ///< if receive() said refused
  Client client_;
};

}  // namespace reachd::web
