#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/alert/sink.hpp"
#include "probes/core/secret.hpp"
#include "probes/core/target.hpp"
#include "probes/net/http.hpp"
#include "probes/net/proxy.hpp"
#include "probes/net/tls.hpp"

namespace reachd::alert {

/// How a sink over HTTP gets to its receivers, and as whom. Immutable.
struct HttpOptions {
  std::shared_ptr<const net::ProxyOptions> proxy;       ///< null: direct
  std::shared_ptr<const net::TlsOptions> tls;           ///< of https URLs; never null
  std::vector<std::pair<std::string, Secret>> headers;  ///< configured ones, and Authorization
  Secret password;  ///< goes out inside Authorization; kept so that no message repeats it
  Duration timeout = std::chrono::seconds(10);
};

/// Reads what all sinks over HTTP take: `tls` (strict unless it says otherwise), the keys of
/// net::read_proxy, `headers`, `user` with `password`, or `bearer`, and `timeout` (1s to 5m).
/// `urls` decide whether `tls` has any effect; without one it is an error.
HttpOptions read_http_options(Reader& params, std::span<const Target> urls);

/// An http or https URL. The error is a sentence that does not show the text, whose path may be a
/// token.
std::expected<Target, std::string> parse_url(std::string_view text);
/// "https://hooks.example.com:8443": all of a URL that messages show.
std::string origin(const Target& url);

struct HttpMessage {
  std::string method = "POST";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Sends the message over a connection of its own and reads the response; redirects are not
/// followed. Of the body only some KiB are kept, for messages. The error is a sentence without
/// secrets. What `options` and `url` refer to outlives the call.
asio::awaitable<std::expected<net::HttpResponse, std::string>> send_http(SinkRun run,
                                                                         const HttpOptions& options,
                                                                         const Target& url,
                                                                         HttpMessage message);

/// What a response means to a sender. 2xx: delivered, also if its body breaks off. 400, 413 and 422
/// judge the content, so the same content is refused for good. Everything else is about the moment
/// (408, 425, 429, 5xx) or about settings that somebody will mend (401, 403, 404, redirects, ...):
/// retry, after the time that Retry-After of 429 and 503 asks for (RFC 9110, 10.2.3), at most an
/// hour. `why` quotes the body unless that holds a secret.
Receipt receipt_of(const net::HttpResponse& response, const HttpOptions& options, const Target& url,
                   const Clock& clock);

}  // namespace reachd::alert
