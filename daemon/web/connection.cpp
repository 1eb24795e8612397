#include "daemon/web/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <optional>
#include <utility>

#include "daemon/web/gzip.hpp"
#include "daemon/web/host_names.hpp"
#include "daemon/web/wait.hpp"
#include "probes/core/decimal.hpp"

namespace reachd::web {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// Smaller answers are not worth compressing.
constexpr std::size_t kWorthGzip = 1024;
/// What is sent at once of a streamed body.
constexpr std::size_t kSendBytes = std::size_t{32} * 1024;

/// How long an operation may take to end that was cancelled.
constexpr auto kLetsGo = std::chrono::milliseconds(1000);

/// The size line of a chunk (RFC 9112, 7.1).
void append_chunk_size(std::string& out, std::size_t size) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  out.append(digits.data(), end);
  out += "\r\n";
}

/// Any address, unless the client has gone already.
asio::ip::address address_of_peer(const asio::ip::tcp::socket& socket) {
  error_code gone;
  return socket.remote_endpoint(gone).address();
}

/// A browser names the page that sends a form: one of another site must not reload us.
bool comes_from_elsewhere(const Request& request) {
  if (request.origin.empty()) {
    return false;
  }
  return request.origin != "http://" + request.host && request.origin != "https://" + request.host;
}

}  // namespace

Connection::Connection(Shared& shared, asio::ip::tcp::socket socket, Door& door, bool inside)
    : shared_(shared),
      transport_(std::move(socket)),
      timer_(transport_.get_executor()),
      reader_(shared.limits.request),
      peer_(address_of_peer(transport_.socket())),
      door_(door),
      inside_(inside) {}

asio::awaitable<void> Connection::serve() {
  const auto self = shared_from_this();
  bool more = true;
  if (shared_.guard) {
    more = co_await open();
  }
  while (more) {
    const Received received = co_await receive();
    if (received == Received::closed) {
      break;
    }
    std::expected<Request, Refusal> request = std::unexpected(std::move(refusal_));
    if (received == Received::request) {
      request = reader_.take();
    }
    if (!request) {
      Refusal refusal = std::move(request.error());
      co_await refuse(std::move(refusal));
      break;
    }
    Admission admission{.trusted = inside_, .proven = false, .refusal = {}};
    if (shared_.guard) {
      admission = co_await admit(*request);
    }
    Match where = match(request->method, request->path, admission.trusted);
    if (inside_ && !admission.proven && !is_own_host(request->host, shared_.names)) {
      where = {.route = Route::misdirected, .rest = {}, .allow = {}};
    }
    Response response;
    if (admission.refusal) {
      response = std::move(*admission.refusal);
    } else if (where.route == Route::stream) {
      co_await stream(*request);
      break;
    } else if (where.route == Route::probe && shared_.prober) {
      look_after_client();
      response = co_await shared_.prober->probe(*request, client_);
      expect_nothing();
    } else if (where.route == Route::reload) {
      response = co_await reload(*request);
    } else if (where.route == Route::events || where.route == Route::report) {
      response = co_await records(where.route, *request);
    } else {
      if (where.route == Route::metrics && shared_.api.scrapes_are_full() &&
          shared_.make_room({Waits::reading}, peer_)) {
        co_await wait_for_room();
      }
      response = shared_.api.answer(where, *request);
    }
    more = co_await respond(*request, std::move(response));
    WaitingPlace::wake(shared_.scrapers);
  }
  if (transport_.ssl() != nullptr) {
    co_await close_tls();
  }
  expect_nothing();
}

void Connection::abort() noexcept {
  aborted_ = true;
  waits_ = Waits::nothing;
  timer_.cancel();
  if (waiting_ != nullptr) {
    waiting_->cancel();
  }
  error_code ignored;
  transport_.socket().close(ignored);
  client_.gone();
}

