#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probes/core/value.hpp"

namespace reachd::config {

/// The text of a configuration file as UTF-8 with LF line ends and without a byte order mark, from
/// UTF-8 or, where a byte order mark says so, UTF-16. Other encodings, broken sequences and control
/// characters are reported with their place; then nothing is returned.
std::optional<std::string> decode_text(std::string_view bytes,
                                       const std::shared_ptr<const std::string>& file,
                                       Diagnostics& diagnostics);

/// The bytes that `text` is in base64 (RFC 4648, 4) with its padding; white space in it counts for
/// nothing. Nothing if it is anything else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace reachd::config
