#include "config/blackbox_reader.hpp"

#include <algorithm>

#include "config/blackbox_quantity.hpp"
#include "config/parts.hpp"
#include "probes/core/words.hpp"

namespace reachd::config::blackbox {
namespace {

bool is_written(const Value* value) noexcept {
  return value != nullptr && value->kind != Value::Kind::null;
}

}  // namespace

void Block::refuse(std::string_view key, std::string_view why) {
  context_.refusals.push_back(
      {place(key), what() + ": " + std::string(key) + " can't be honoured: " + std::string(why)});
}

void Block::refuse_if_written(std::string_view key, std::string_view why) {
  if (is_written(raw(key))) {
    refuse(key, why);
  }
}

void Block::refuse_if_on(std::string_view key, std::string_view why) {
  if (flag(key, false)) {
    refuse(key, why);
  }
}

bool Block::flag(std::string_view key, bool fallback) {
  const Value* value = raw(key);
  if (!is_written(value)) {
    return fallback;
  }
  if (value->kind == Value::Kind::scalar && !value->quoted) {
    if (const auto known = parse_go_flag(value->scalar)) {
      return *known;
    }
  }
  return boolean(key, fallback);  // says what is wrong
}

std::chrono::nanoseconds Block::go_duration(std::string_view key) {
  const std::string written = text(key);
  const auto duration = parse_go_duration(written);
  if (!written.empty() && !duration) {
    error(key, std::string(key) + " is a duration such as 5s, 1m30s or 500ms, not \"" +
                   written.substr(0, 60) + "\"");
  }
  return duration.value_or(std::chrono::nanoseconds(0));
}

std::uint64_t Block::binary_size(std::string_view key) {
  const std::string written = text(key);
  const auto size = parse_binary_size(written);
  if (!written.empty() && !size) {
    error(key, std::string(key) + " is a size with its unit, such as 10MB or 512KiB, not \"" +
                   written.substr(0, 60) + "\"");
  }
  return size.value_or(0);
}

std::vector<Pattern> Block::patterns(std::string_view key) {
  std::vector<Pattern> result;
  for (const Value& item : placed_texts(*this, key)) {
    auto compiled = Pattern::compile(item.scalar);
    if (compiled) {
      result.push_back(std::move(*compiled));
    } else {
      diagnostics().error(item.place, what_of(key) + ": " + compiled.error());
    }
  }
  return result;
}

std::optional<Pattern> Block::pattern(std::string_view key) {
  if (!given(key)) {
    return std::nullopt;
  }
  auto compiled = Pattern::compile(text(key));
  if (!compiled) {
    error(key, std::string(key) + ": " + compiled.error());
    return std::nullopt;
  }
  return std::move(*compiled);
}

Source Block::source(const std::array<std::string_view, 3>& keys) {
  at_most_one({keys.begin(), keys.end()});
  refuse_if_written(keys[2], "reachd has no secret manager; a file does the same");
  return {.text = Secret(text(keys[0])), .file = file(keys[1])};
}

std::string Block::file(std::string_view key) {
  const std::string name = text(key);
  return name.empty() ? name : use_file(place(key), key, name);
}

std::vector<std::string> Block::files(std::string_view key) {
  std::vector<std::string> result;
  for (const Value& item : placed_texts(*this, key)) {
    result.push_back(use_file(item.place, key, item.scalar));
  }
  return result;
}

std::string Block::use_file(const Place& place, std::string_view key, std::string_view name) {
  std::string path = resolve_path(place, name);
  context_.files.push_back({.place = place, .what = what_of(key), .path = path});
  return path;
}

void Block::at_most_one(const std::vector<std::string_view>& keys) {
  std::vector<std::string_view> written;
  std::ranges::copy_if(keys, std::back_inserter(written),
                       [this](std::string_view key) { return given(key); });
  if (written.size() > 1) {
    error(written[1], "at most one of " + join(keys, ", ") + " may be written");
  }
}

bool Block::given(std::string_view key) { return is_written(raw(key)); }

const Value& Block::below(std::string_view key) {
  static const Value kNothing;
  const Value* value = raw(key);
  return value == nullptr ? kNothing : *value;
}

}  // namespace reachd::config::blackbox
