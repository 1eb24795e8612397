#include "probes/core/target.hpp"

#include <algorithm>
#include <charconv>

#include "probes/core/words.hpp"

namespace reachd {
namespace {

using Parsed = std::expected<Target, std::string>;

bool is_label_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string shorten(std::string_view text) {
  return text.size() > 100 ? std::string(text.substr(0, 100)) + "..." : std::string(text);
}

std::uint16_t port_of_scheme(std::string_view scheme, std::uint16_t otherwise) noexcept {
  if (scheme == "http") {
    return 80;
  }
  if (scheme == "ldaps") {
    return 636;
  }
  if (scheme == "socks5" || scheme == "socks5h") {
    return 1080;
  }
  return scheme == "https" ? std::uint16_t{443} : otherwise;
}

/// Fills host, literal and port from "host", "host:port", "[v6]", "[v6]:port" or a bare IPv6
/// address.
std::optional<std::string> read_authority(std::string_view authority, Target& target) {
  if (const auto bare = IpAddress::parse(authority)) {
    target.literal = bare;
    target.host = bare->to_string();
    return std::nullopt;
  }
  std::string_view host = authority;
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return "a bracket is not closed";
    }
    host = authority.substr(1, close - 1);
    const std::string_view rest = authority.substr(close + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) {
      return "after the bracket only a colon and a port may follow";
    }
    port = has_port ? rest.substr(1) : rest;
  } else if (const std::size_t colon = authority.rfind(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    has_port = true;
  }
  if (has_port) {
    const auto number = parse_port(port);
    if (!number) {
      return "the port is a number from 1 to 65535";
    }
    target.port = *number;
  }
  target.literal = IpAddress::parse(host);
  if (!target.literal && !is_host(host)) {
    return "\"" + shorten(host) + "\" is neither a host name nor an address";
  }
  target.host = target.literal ? target.literal->to_string() : lower(host);
  return std::nullopt;
}

}  // namespace

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0 || number > 65'535) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(number);
}

bool is_host(std::string_view text) noexcept {
  if (text.ends_with('.')) {
    text.remove_suffix(1);
  }
  if (text.empty() || text.size() > 253) {
    return false;
  }
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) {
        return false;
      }
      label = 0;
    } else if (!is_label_character(c) || ++label > 63) {
      return false;
    }
  }
  // A last label of digits only is a mistyped IPv4 address (RFC 3696, 2).
  const std::string_view last =
      text.substr(text.rfind('.') == std::string_view::npos ? 0 : text.rfind('.') + 1);
  return label > 0 && !std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

std::expected<Target, std::string> parse_target(std::string_view text, std::uint16_t default_port) {
  const auto wrong = [&](const std::string& why) -> Parsed {
    return std::unexpected("\"" + shorten(text) + "\" is not a target: " + why);
  };
  Target target;
  target.text = std::string(text);
  std::string_view authority = text;
  if (const std::size_t colon = text.find("://"); colon != std::string_view::npos) {
    target.scheme = lower(text.substr(0, colon));
    authority = text.substr(colon + 3);
    const std::size_t end = authority.find_first_of("/?#");
    target.path = end == std::string_view::npos ? "/" : std::string(authority.substr(end));
    authority = authority.substr(0, end);
    if (target.path.starts_with('?')) {
      target.path.insert(0, "/");
    }
    if (target.path.contains('#')) {
      return wrong("a URL here has no fragment");
    }
    const bool printable =
        std::ranges::all_of(target.path, [](char c) { return c > ' ' && c < 0x7f; });
    if (!printable) {
      return wrong("the path holds a space or a character that needs percent-encoding");
    }
  }
  if (authority.contains('@')) {
    // Without the text, which may hold a password.
    return std::unexpected("a target has no user information; credentials have keys of their own");
  }
  if (const auto error = read_authority(authority, target)) {
    return wrong(*error);
  }
  if (target.port == 0) {
    target.port = port_of_scheme(target.scheme, default_port);
  }
  return target;
}

}  // namespace reachd
