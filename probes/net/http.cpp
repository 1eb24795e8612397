#include "probes/net/http.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/optional.hpp>
#include <cstring>
#include <limits>

#include "probes/core/printable.hpp"
#include "probes/core/words.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/http_head.hpp"
#include "probes/net/tls.hpp"

namespace reachd::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kChunk = 4096;
constexpr std::size_t kBodyChunk = 4 * kChunk;  // once there is one, it is often long
constexpr int kMostInterim = 8;
constexpr std::string_view kStart = "HTTP/1.";

struct CutText {
  std::string bytes;
  std::size_t limit = 0;
  bool cut = false;
  BodySink* sink = nullptr;

  void take(std::string_view piece) {
    if (sink != nullptr) {
      cut = cut || !sink->take(piece);
      return;
    }
    const std::size_t room = limit - bytes.size();
    bytes.append(piece.substr(0, room));
    cut = cut || piece.size() > room;
  }
};

/// Beast's name for what feeds a body from the parser.
class CutReader {
 public:
  template <bool kIsRequest, typename Fields>
  CutReader(http::header<kIsRequest, Fields>&, CutText& text) : text_(text) {}
  void init(const boost::optional<std::uint64_t>&, beast::error_code& ec) { ec = {}; }
  template <typename Buffers>
  std::size_t put(const Buffers& buffers, beast::error_code& ec) {
    ec = {};
    std::size_t taken = 0;
    for (const asio::const_buffer part : beast::buffers_range_ref(buffers)) {
      text_.take({static_cast<const char*>(part.data()), part.size()});
      taken += part.size();
    }
    return taken;
  }
  void finish(beast::error_code& ec) { ec = {}; }

 private:
  CutText& text_;
};

/// A body that keeps its first bytes and counts on nothing that the peer claims: Beast's
/// string_body reserves what Content-Length says.
struct CutBody {
  using value_type = CutText;
  using reader = CutReader;
};

using Parser = http::response_parser<CutBody>;

std::string wire_form(const HttpRequest& request) {
  std::string wire = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) {
    wire += name + ": " + value.reveal() + "\r\n";
  }
  const bool has_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (has_body) {
    wire += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  if (request.method != "CONNECT") {
    wire += "Connection: close\r\n";
  }
  return wire + "\r\n" + request.body;
}

Failure mismatch(std::string message) {
  return {Reason::protocol_mismatch, std::move(message), 0, std::nullopt};
}

/// Reads one response from bytes as they come; pure.
class Incoming {
 public:
  enum class State : std::uint8_t { more, done, failed };

  Incoming(const HttpRequest& request, HttpLimits limits)
      : limits_(limits), no_body_(request.method == "HEAD" || request.method == "CONNECT") {
    begin();
  }

  std::span<std::byte> room() {
    const auto space = buffer_.prepare(has_head() ? kBodyChunk : kChunk);
    return std::as_writable_bytes(std::span(static_cast<char*>(space.data()), space.size()));
  }

  State took(std::size_t count) {
    buffer_.commit(count);
    if (received_ == 0) {
      began_at_ = std::chrono::steady_clock::now();
    }
    received_ += count;
    if (!parser_->is_header_done()) {
      mend_last(count);
    }
    const auto data = buffer_.data();
    if (!parser_->got_some() && !starts_like_http(data.data(), data.size())) {
      failure_ = mismatch("the answer is not HTTP, it starts with " +
                          printable({static_cast<const char*>(data.data()), data.size()}));
      return State::failed;
    }
    return parse();
  }

  /// The peer closed.
  State ended() {
    beast::error_code ec;
    if (parser_->got_some()) {
      parser_->put_eof(ec);
    }
    if (parser_->is_done()) {
      return State::done;
    }
    failure_ = Failure{Reason::closed_early,
                       received_ == 0              ? "the server closed without an answer"
                       : parser_->is_header_done() ? "the server closed in the middle of the body"
                                                   : "the server closed in the middle of the head",
                       0, std::nullopt};
    return State::failed;
  }

  bool has_head() const { return parser_->is_header_done(); }
  const Failure& failure() const noexcept { return failure_; }

  HttpResponse take() {
    HttpResponse response = limits_.sink == nullptr ? head() : std::move(head_);
    auto& message = parser_->get();
    response.body = std::move(message.body().bytes);
    response.cut = message.body().cut;
    const auto data = buffer_.data();
    response.rest.assign(static_cast<const char*>(data.data()), data.size());
    return response;
  }

