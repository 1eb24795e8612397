#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "daemon/web/http.hpp"

namespace reachd::web {

/// Why a request is not answered but refused, and the connection closed.
struct Refusal {
  unsigned status = 400;
  std::string message;
};

/// Takes requests apart as their bytes arrive (RFC 9112), within limits. What follows a request in
/// the same bytes (pipelining) is kept for the next. No sockets.
class RequestReader {
 public:
  struct Limits {
    std::uint32_t head_bytes = std::uint32_t{16} * 1024;
    std::uint64_t body_bytes = std::uint64_t{64} * 1024;
  };
  enum class State : std::uint8_t {
    empty,  ///< not a byte of the next request
    head,   ///< inside the head
    body,   ///< the head is complete, the body is not
    done,   ///< take() it
  };

  explicit RequestReader(Limits limits);
  ~RequestReader();

  /// Adds bytes and reads on; with none, goes on with what is kept.
  std::expected<State, Refusal> put(std::string_view bytes);
  State state() const noexcept;
  /// In `body`: the client waits for "100 Continue" before it sends it (RFC 9110, 10.1.1). Once.
  bool wants_continue();
  /// In `done`: the request; the reader turns to the next. The refusal is for what can only be
  /// judged of the whole.
  std::expected<Request, Refusal> take();

 private:
  struct Parser;
  boost::system::error_code feed_body();
  std::expected<void, Refusal> judge_head() const;

  const Limits limits_;
  std::string kept_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace reachd::web
