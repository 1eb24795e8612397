#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/alert/sink.hpp"
#include "probes/core/probe.hpp"
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
struct HttpMessage {
  std::string method = "POST";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// The way to one receiver. Loop thread only; requests may go side by side.
class HttpClient {
 public:
  HttpClient(std::shared_ptr<const HttpOptions> options, Target url);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() = default;

  /// Sends the message over a connection of its own and reads the response; redirects are not
  /// followed. Of the body only some KiB are kept, for messages. The error is a sentence without
  /// secrets. An address that fails comes last the next time, so one that is silent costs its whole
  /// time once only. The client outlives the call.
  asio::awaitable<std::expected<net::HttpResponse, std::string>> send(SinkRun run,
                                                                      HttpMessage message);

  /// What a response means to a sender. 2xx: delivered, also if its body breaks off. 400, 413 and
  /// 422 judge the content, so the same content is refused for good. Everything else is about the
  /// moment (408, 425, 429, 5xx) or about settings that somebody will mend (401, 403, 404,
  /// redirects, ...): retry, after the time that Retry-After of 429 and 503 asks for (RFC 9110,
  /// 10.2.3), at most an hour. `why` quotes the body unless that holds a secret.
  Receipt receipt_of(const net::HttpResponse& response, const Clock& clock) const;

  const HttpOptions& options() const noexcept { return *options_; }
  /// "https://hooks.example.com:8443": all of the URL that messages show.
  const std::string& title() const noexcept { return title_; }

 private:
  using Connected = net::Result<std::unique_ptr<net::Stream>>;

  asio::awaitable<Connected> connect(ProbeRun& run, std::shared_ptr<const net::ProxyOptions> proxy);
  asio::awaitable<Connected> connect_direct(ProbeRun& run);
  /// Without an endpoint through the proxy. A certificate that is judged bad is a failure.
  asio::awaitable<Connected> dial(ProbeRun& run, std::shared_ptr<const net::ProxyOptions> proxy,
                                  std::optional<Endpoint> endpoint) const;

  const std::shared_ptr<const HttpOptions> options_;
  const Target url_;
  const std::string title_;
  std::size_t first_ = 0;  ///< which of the receiver's addresses is tried first
};

}  // namespace reachd::alert
