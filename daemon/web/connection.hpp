#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/web/api.hpp"
#include "daemon/web/guard.hpp"
#include "daemon/web/prober.hpp"
#include "daemon/web/records.hpp"
#include "daemon/web/request_reader.hpp"
#include "daemon/web/router.hpp"
#include "daemon/web/server.hpp"
#include "daemon/web/token_bucket.hpp"
#include "daemon/web/transport.hpp"

namespace reachd::web {

class Connection;

/// What a connection waits for its client to do.
enum class Waits : std::uint8_t {
  nothing,  ///< it is at work itself
  request,  ///< to send the first byte of a request; of a stream: it waits for an event
  rest,     ///< to send the rest of a request
  reading,  ///< to take what is sent
};

/// Where connections come in.
struct Door {
  bool loopback;  ///< only this machine can reach it
  TokenBucket requests{};
};

/// What the connections of one server share; lives on the server's thread and outlives them.
struct Shared {
  /// Closes a connection that waits for its client to do one of `whats`, so that who is slow never
  /// keeps a newcomer out: of the address with the most such connections, the one that has waited
  /// longest. False if there is none; one that only reads slowly is closed where its address has
  /// more than its share.
  bool make_room(std::initializer_list<Waits> whats,
                 const boost::asio::ip::address& newcomer) const;

  /// Lets the streams look for new events.
  void wake_streams() {
    for (boost::asio::steady_timer* const waiting : streams) {
      waiting->cancel();
    }
  }

  std::shared_ptr<boost::asio::io_context> context;
  Callbacks callbacks;
  ServerLimits limits;
  std::vector<std::string> names{};  ///< that this host goes by, for requests over loopback
  Api api{callbacks};
  bool stopping = false;
  std::list<std::shared_ptr<Connection>> connections{};
  std::vector<boost::asio::steady_timer*> streams{};  ///< what each of them waits with
  boost::asio::thread_pool worker{1};                 ///< reads the journal
  std::unique_ptr<Prober> prober{};                   ///< null: there is no /probe
  std::unique_ptr<Guard> guard{};                     ///< null: nobody is asked who they are
};

/// One client's connection: requests one after the other. Lives as long as serve() runs.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// The door outlives the connection.
  Connection(Shared& shared, boost::asio::ip::tcp::socket socket, Door& door);

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
  boost::asio::awaitable<Response> reload(const Request& request);
  /// What `work` makes on the worker; 503 if that takes too long.
  boost::asio::awaitable<Response> aside(std::function<Response()> work);
  boost::asio::awaitable<Response> records(Route route, const Request& request);
  /// Sends events as they happen until either side has enough.
  boost::asio::awaitable<void> stream(const Request& request);
  boost::asio::awaitable<std::int64_t> stream_begin(const Request& request);
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
