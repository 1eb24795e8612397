#pragma once

#include <string_view>

namespace reachd {

/// Shell-like match with * and ? only; linear in the text for a fixed pattern.
bool glob_matches(std::string_view glob, std::string_view text) noexcept;

}  // namespace reachd
