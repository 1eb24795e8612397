#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/core/secret.hpp"

namespace reachd::alert {

/// HMAC-SHA256 (RFC 2104, FIPS 180-4) in lower-case hexadecimal digits; nothing if this host's
/// policy about cryptography refuses it, for a key that is too short, say.
std::optional<std::string> hmac_sha256(const Secret& key, std::string_view data);

}  // namespace reachd::alert
