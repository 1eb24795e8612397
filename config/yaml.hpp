#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/core/value.hpp"

namespace reachd::config {

/// What a text may hold.
enum class YamlTexts : std::uint8_t {
  plain,     ///< no NUL, and no tags
  any_bytes  ///< what `!!binary` encodes in base64, and \0 in double quotes
};

/// Parses YAML text into a tree with the place of every node. Strict where YAML is lax: duplicate
/// keys, several documents, recursive aliases, tags and keys that are not plain text are errors;
/// depth (64) and alias expansion are bounded. UTF-8 with or without a byte order mark, UTF-16 with
/// one, LF or CRLF. `name` is the file as messages show it. Problems go to `diagnostics`; then
/// nothing is returned.
std::optional<Value> parse_yaml(std::string_view text, const std::string& name,
                                Diagnostics& diagnostics, YamlTexts texts = YamlTexts::plain);

/// Reads and parses one file (at most 64 MiB).
std::optional<Value> load_yaml(const std::string& path, Diagnostics& diagnostics,
                               YamlTexts texts = YamlTexts::plain);

/// load_yaml(), then `include: GLOB or [GLOB...]` of the top level (relative to the file that names
/// it): lists of the included files are appended, other keys may stand only once in all files.
std::optional<Value> load_yaml_with_includes(const std::string& path, Diagnostics& diagnostics);

}  // namespace reachd::config
