#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reachd::net {

/// Puts into the head of a response what old and small servers leave out, browsers and Go do
/// without, and Beast's parser insists on: the space after a status without a phrase, and the
/// carriage return before a line feed (RFC 9112, 2.2 and 4). What follows the head stays as it is.
class HeadMender {
 public:
  /// The next bytes of the response, with what they lack; none if they lack nothing.
  std::optional<std::string> mend(std::string_view piece);

 private:
  bool in_status_line_ = true;
  bool ended_ = false;
  std::size_t line_ = 0;  ///< bytes of the line so far, without its end
  char last_ = 0;
};

}  // namespace reachd::net