 private:
  HttpResponse head() const {
    HttpResponse response;
    const auto& message = parser_->get();
    response.began_at = began_at_;
    response.head_at = head_at_;
    response.status = static_cast<int>(message.result_int());
    response.reason = std::string(message.reason());
    response.version = message.version() == 10 ? "HTTP/1.0" : "HTTP/1.1";
    for (const auto& field : message) {
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    return response;
  }

  void begin() {
    parser_.emplace();
    mender_ = HeadMender();
    parser_->skip(no_body_);
    parser_->body_limit(boost::none);
    parser_->header_limit(static_cast<std::uint32_t>(limits_.head));
    parser_->get().body().limit = limits_.body;
    parser_->get().body().sink = limits_.sink;
  }

  /// Completes what the last `count` bytes lack of a head.
  void mend_last(std::size_t count) {
    const auto data = buffer_.data();
    const std::string_view bytes(static_cast<const char*>(data.data()), data.size());
    const std::size_t before = bytes.size() - count;
    const auto mended = mender_.mend(bytes.substr(before));
    if (mended) {
      const std::string whole = std::string(bytes.substr(0, before)) + *mended;
      buffer_.clear();
      buffer_.commit(asio::buffer_copy(buffer_.prepare(whole.size()), asio::buffer(whole)));
    }
  }

  static bool starts_like_http(const void* data, std::size_t size) {
    return std::memcmp(data, kStart.data(), std::min(size, kStart.size())) == 0;
  }

  State parse() {
    while (buffer_.size() > 0) {
      // A first chunk that is the last one too must not reach Beast 345 cut: it expects these five
      // bytes together. No answer in chunks ends with fewer, so waiting for them is safe.
      constexpr std::size_t kLastChunk = std::string_view("0\r\n\r\n").size();
      if (parser_->is_header_done() && parser_->chunked() && buffer_.size() < kLastChunk) {
        break;
      }
      beast::error_code ec;
      const std::size_t used = parser_->put(buffer_.data(), ec);
      buffer_.consume(used);
      if (ec && ec != http::error::need_more) {
        failure_ = ec == http::error::header_limit
                       ? mismatch("the head of the answer is larger than " +
                                  std::to_string(limits_.head / 1024) + " KiB")
                       : mismatch("the answer is broken HTTP: " + ec.message());
        return State::failed;
      }
      if (parser_->is_done() && is_interim()) {
        begin();
        mend_last(buffer_.size());
        continue;
      }
      if (parser_->is_header_done() && head_at_ == TimePoint{}) {
        head_at_ = std::chrono::steady_clock::now();
        parser_->eager(true);
        if (limits_.sink != nullptr) {
          head_ = head();
          parser_->get().body().cut = !limits_.sink->start(head_);
        }
      }
      if (parser_->is_done() || (parser_->is_header_done() && enough())) {
        return State::done;
      }
      if (used == 0 || ec == http::error::need_more) {
        break;
      }
    }
    // Chunk extensions and trailers have no limit of their own in Beast.
    if (buffer_.size() > limits_.head + kBodyChunk) {
      failure_ = mismatch("the answer has an endless line");
      return State::failed;
    }
    return State::more;
  }

  bool is_interim() {
    return parser_->get().result_int() / 100 == 1 && parser_->get().result_int() != 101 &&
           ++interim_ <= kMostInterim;
  }

  bool enough() const {
    return (limits_.body == 0 && limits_.sink == nullptr) || parser_->get().body().cut;
  }

  HttpLimits limits_;
  bool no_body_;
  int interim_ = 0;
  std::size_t received_ = 0;
  TimePoint began_at_{};
  TimePoint head_at_{};
  HttpResponse head_;  // what the sink has seen
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HeadMender mender_;
  Failure failure_;
};

}  // namespace

asio::awaitable<Result<HttpResponse>> exchange(Stream& stream, const HttpRequest& request,
                                               HttpLimits limits, Phase phase,
                                               const Deadline& deadline) {
  const std::string wire = wire_form(request);
  // A server may answer and close before it has read the whole body, so a failed write is not the
  // end: reading tells.
  co_await stream.write(std::as_bytes(std::span(wire)));
  Incoming incoming(request, limits);
  auto state = Incoming::State::more;
  std::optional<Failure> failure;
  while (state == Incoming::State::more) {
    const IoResult got = co_await stream.read_some(incoming.room());
    if (got.ec == TlsError::client_certificate_required) {
      HttpResponse demand;
      demand.client_certificate_required = true;
      co_return demand;
    }
    if (got.ec == asio::error::eof) {
      state = incoming.ended();
    } else if (got.ec) {
      failure = stream_failure(got.ec, phase, deadline);
      break;
    } else {
      state = incoming.took(got.count);
    }
  }
  if (state == Incoming::State::failed) {
    failure = incoming.failure();
  }
  if (failure && !incoming.has_head()) {
    co_return std::unexpected(std::move(*failure));
  }
  HttpResponse response = incoming.take();
  response.body_failure = std::move(failure);
  co_return response;
}

const std::string* HttpResponse::header(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(
      headers, [&](const auto& field) { return same_word(field.first, name); });
  return found == headers.end() ? nullptr : &found->second;
}

std::string HttpResponse::title() const {
  std::string text = "HTTP " + std::to_string(status);
  if (!reason.empty()) {
    const std::string phrase = printable(reason, 60);
    text += " " + phrase.substr(1, phrase.size() - 2);
  }
  return text;
}

std::string user_agent() { return "reachd/" REACHD_VERSION " (reachability check)"; }

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      result += j <= count ? kDigits[group >> (18U - 6U * j) & 0x3FU] : '=';
    }
  }
  return result;
}

std::string authority(const std::string& host, std::uint16_t port) {
  std::string result = host.contains(':') ? "[" + host + "]" : host;
  if (port != 0) {
    result += ":" + std::to_string(port);
  }
  return result;
}

}  // namespace reachd::net
