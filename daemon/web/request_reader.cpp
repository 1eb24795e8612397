#include "daemon/web/request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "probes/core/words.hpp"

namespace reachd::web {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

std::string_view view(boost::core::string_view text) noexcept { return {text.data(), text.size()}; }

Refusal refusal_of(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return {.status = 413, .message = "The head of the request is too large."};
  }
  if (error == http::error::body_limit) {
    return {.status = 413, .message = "The body of the request is too large."};
  }
  return {.status = 400, .message = "This is not a valid HTTP request."};
}

/// Of a complete head, without the trailer: that must not say what the head has to (RFC
/// 9110, 6.5.1).
std::expected<Request, Refusal> request_of(const http::request<http::string_body>& message) {
  auto target = parse_request_target(view(message.target()));
  if (!target) {
    return std::unexpected(Refusal{.status = 400, .message = "The request target makes no sense."});
  }
  Request request;
  request.method = view(message.method_string());
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.host = view(message[http::field::host]);
  request.origin = view(message[http::field::origin]);
  request.accept = view(message[http::field::accept]);
  request.accept_encoding = view(message[http::field::accept_encoding]);
  request.if_none_match = view(message[http::field::if_none_match]);
  request.scrape_timeout = view(message["X-Prometheus-Scrape-Timeout-Seconds"]);
  request.authorization = view(message[http::field::authorization]);
  request.last_event_id = view(message["Last-Event-ID"]);
  request.keep_alive = message.keep_alive();
  request.chunked = message.version() >= 11;
  return request;
}

}  // namespace

struct RequestReader::Parser {
  explicit Parser(const Limits& limits) {
    parser.header_limit(limits.head_bytes);
    parser.body_limit(limits.body_bytes);
  }

  http::request_parser<http::string_body> parser;
  bool begun = false;
  std::expected<Request, Refusal> request;  ///< once the head is complete
  bool continue_told = false;
};

RequestReader::RequestReader(Limits limits)
    : limits_(limits), parser_(std::make_unique<Parser>(limits)) {}

RequestReader::~RequestReader() = default;

std::expected<RequestReader::State, Refusal> RequestReader::put(std::string_view bytes) {
  kept_ += bytes;
  if (!parser_->begun) {
    // Empty lines before a request are ignored (RFC 9112, 2.2).
    kept_.erase(0, std::min(kept_.find_first_not_of("\r\n"), kept_.size()));
  }
  auto& parser = parser_->parser;
  if (!kept_.empty() && !parser.is_done()) {
    parser_->begun = true;
    error_code error;
    if (!parser.is_header_done()) {
      kept_.erase(0, parser.put(boost::asio::buffer(kept_), error));
      if (parser.is_header_done()) {
        if (const auto judged = judge_head(); !judged) {
          return std::unexpected(judged.error());
        }
        parser_->request = request_of(parser.get());
        parser.eager(true);
      }
    }
    if (!error) {
      error = feed_body();
    }
    if (error && error != http::error::need_more) {
      return std::unexpected(refusal_of(error));
    }
    // The parser has no limit of its own for an unfinished head, chunk extension or trailer.
    if (kept_.size() > limits_.head_bytes && !parser.is_done()) {
      return std::unexpected(refusal_of(parser.is_header_done() ? http::error::body_limit
                                                                : http::error::header_limit));
    }
  }
  return state();
}

error_code RequestReader::feed_body() {
  auto& parser = parser_->parser;
  // A first chunk that is the last one too must not reach Beast 345 cut: it expects these five
  // bytes together. No message ends with fewer after its head, so waiting for them is safe.
  constexpr std::size_t kLastChunk = std::string_view("0\r\n\r\n").size();
  error_code error;
  if (!parser.is_done() && kept_.size() >= (parser.chunked() ? kLastChunk : 1)) {
    kept_.erase(0, parser.put(boost::asio::buffer(kept_), error));
  }
  return error;
}

RequestReader::State RequestReader::state() const noexcept {
  if (parser_->parser.is_done()) {
    return State::done;
  }
  if (parser_->parser.is_header_done()) {
    return State::body;
  }
  return parser_->begun ? State::head : State::empty;
}

bool RequestReader::wants_continue() {
  const auto& message = parser_->parser.get();
  const bool wants = state() == State::body && !parser_->continue_told && message.version() >= 11 &&
                     same_word(view(message[http::field::expect]), "100-continue");
  parser_->continue_told = parser_->continue_told || wants;
  return wants;
}

std::expected<void, Refusal> RequestReader::judge_head() const {
  const auto& message = parser_->parser.get();
  // Two ways to tell the length are how requests are smuggled past a proxy (RFC 9112, 6.1).
  if (message.count(http::field::transfer_encoding) > 0 &&
      (message.count(http::field::content_length) > 0 || message.version() < 11)) {
    return std::unexpected(
        Refusal{.status = 400, .message = "The length of the request is ambiguous."});
  }
  if (message.version() >= 11 && message.count(http::field::host) != 1) {
    return std::unexpected(Refusal{.status = 400, .message = "The request needs one Host header."});
  }
  return {};
}

std::expected<Request, Refusal> RequestReader::take() {
  auto request = std::move(parser_->request);
  parser_ = std::make_unique<Parser>(limits_);
  return request;
}

}  // namespace reachd::web
