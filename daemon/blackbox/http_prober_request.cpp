#include "daemon/blackbox/http_prober_request.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "probes/core/words.hpp"
#include "probes/net/http_fields.hpp"
#include "probes/net/http_text.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::HttpClient;
using config::blackbox::Source;

bool has_scheme(std::string_view target) {
  return same_word(target.substr(0, 7), "http://") || same_word(target.substr(0, 8), "https://");
}

/// Host of the request that the module, or the parameter of the /probe, asks for; empty: the URL's.
std::string wanted_host(const Run& run) {
  if (!run.hostname.empty()) {
    return run.hostname;
  }
  const auto& headers = run.module.http.headers;
  const auto found = std::ranges::find_if(
      headers, [](const auto& header) { return same_word(header.first, "Host"); });
  return found == headers.end() ? std::string() : found->second.reveal();
}

std::string host_header(const Target& url) {
  return net::authority(url.host, net::shown_port(url));
}

/// What the exchange says itself.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 4> kOurs{"Host", "Connection", "Content-Length",
                                                  "Transfer-Encoding"};
  return std::ranges::any_of(kOurs, [&](std::string_view own) { return same_word(own, name); });
}

/// Collects the headers of one request; the first problem ends it.
class Headers {
 public:
  Headers(net::HttpRequest& request, const Hop& hop) : request_(request), hop_(hop) {}

  bool has(std::string_view name) const {
    return std::ranges::any_of(request_.headers,
                               [&](const auto& header) { return same_word(header.first, name); });
  }
  void add(std::string_view name, Secret value) {
    if (!net::is_field_value(value.reveal())) {
      problem_ = "the value of the header " + std::string(name) + " holds a line break";
    }
    request_.headers.emplace_back(name, std::move(value));
  }
  /// One of the module's own.
  void add_configured(const std::string& name, const Secret& value) {
    if (!is_ours(name) && (hop_.may_know || net::may_travel(name))) {
      add(name, value);
    }
  }
  /// The source's text, empty where it can't be read.
  Secret read(const Source& source) {
    auto text = config::blackbox::read_source(source, true);
    if (!text) {
      problem_ = text.error();
      return {};
    }
    return std::move(*text);
  }
  const std::string& problem() const noexcept { return problem_; }

 private:
  net::HttpRequest& request_;
  const Hop& hop_;
  std::string problem_;
};

void add_credentials(Headers& headers, const HttpClient& client) {
  if (headers.has("Authorization")) {
    return;
  }
  if (client.basic_auth) {
    const Secret user = headers.read(client.basic_auth->username);
    const Secret password = headers.read(client.basic_auth->password);
    headers.add("Authorization", net::basic_credentials(user.reveal(), password));
  } else if (client.authorization) {
    const Secret credentials = headers.read(client.authorization->credentials);
    headers.add("Authorization", Secret(client.authorization->type + " " + credentials.reveal()));
  }
}

void add_cookies(net::HttpRequest& request, Headers& headers, std::string line) {
  if (line.empty()) {
    return;
  }
  const auto own = std::ranges::find_if(
      request.headers, [](const auto& header) { return same_word(header.first, "Cookie"); });
  if (own == request.headers.end()) {
    headers.add("Cookie", Secret(std::move(line)));
  } else {
    own->second = Secret(own->second.reveal() + "; " + line);
  }
}

}  // namespace

std::expected<Hop, std::string> first_hop(const Run& run) {
  const config::blackbox::Http& http = run.module.http;
  const std::string text = has_scheme(run.target) ? run.target : "http://" + run.target;
  auto url = net::resolve_location({}, text);
  if (!url) {
    return std::unexpected("the target is no URL: " + url.error());
  }
  Hop hop;
  hop.url = std::move(*url);
  hop.method = http.method;
  hop.host = wanted_host(run);
  if (hop.host.empty()) {
    hop.host = host_header(hop.url);
  }
  if (!net::is_field_value(hop.host)) {
    return std::unexpected("the host name holds a line break");
  }
  if (http.body.given()) {
    auto body = config::blackbox::read_source(http.body, false);
    if (!body) {
      return std::unexpected(std::move(body.error()));
    }
    hop.body = body->reveal();
  }
  return hop;
}

std::expected<Hop, std::string> next_hop(const Hop& first, const Hop& hop, int status,
                                         const std::string& location) {
  auto url = net::resolve_location(hop.url, location);
  if (!url) {
    return std::unexpected("the redirect can't be followed: " + url.error());
  }
  Hop next = hop;
  next.url = std::move(*url);
  next.own = next.url.host == first.url.host;
  next.address = next.own ? first.address : std::nullopt;
  next.may_know = next.own && (first.url.scheme == "http" || next.url.scheme == "https");
  // A Location without a host of its own stays at the host that was asked by this name.
  if (location.starts_with("//") || has_scheme(location)) {
    next.host = host_header(next.url);
  }
  const bool keeps_method = status == 307 || status == 308;
  if (!keeps_method && hop.method != "HEAD") {
    next.method = "GET";
    next.body.clear();
  }
  return next;
}

std::string host_name(const std::string& header) {
  if (header.starts_with('[')) {
    return header.substr(1, header.find(']') - 1);
  }
  const std::size_t colon = header.find(':');
  return colon == header.rfind(':') ? header.substr(0, colon) : header;
}

std::expected<net::HttpRequest, std::string> make_request(const Run& run, const Hop& hop,
                                                          const CookieJar& cookies,
                                                          const net::ProxyOptions* absolute) {
  const config::blackbox::Http& http = run.module.http;
  net::HttpRequest request;
  request.method = hop.method;
  request.body = hop.body;
  request.target = hop.url.path;
  if (absolute != nullptr) {
    Target asked = hop.url;
    asked.host = hop.address ? hop.address->to_string() : hop.url.host;
    request.target = net::url_text(asked, true);
  }
  Headers headers(request, hop);
  headers.add("Host", Secret(hop.host));
  for (const auto& [name, value] : http.headers) {
    headers.add_configured(name, value);
  }
  if (!headers.has("User-Agent")) {
    headers.add("User-Agent", Secret(net::user_agent()));
  }
  add_cookies(request, headers, cookies.line_for(hop.url));
  for (const HttpClient::Header& header : http.client.http_headers) {
    for (const Source& value : header.values) {
      headers.add_configured(header.name, headers.read(value));
    }
  }
  if (hop.may_know) {
    add_credentials(headers, http.client);
  }
  if (absolute != nullptr && !absolute->user.empty()) {
    headers.add("Proxy-Authorization", net::proxy_authorization(*absolute));
  }
  if (!headers.problem().empty()) {
    return std::unexpected(headers.problem());
  }
  return request;
}

}  // namespace reachd::blackbox
