#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "probes/core/clock.hpp"
#include "probes/core/target.hpp"

namespace reachd::net {

/// Where a Location header leads, seen from the URL that sent it (RFC 9110, 10.2.2; RFC 3986, 5.2):
/// absolute, relative or without a scheme; a fragment is dropped, what a URL can't hold is
/// percent-encoded. http and https only; the error is a sentence.
std::expected<Target, std::string> resolve_location(const Target& base, std::string_view location);

/// "https://host:8443/path" of a URL target, the port left out where it is the scheme's own. The
/// query is part of it only if asked for: it may hold secrets.
std::string url_text(const Target& target, bool with_query);

/// The port for the Host header: 0 where it is the scheme's own.
std::uint16_t shown_port(const Target& target) noexcept;

/// "Sun, 06 Nov 1994 08:49:37 GMT", the form of Date that servers must send, or one of the two that
/// they once sent (RFC 9110, 5.6.7).
std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace reachd::net
