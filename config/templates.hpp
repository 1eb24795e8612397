#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace reachd::config {

/// The first configuration that `reachd init PRODUCT` writes: commented YAML, LF. Nothing for a
/// product that has none.
std::optional<std::string_view> init_template(std::string_view product) noexcept;
/// The products that have one.
std::vector<std::string_view> init_products();

}  // namespace reachd::config
