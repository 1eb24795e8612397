#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/clock.hpp"

namespace reachd::web {

/// A request, read whole and decoded. Bodies are read and thrown away: nothing takes one.
struct Request {
  std::string method;                                      ///< "GET"
  std::string path;                                        ///< percent-decoded, begins with '/'
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  std::string host;                                        ///< the Host header
  std::string origin;                                      ///< the Origin header, empty: none
  std::string accept;
  std::string accept_encoding;
  std::string if_none_match;
  std::string scrape_timeout;  ///< X-Prometheus-Scrape-Timeout-Seconds
  std::string authorization;   ///< until the guard has taken it out
  std::string last_event_id;   ///< where a stream goes on (WHATWG HTML, 9.2.3)
  bool keep_alive = true;      ///< the client wants to go on
  bool chunked = true;         ///< HTTP/1.1: takes chunks
};

/// A response's content that is made while it is sent.
class Body {
 public:
  virtual ~Body() = default;
  /// Appends some tens of kilobytes; false if that was the last piece.
  virtual bool next(std::string& out) = 0;
};

struct Response {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string_view, std::string>> headers;
  std::string text;            ///< the content, unless `body` is set
  std::unique_ptr<Body> body;  ///< streamed
  bool endless = false;        ///< goes on until the connection ends
};

/// A line of text.
Response plain(unsigned status, std::string text);

/// "Not Found"; the empty text for a status that is not ours.
std::string_view reason_phrase(unsigned status) noexcept;
/// IMF-fixdate (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(WallTime time);

/// A request target taken apart: origin form and absolute form (RFC 9112, 3.2), the latter without
/// its authority. Nothing for other forms, bad percent-encoding and control characters.
struct UriParts {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};
std::optional<UriParts> parse_request_target(std::string_view target);

/// A part of a query without its encoding: %XX, and + for a space. Nothing for bad
/// percent-encoding and control characters.
std::optional<std::string> decode_query(std::string_view text);

}  // namespace reachd::web
