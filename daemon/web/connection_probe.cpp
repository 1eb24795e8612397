// What connections do while a probe runs that was asked for.

#include "daemon/web/connection.hpp"

namespace reachd::web {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// How long a client has to wait for its answer before it is looked whether it is still there.
constexpr auto kPatience = std::chrono::seconds(1);

}  // namespace

void Connection::look_after_client() {
  // Most probes are over long before, and then this costs them nothing but a timer.
  const std::uint64_t expectation = ++expectation_;
  timer_.expires_after(kPatience);
  timer_.async_wait([self = shared_from_this(), expectation](const error_code& cancelled) {
    if (cancelled || self->expectation_ != expectation) {
      return;
    }
    self->transport_.socket().async_wait(
        asio::ip::tcp::socket::wait_read, [self, expectation](const error_code& error) {
          // Readable without a byte is the end. A byte is the next request, which has its time;
          // over TLS it may be a goodbye too, which can't be told from it here.
          error_code broken;
          if (!error && self->expectation_ == expectation &&
              (self->transport_.socket().available(broken) == 0 || broken)) {
            self->client_.gone();
          }
        });
  });
}

}  // namespace reachd::web
