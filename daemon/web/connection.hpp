#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/web/api.hpp"
#include "daemon/web/request_reader.hpp"
#include "daemon/web/server.hpp"

namespace reachd::web {

/// What the connections of one server share; lives on the server's thread and outlives them.
struct Shared {
  std::shared_ptr<boost::asio::io_context> context;
  Callbacks callbacks;
  ServerLimits limits;
  Api api{callbacks};
  bool stopping = false;
};

/// One client's connection: requests one after the other. Lives as long as serve() runs.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, boost::asio::ip::tcp::socket socket, bool loopback);

  /// Reads and answers until either side has enough.
  boost::asio::awaitable<void> serve();
  /// Ends whatever serve() waits for.
  void abort() noexcept;
  /// Waits for the first byte of a request.
  bool idle() const noexcept { return idle_; }
  std::chrono::steady_clock::time_point idle_since() const noexcept { return idle_since_; }

 private:
  enum class Received : unsigned char { request, refused, closed };

  boost::asio::awaitable<Received> receive();
  boost::asio::awaitable<bool> respond(const Request& request, Response response);
  boost::asio::awaitable<bool> send_body(Body& body, const Request& request, bool gzip);
  boost::asio::awaitable<bool> send(std::string_view bytes);
  boost::asio::awaitable<void> refuse(Refusal refusal);
  boost::asio::awaitable<Response> reload(const Request& request);
  /// After a refusal: takes what the client still sends for a moment, or the reset that closing
  /// with unread bytes sends would wipe out the answer.
  boost::asio::awaitable<void> linger();
  std::string head_of(const Request& request, const Response& response, bool gzip, bool keep) const;
  /// Cancels the socket's operations unless it is called again first.
  void expect_within(std::chrono::milliseconds time);
  void expect_nothing();

  Shared& shared_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer* waiting_ = nullptr;  ///< what reload() waits for
  RequestReader reader_;
  const bool loopback_;
  bool idle_ = false;
  bool expired_ = false;
  bool aborted_ = false;
  std::chrono::steady_clock::time_point idle_since_{};
  std::uint64_t expectation_ = 0;  ///< tells a timer's handler of an earlier wait from this one's
  Refusal refusal_;                ///< if receive() said refused
};

}  // namespace reachd::web
