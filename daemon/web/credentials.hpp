#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/core/secret.hpp"

namespace reachd::web {

struct Credentials {
  std::string user;
  Secret password;
};

/// What an Authorization header of the Basic scheme says (RFC 7617). Nothing for another scheme,
/// bad base64 (RFC 4648, 4, with its padding) and text without a colon. Pure.
std::optional<Credentials> parse_credentials(std::string_view header);

}  // namespace reachd::web
