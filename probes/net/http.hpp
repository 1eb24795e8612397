#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/clock.hpp"
#include "probes/core/secret.hpp"
#include "probes/net/result.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

/// One request as it goes over the wire (RFC 9112). Host, User-Agent and the like are the caller's;
/// Content-Length and "Connection: close" are added.
struct HttpRequest {
  std::string method = "GET";
  std::string target;  ///< "/path?query", an absolute URL for a proxy, or host:port for CONNECT
  std::vector<std::pair<std::string, Secret>> headers;
  std::string body;
};

class BodySink;

struct HttpLimits {
  std::size_t head = std::size_t{64} * 1024;
  std::size_t body = std::size_t{1024} * 1024;  ///< 0: stop after the head
  BodySink* sink = nullptr;                     ///< takes the body instead; `body` has no effect
};

struct HttpResponse {
  int status = 0;
  std::string reason;   ///< the phrase after the status, for messages
  std::string version;  ///< "HTTP/1.1"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;      ///< as sent, at most HttpLimits::body
  bool cut = false;      ///< the body was longer than the limit and is not read to its end
  TimePoint began_at{};  ///< when its first byte was here
  TimePoint head_at{};   ///< when the head was complete
  std::string rest;      ///< what came after the response: the tunnel's first bytes after CONNECT
  /// The body broke off; status and headers are good.
  std::optional<Failure> body_failure;
  /// No response: the server goes on only with a client certificate (TlsError); status is 0.
  bool client_certificate_required = false;

  /// The first header of that name in any case, or null.
  const std::string* header(std::string_view name) const noexcept;
  /// "HTTP 503 Service Unavailable"
  std::string title() const;
};

/// Takes a body as it comes over the wire, so that a long one can be counted or searched without
/// being kept.
class BodySink {
 public:
  /// The head is complete; the body follows unless this is false.
  virtual bool start(const HttpResponse& head) = 0;
  /// A piece of the body, without its chunks' frames. False: enough.
  virtual bool take(std::string_view piece) = 0;

 protected:
  ~BodySink() = default;
};

/// Sends the request and reads one response, skipping interim ones (1xx). Bounded by `limits` in
/// memory and by the deadline in time; no allocation is driven by a length that the peer claims.
/// Fails with closed_early, stalled or reset, and with protocol_mismatch for what is not HTTP/1.x
/// or a head over the limit.
asio::awaitable<Result<HttpResponse>> exchange(Stream& stream, const HttpRequest& request,
                                               HttpLimits limits, Phase phase,
                                               const Deadline& deadline);

/// "reachd/1.2.3 (reachability check)"
std::string user_agent();
/// RFC 4648, 4.
std::string base64(std::string_view bytes);
/// "host:port" for Host and CONNECT, an IPv6 address in brackets; port 0 is left out.
std::string authority(const std::string& host, std::uint16_t port);

}  // namespace reachd::net
