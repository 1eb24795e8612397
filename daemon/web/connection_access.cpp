// How connections come about under web.yml: TLS, passwords, limits.

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "daemon/log/log.hpp"
#include "daemon/web/connection.hpp"

namespace reachd::web {

namespace asio = boost::asio;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// A disk that takes longer to show its files is not waited for: what was in force goes on.
constexpr auto kLook = std::chrono::milliseconds(500);

Response unauthorized() {
  Response response = plain(401, "Unauthorized");
  response.headers.emplace_back("WWW-Authenticate", "Basic");
  return response;
}

Response too_busy() {
  Response response = plain(503, "Too many passwords are being checked.");
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace

asio::awaitable<void> Connection::refresh_policy() {
  const auto wait = shared_.guard->look();
  co_await wait_with(wait->event, kLook);
}

asio::awaitable<bool> Connection::open() {
  if (shared_.guard->is_due(std::chrono::steady_clock::now())) {
    co_await refresh_policy();
  }
  policy_ = shared_.guard->policy();
  if (policy_->tls == nullptr || aborted_) {
    co_return !aborted_;
  }
  const bool open = co_await shake_hands();
  co_return open;
}

asio::awaitable<bool> Connection::shake_hands() {
  now_waits_for(Waits::request);
  expect_within(shared_.limits.handshake);
  auto shaken = co_await transport_.handshake(*policy_->tls, kAwait);
  const boost::system::error_code error = std::get<0>(shaken);
  const std::string complaint =
      is_certificate_trouble(error) ? certificate_complaint(transport_.ssl()) : std::string();
  now_waits_for(Waits::nothing);
  expect_nothing();
  if (!error && !expired_ && !aborted_) {
    co_return true;
  }
  transport_.drop_tls();
  if (is_not_tls(error)) {
    Refusal refusal{.status = 400, .message = "This server speaks HTTPS only: ask by https://."};
    co_await refuse(std::move(refusal));
  } else if (!complaint.empty()) {
    shared_.guard->refused(peer_, "A client without a certificate that is let in was refused",
                           complaint);
  }
  co_return false;
}

asio::awaitable<void> Connection::close_tls() {
  if (transport_.ssl() == nullptr || aborted_) {
    co_return;
  }
  now_waits_for(Waits::rest);
  expect_within(std::chrono::seconds(1));
  co_await transport_.shutdown_tls(kAwait);
  expect_nothing();
  transport_.drop_tls();
}

bool Connection::has_proven_certificate() {
  return policy_->config.tls &&
         policy_->config.tls->client_auth >= config::ClientAuth::verify_if_given &&
         transport_.ssl() != nullptr && has_peer_certificate(transport_.ssl());
}

asio::awaitable<Connection::Admission> Connection::admit(Request& request) {
  Guard& guard = *shared_.guard;
  const std::string authorization = std::exchange(request.authorization, {});
  const auto now = std::chrono::steady_clock::now();
  if (guard.is_due(now)) {
    co_await refresh_policy();
  }
  const auto policy = guard.policy();
  // What this connection was let in by may no longer hold: the next request needs a new one.
  const bool is_current = policy->tls == nullptr || policy == policy_;
  request.keep_alive = request.keep_alive && is_current;
  Admission admission{.trusted = inside_, .proven = false, .refusal = {}};
  if (!door_.requests.take(policy->config.rate_limit, now)) {
    admission.refusal = plain(429, "Too many requests");
  } else if (policy->config.users.empty()) {
    admission.proven = is_current && has_proven_certificate();
    admission.trusted = admission.trusted || admission.proven;
  } else if (!guard.is_excluded(request.path)) {
    auto credentials = parse_credentials(authorization);
    if (credentials) {
      admission = co_await check(std::move(*credentials));
    } else {
      admission.refusal = unauthorized();
    }
  }
  co_return admission;
}

asio::awaitable<Connection::Admission> Connection::check(Credentials credentials) {
  Admission admission{.trusted = true, .proven = true, .refusal = {}};
  if (shared_.guard->knows(credentials)) {
    co_return admission;
  }
  const auto wait = shared_.guard->check(std::move(credentials), peer_);
  if (wait) {
    co_await wait_with(wait->event, shared_.limits.password);
  }
  if (!wait || !wait->answered) {
    admission = {.trusted = false, .proven = false, .refusal = too_busy()};
  } else if (!*wait->answered) {
    shared_.guard->refused(peer_, "A client was refused", "wrong user name or password");
    admission = {.trusted = false, .proven = false, .refusal = unauthorized()};
  }
  co_return admission;
}

}  // namespace reachd::web
