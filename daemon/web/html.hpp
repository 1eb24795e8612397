#pragma once

#include <string>
#include <string_view>

namespace reachd::web {

/// Appends text so that HTML takes it for text, in content and in quoted attributes. What is no
/// UTF-8 and control characters but the line end become U+FFFD: banners, certificates and messages
/// are written by strangers.
void append_escaped(std::string& out, std::string_view text);
std::string escaped(std::string_view text);

/// Percent-encodes a name or value of a URL's query: everything but unreserved characters
/// (RFC 3986, 2.3), '/' and ':'.
std::string query_encoded(std::string_view text);

/// `text` on one line, well-formed: what strangers wrote must not begin a line of its own.
std::string one_line(std::string_view text);

}  // namespace reachd::web
