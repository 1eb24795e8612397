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

}  // namespace

struct RequestReader::Parser {
  explicit Parser(const Limits& limits) {
    parser.header_limit(limits.head_bytes);
    parser.body_limit(limits.body_bytes);
  }

  http::request_parser<http::string_body> parser;
  bool begun = false;
  bool head_judged = false;
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
  if (!kept_.empty() && !parser_->parser.is_done()) {
    parser_->begun = true;
    const error_code error = feed();
    if (error && error != http::error::need_more) {
      return std::unexpected(refusal_of(error));
    }
    // The parser has no limit of its own for an unfinished head, chunk extension or trailer.
    if (kept_.size() > limits_.head_bytes && !parser_->parser.is_done()) {
      return std::unexpected(refusal_of(
          parser_->parser.is_header_done() ? http::error::body_limit : http::error::header_limit));
    }
  }
  if (parser_->parser.is_header_done() && !parser_->head_judged) {
    parser_->head_judged = true;
    if (const auto judged = judge_head(); !judged) {
      return std::unexpected(judged.error());
    }
  }
  return state();
}

error_code RequestReader::feed() {
  auto& parser = parser_->parser;
  error_code error;
  if (!parser.is_header_done()) {
    kept_.erase(0, parser.put(boost::asio::buffer(kept_), error));
    if (error || !parser.is_header_done()) {
      return error;
    }
    parser.eager(true);
  }
  // A first chunk that is the last one too must not reach Beast 345 cut: it expects these five
  // bytes together. No message ends with fewer after its head, so waiting for them is safe.
  constexpr std::size_t kLastChunk = std::string_view("0\r\n\r\n").size();
  if (!parser.is_done() && (!parser.chunked() || kept_.size() >= kLastChunk)) {
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
  const auto message = parser_->parser.release();
  parser_ = std::make_unique<Parser>(limits_);
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

}  // namespace reachd::web
