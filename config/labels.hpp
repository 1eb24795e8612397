#pragma once

#include <string_view>

#include "config/settings.hpp"

namespace reachd::config {

/// True for what Prometheus takes as a label name: [a-zA-Z_][a-zA-Z0-9_]*, but not __*.
bool is_label_name(std::string_view name) noexcept;
/// True for a label that series or alerts of reachd have themselves.
bool is_reserved_label(std::string_view name) noexcept;
/// Reads `labels:` of the reader's map: names and texts that the exposition may carry.
Labels read_labels(Reader& reader);

}  // namespace reachd::config
