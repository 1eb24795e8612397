#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/selector.hpp"
#include "probes/core/reader.hpp"

/// What several sections of the configuration have in common.
namespace reachd::config {

/// Reports a name that can't stand in metrics, URLs and selectors.
void check_name(Reader& reader, std::string_view key, const std::string& name);

/// The texts of a list (or a lone one), each with its own place.
std::vector<Value> placed_texts(Reader& reader, std::string_view key);

/// The selectors under `key`: a text or a list of texts. What is wrong is reported where it stands.
std::vector<Selector> read_selectors(Reader& reader, std::string_view key);

}  // namespace reachd::config