asio::awaitable<Connection::Received> Connection::receive() {
  std::array<char, 4096> bytes;
  std::string_view arrived;
  RequestReader::State phase = RequestReader::State::done;  // none yet
  bool idle = false;
  while (!aborted_) {
    const auto state = reader_.put(arrived);
    if (!state) {
      refusal_ = state.error();
      co_return Received::refused;
    }
    if (*state == RequestReader::State::done) {
      now_waits_for(Waits::nothing);
      expect_nothing();
      co_return Received::request;
    }
    if (*state != phase) {
      phase = *state;
      const ServerLimits& limits = shared_.limits;
      idle = phase == RequestReader::State::empty;
      now_waits_for(idle ? Waits::request : Waits::rest);
      expect_within(idle                                  ? limits.idle
                    : phase == RequestReader::State::head ? limits.head
                                                          : limits.body);
    }
    if (idle && shared_.stopping) {
      break;
    }
    if (reader_.wants_continue()) {
      const bool sent = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
      if (!sent) {
        break;
      }
      now_waits_for(Waits::rest);
      expect_within(shared_.limits.body);
    }
    auto read = co_await transport_.async_read_some(asio::buffer(bytes), kAwait);
    const auto& [error, count] = read;
    if (expired_ && !idle) {
      refusal_ = {.status = 408, .message = "The request took too long."};
      co_return Received::refused;
    }
    if (error || expired_) {
      break;
    }
    arrived = std::string_view(bytes.data(), count);
  }
  co_return Received::closed;
}

asio::awaitable<bool> Connection::respond(const Request& request, Response response) {
  const bool keep = request.keep_alive && !shared_.stopping && (request.chunked || !response.body);
  const bool gzip = (response.body || response.text.size() >= kWorthGzip) &&
                    accepts_gzip(request.accept_encoding);
  if (gzip && !response.body) {
    Gzip compressor;
    std::string compressed;
    compressor.write(response.text, compressed);
    compressor.finish(compressed);
    response.text = std::move(compressed);
  }
  std::string head = head_of(request, response, gzip, keep);
  const bool only_head = request.method == "HEAD";
  if (!only_head && !response.body) {
    head += response.text;
  }
  bool sent = co_await send(head);
  if (sent && !only_head && response.body) {
    sent = co_await send_body(*response.body, request, gzip);
  }
  co_return sent&& keep;
}

asio::awaitable<bool> Connection::send_body(Body& body, const Request& request, bool gzip) {
  std::optional<Gzip> compressor;
  if (gzip) {
    compressor.emplace();
  }
  std::string text;
  std::string ready;
  std::string wire;
  bool more = true;
  while (more) {
    ready.clear();
    while (more && ready.size() < kSendBytes) {
      text.clear();
      more = body.next(text);
      if (compressor) {
        compressor->write(text, ready);
        if (!more) {
          compressor->finish(ready);
        }
      } else {
        ready += text;
      }
    }
    wire.clear();
    if (request.chunked) {
      if (!ready.empty()) {
        append_chunk_size(wire, ready.size());
        wire += ready;
        wire += "\r\n";
      }
      wire += more ? "" : "0\r\n\r\n";
    } else {
      wire.swap(ready);
    }
    const bool sent = co_await send(wire);
    if (!sent) {
      co_return false;
    }
  }
  co_return true;
}

asio::awaitable<bool> Connection::send(std::string_view bytes) {
  now_waits_for(Waits::reading);
  expect_within(shared_.limits.write);
  auto written = co_await asio::async_write(transport_, asio::buffer(bytes), kAwait);
  const bool sent = !std::get<0>(written) && !expired_ && !aborted_;
  now_waits_for(Waits::nothing);
  expect_nothing();
  co_return sent;
}

asio::awaitable<void> Connection::refuse(Refusal refusal) {
  Request nobody;
  nobody.keep_alive = false;
  Response response = plain(refusal.status, std::move(refusal.message));
  co_await respond(nobody, std::move(response));
  co_await linger();
}

asio::awaitable<void> Connection::linger() {
  constexpr std::size_t kEnough = std::size_t{256} * 1024;
  co_await close_tls();
  error_code ignored;
  transport_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  now_waits_for(Waits::rest);
  expect_within(std::chrono::seconds(1));
  std::array<char, 4096> bytes;
  std::size_t taken = 0;
  while (taken < kEnough && !expired_ && !aborted_) {
    auto read = co_await transport_.socket().async_read_some(asio::buffer(bytes), kAwait);
    if (std::get<0>(read)) {
      break;
    }
    taken += std::get<1>(read);
  }
}

