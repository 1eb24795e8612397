#include "daemon/blackbox/http_prober_cookies.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "probes/core/words.hpp"
#include "probes/net/http_fields.hpp"
#include "probes/net/http_text.hpp"

namespace reachd::blackbox {
namespace {

constexpr std::size_t kMostCookies = 50;
constexpr std::size_t kLongest = 4096;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::pair<std::string_view, std::string_view> parted(std::string_view text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  return {trimmed(text.substr(0, equals)),
          equals == text.size() ? std::string_view() : trimmed(text.substr(equals + 1))};
}

std::string_view path_of(const Target& url) {
  return std::string_view(url.path).substr(0, url.path.find('?'));
}

/// RFC 6265, 5.1.4.
std::string default_path(const Target& url) {
  const std::string_view path = path_of(url);
  const std::size_t last = path.rfind('/');
  return last == 0 || last == std::string_view::npos ? "/" : std::string(path.substr(0, last));
}

bool is_below(std::string_view host, std::string_view domain) {
  return host.size() > domain.size() && host.ends_with(domain) &&
         host[host.size() - domain.size() - 1] == '.';
}

/// True where Expires or Max-Age say that it is over.
bool is_past(std::string_view name, std::string_view value, WallTime now) {
  if (same_word(name, "Max-Age")) {
    long long seconds = 1;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    return seconds <= 0;
  }
  std::string date(value);  // "Thu, 01-Jan-1970 00:00:00 GMT" is as usual as the RFC's form
  std::ranges::replace(date, '-', ' ');
  const auto end = net::parse_http_date(date);
  return end && *end <= now;
}

}  // namespace

bool CookieJar::Cookie::fits(const Target& url) const {
  const std::string_view wanted = path_of(url);
  const bool host = url.host == domain || (!host_only && is_below(url.host, domain));
  const bool way = wanted == path || (wanted.starts_with(path) &&
                                      (path.ends_with('/') || wanted[path.size()] == '/'));
  return host && way && (!secure || url.scheme == "https");
}

void CookieJar::take(const Target& url, const net::HttpResponse& response, WallTime now) {
  for (const auto& [name, value] : response.headers) {
    if (same_word(name, "Set-Cookie") && value.size() <= kLongest) {
      take_line(url, value, now);
    }
  }
}

void CookieJar::take_line(const Target& url, std::string_view line, WallTime now) {
  const std::size_t end = std::min(line.find(';'), line.size());
  const auto [cookie_name, cookie_value] = parted(line.substr(0, end));
  Cookie cookie{.name = std::string(cookie_name),
                .value = std::string(cookie_value),
                .domain = url.host,
                .path = default_path(url)};
  std::optional<bool> past;
  line.remove_prefix(end);
  while (!line.empty()) {
    line.remove_prefix(1);
    const std::size_t next = std::min(line.find(';'), line.size());
    const auto [name, value] = parted(line.substr(0, next));
    line.remove_prefix(next);
    if (same_word(name, "Domain") && !value.empty()) {
      const std::string domain = lower(value.substr(value.starts_with('.') ? 1 : 0));
      if (domain != url.host &&
          (url.literal || !domain.contains('.') || !is_below(url.host, domain))) {
        return;
      }
      cookie.host_only = domain == url.host && url.literal.has_value();
      cookie.domain = domain;
    } else if (same_word(name, "Path") && value.starts_with('/')) {
      cookie.path = value;
    } else if (same_word(name, "Secure")) {
      cookie.secure = true;
    } else if (same_word(name, "Max-Age") || (same_word(name, "Expires") && !past)) {
      past = is_past(name, value, now);  // Max-Age goes before Expires (RFC 6265, 5.3)
    }
  }
  if (!net::is_token(cookie.name)) {
    return;
  }
  std::erase_if(cookies_, [&](const Cookie& old) {
    return old.name == cookie.name && old.domain == cookie.domain && old.path == cookie.path;
  });
  if (!past.value_or(false) && cookies_.size() < kMostCookies) {
    cookies_.push_back(std::move(cookie));
  }
}

std::string CookieJar::line_for(const Target& url) const {
  std::string line;
  for (const Cookie& cookie : cookies_) {
    if (cookie.fits(url)) {
      line += line.empty() ? "" : "; ";
      line += cookie.name + "=" + cookie.value;
    }
  }
  return line;
}

}  // namespace reachd::blackbox
