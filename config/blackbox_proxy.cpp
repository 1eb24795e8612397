// Which proxy the HTTP client goes by (prometheus/common, ProxyConfig;
// golang.org/x/net/http/httpproxy).
#include <algorithm>
#include <cstdlib>

#include "config/blackbox_reader.hpp"
#include "config/parts.hpp"
#include "probes/core/words.hpp"

namespace reachd::config::blackbox {
namespace {

using Proxy = HttpClient::Proxy;

constexpr std::uint16_t kSocksPort = 1080;
constexpr std::uint16_t kHttpPort = 80;

std::optional<unsigned> hex_digit(char c) noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t digit = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
  return digit == std::string_view::npos ? std::nullopt
                                         : std::optional(static_cast<unsigned>(digit));
}

/// RFC 3986, 2.1. Nothing for a % without its digits, or for a line break.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      result += text[at];
      continue;
    }
    const auto high = at + 2 < text.size() ? hex_digit(text[at + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[at + 2]) : std::nullopt;
    if (!low) {
      return std::nullopt;
    }
    result += static_cast<char>(*high * 16 + *low);
    at += 2;
  }
  return is_field_value(result) ? std::optional(std::move(result)) : std::nullopt;
}

/// Why a URL of a proxy can't be used. Never shows the URL, which may hold a password.
struct Wrong {
  std::string message;
  bool refused = false;  ///< right, but not spoken
};

std::expected<Proxy, Wrong> parse_proxy(std::string_view url) {
  Proxy proxy;
  const std::size_t scheme_end = url.find("://");
  const std::string scheme = lower(url.substr(0, scheme_end));
  if (scheme_end == std::string_view::npos) {
    return std::unexpected(Wrong{"a proxy is a URL, such as http://proxy.example.com:3128"});
  }
  if (scheme == "https") {
    return std::unexpected(Wrong{"TLS to a proxy is not spoken, only http:// and socks5://", true});
  }
  proxy.socks5 = scheme == "socks5" || scheme == "socks5h";
  if (!proxy.socks5 && scheme != "http") {
    return std::unexpected(Wrong{"a proxy is spoken to by http:// or socks5://"});
  }
  std::string_view rest = url.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view credentials = rest.substr(0, at);
    const std::size_t colon = std::min(credentials.find(':'), credentials.size());
    const auto user = percent_decoded(credentials.substr(0, colon));
    const auto password =
        percent_decoded(credentials.substr(std::min(colon + 1, credentials.size())));
    if (!user || !password) {
      return std::unexpected(Wrong{"user and password in a URL are percent-encoded"});
    }
    proxy.user = *user;
    proxy.password = Secret(*password);
    rest.remove_prefix(at + 1);
  }
  auto server = parse_target(rest, proxy.socks5 ? kSocksPort : kHttpPort);
  if (!server) {
    return std::unexpected(Wrong{"no host and port of a proxy: " + server.error()});
  }
  proxy.server = std::move(*server);
  return proxy;
}

/// Adds one entry of Go's form: "example.com" covers what is below it too, ".example.com" and
/// "*.example.com" only that.
void add_exempt(std::vector<std::string>& entries, std::string entry) {
  if (entry.starts_with("*.")) {
    entries.push_back(entry.substr(1));
    return;
  }
  const bool is_name = entry != "*" && !entry.starts_with('.') && !Cidr::parse(entry);
  if (is_name) {
    entries.push_back("." + entry);
  }
  entries.push_back(std::move(entry));
}

bool has_port(std::string_view entry) noexcept {
  const std::size_t colon = entry.rfind(':');
  return colon != std::string_view::npos && parse_port(entry.substr(colon + 1)) &&
         (entry.find(':') == colon || entry.starts_with('['));
}

void read_exempt(Block& block, std::string_view key, std::string_view list, HttpClient& client) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string entry(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    std::erase_if(entry, [](char c) { return c == ' ' || c == '\t'; });
    if (has_port(entry)) {
      block.refuse(key, "entries with ports (" + entry.substr(0, 60) + ") are not told apart");
    } else if (!entry.empty()) {
      add_exempt(client.no_proxy, std::move(entry));
    }
  }
}

/// Go's rule wherever it looks for exceptions at all.
void spare_loopback(HttpClient& client) {
  client.no_proxy.insert(client.no_proxy.end(), {"localhost", "127.0.0.0/8", "::1"});
}

std::optional<Proxy> proxy_of(Block& block, std::string_view key, std::string_view url,
                              const std::string& whose) {
  auto proxy = parse_proxy(url);
  if (proxy) {
    return std::move(*proxy);
  }
  if (proxy.error().refused) {
    block.refuse(key, whose + proxy.error().message);
  } else {
    block.error(key, std::string(key) + ": " + whose + proxy.error().message);
  }
  return std::nullopt;
}

std::string environment(const char* upper, const char* lower) {
  for (const char* name : {upper, lower}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') {
      return value;
    }
  }
  return {};
}

std::optional<Proxy> from_environment(Block& block, const char* upper, const char* lower) {
  const std::string url = environment(upper, lower);
  if (url.empty()) {
    return std::nullopt;
  }
  return proxy_of(block, "proxy_from_environment", url.contains("://") ? url : "http://" + url,
                  std::string(upper) + ": ");
}

void read_connect_headers(Block& block, HttpClient& client) {
  constexpr std::string_view kKey = "proxy_connect_header";
  const Value& map = block.below(kKey);
  Reader values(map, block.diagnostics(), block.what_of(kKey));
  for (const Value::Member& member : map.members) {
    check_header_name(block, member.place, member.key);
    HttpClient::Header header{.name = member.key, .values = {}};
    for (const Value& item : placed_texts(values, member.key)) {
      check_header_value(block, item.place, member.key, item.scalar);
      header.values.push_back({.text = Secret(item.scalar), .file = {}});
    }
    client.proxy_connect_header.push_back(std::move(header));
  }
}

}  // namespace

void read_proxy(Block& block, HttpClient& client) {
  const std::string url = block.text("proxy_url");
  const std::string no_proxy = block.text("no_proxy");
  const bool by_environment = block.flag("proxy_from_environment", false);
  read_connect_headers(block, client);
  if (by_environment && (!url.empty() || !no_proxy.empty())) {
    block.error("proxy_from_environment", "proxy_from_environment excludes proxy_url and no_proxy");
  } else if (by_environment) {
    client.http_proxy = from_environment(block, "HTTP_PROXY", "http_proxy");
    client.https_proxy = from_environment(block, "HTTPS_PROXY", "https_proxy");
    read_exempt(block, "proxy_from_environment", environment("NO_PROXY", "no_proxy"), client);
    spare_loopback(client);
  } else if (!url.empty()) {
    client.http_proxy = proxy_of(block, "proxy_url", url, "");
    client.https_proxy = client.http_proxy;
    if (!no_proxy.empty()) {
      read_exempt(block, "no_proxy", no_proxy, client);
      spare_loopback(client);
    }
  } else if (!no_proxy.empty()) {
    block.error("no_proxy", "no_proxy has an effect only with proxy_url");
  }
  if (!client.proxy_connect_header.empty() && url.empty() && !by_environment) {
    block.error("proxy_connect_header",
                "proxy_connect_header has an effect only with proxy_url or proxy_from_environment");
  }
}

}  // namespace reachd::config::blackbox