asio::awaitable<void> Connection::wait_with(asio::steady_timer& event,
                                            std::chrono::milliseconds most) {
  event.expires_after(most);
  waiting_ = &event;
  co_await event.async_wait(kAwait);
  waiting_ = nullptr;
}

asio::awaitable<void> Connection::wait_for_room() {
  asio::steady_timer event(*shared_.context);
  const WaitingPlace place(shared_.scrapers, event);
  const auto until = std::chrono::steady_clock::now() + kLetsGo;
  auto left = kLetsGo;
  while (shared_.api.scrapes_are_full() && left.count() > 0 && !aborted_) {
    co_await wait_with(event, left);
    left = std::chrono::duration_cast<std::chrono::milliseconds>(until -
                                                                 std::chrono::steady_clock::now());
  }
}

asio::awaitable<Response> Connection::reload(const Request& request) {
  if (comes_from_elsewhere(request)) {
    co_return plain(403, "A page of another site may not reload the configuration.");
  }
  using Error = std::optional<std::string>;
  const auto wait = std::make_shared<Wait<Error>>(shared_.context);
  shared_.callbacks.reload([wait](Error error) { Wait<Error>::answer(wait, std::move(error)); });
  co_await wait_with(wait->event, shared_.limits.reload);
  if (!wait->answered) {
    co_return plain(503, "The reload takes longer than this request may; see the log.");
  }
  if (*wait->answered) {
    co_return plain(500, "The configuration was not reloaded: " + **wait->answered);
  }
  co_return plain(200, "The configuration was reloaded.");
}

std::string Connection::head_of(const Request& request, const Response& response, bool gzip,
                                bool keep) const {
  std::string head = "HTTP/1.1 ";
  append_integer(head, response.status);
  head += ' ';
  head += reason_phrase(response.status);
  const auto add = [&head](std::string_view name, std::string_view value) {
    head += "\r\n";
    head += name;
    head += ": ";
    head += value;
  };
  add("Date", http_date(std::chrono::system_clock::now()));
  add("Content-Type", response.content_type);
  const auto is_caching = [](const auto& header) { return header.first == "Cache-Control"; };
  if (std::ranges::none_of(response.headers, is_caching)) {
    add("Cache-Control", "no-store");
  }
  const auto is_configured = [this](std::string_view name) {
    return shared_.guard && shared_.guard->sets(name);
  };
  constexpr std::string_view kTypeOptions = "X-Content-Type-Options";
  if (!is_configured(kTypeOptions)) {
    add(kTypeOptions, "nosniff");
  }
  for (const auto& [name, value] : response.headers) {
    if (!is_configured(name)) {
      add(name, value);
    }
  }
  if (shared_.guard) {
    for (const auto& [name, value] : shared_.guard->policy()->config.headers) {
      add(name, value);
    }
  }
  if (gzip) {
    add("Content-Encoding", "gzip");
  }
  if (response.endless || response.status == 304) {
    // Its end is the connection's (RFC 9112, 6.3), or it has no content (RFC 9110, 15.4.5).
  } else if (!response.body) {
    std::string size;
    append_integer(size, response.text.size());
    add("Content-Length", size);
  } else if (request.chunked) {
    add("Transfer-Encoding", "chunked");
  }
  if (!keep) {
    add("Connection", "close");
  } else if (!request.chunked) {
    add("Connection", "keep-alive");
  }
  head += "\r\n\r\n";
  return head;
}

void Connection::now_waits_for(Waits what) {
  waits_ = aborted_ ? Waits::nothing : what;
  waits_since_ = std::chrono::steady_clock::now();
}

void Connection::expect_within(std::chrono::milliseconds time) {
  expired_ = false;
  const std::uint64_t expectation = ++expectation_;
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this(), expectation](const error_code& error) {
    if (!error && self->expectation_ == expectation) {
      self->expired_ = true;
      error_code ignored;
      self->transport_.socket().cancel(ignored);
    }
  });
}

void Connection::expect_nothing() {
  ++expectation_;
  timer_.cancel();
}

}  // namespace reachd::web
