#include "probes/core/reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <expected>
#include <filesystem>
#include <fstream>

#include "probes/core/file_path.hpp"
#include "probes/core/size.hpp"
#include "probes/core/target.hpp"
#include "probes/core/words.hpp"

namespace reachd {
namespace {

constexpr std::size_t kLongestSecret = std::size_t{64} * 1024;

std::string quote(std::string_view text) {
  return "\"" + std::string(text.substr(0, 60)) + (text.size() > 60 ? "...\"" : "\"");
}

/// The first line of a file, or in words why it is no secret.
std::expected<std::string, std::string> read_secret_line(const std::string& path) {
  const std::filesystem::path name = to_path(path);
  std::error_code failure;
  const auto type = std::filesystem::status(name, failure).type();
  if (type == std::filesystem::file_type::not_found) {
    return std::unexpected("it does not exist");
  }
  if (type == std::filesystem::file_type::directory) {
    return std::unexpected("it is a folder");
  }
  std::ifstream stream(name, std::ios::binary);
  if (!stream.is_open()) {
    return std::unexpected("access is denied");
  }
  std::string line(kLongestSecret + 1, '\0');
  stream.read(line.data(), static_cast<std::streamsize>(line.size()));
  if (stream.bad()) {
    return std::unexpected("reading failed");
  }
  line.resize(static_cast<std::size_t>(stream.gcount()));
  line.resize(std::min(line.find('\n'), line.size()));
  if (line.size() > kLongestSecret) {
    return std::unexpected("its first line is longer than 64 KiB");
  }
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  if (line.empty()) {
    return std::unexpected("its first line is empty");
  }
  return line;
}

}  // namespace

std::string resolve_path(const Place& place, std::string_view path) {
  std::filesystem::path result = to_path(path);
  if (result.is_relative() && place.file) {
    result = to_path(*place.file).parent_path() / result;
  }
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(result, ignored);
  return to_text((ignored ? result : absolute).lexically_normal());
}

Reader::Reader(const Value& map, Diagnostics& diagnostics, std::string what)
    : map_(map), diagnostics_(diagnostics), what_(std::move(what)) {
  if (map.kind != Value::Kind::map && map.kind != Value::Kind::null) {
    diagnostics_.error(map.place, what_ + " must be a map of keys and values, not " +
                                      std::string(map.kind_name()));
  }
}

const Value* Reader::raw(std::string_view key) {
  known_.push_back(key);
  return map_.find(key);
}

bool Reader::has(std::string_view key) { return raw(key) != nullptr; }

Place Reader::place(std::string_view key) const {
  const Value* value = key.empty() ? nullptr : map_.find(key);
  return value == nullptr ? map_.place : value->place;
}

void Reader::error(std::string_view key, std::string message) {
  diagnostics_.error(place(key), what_ + ": " + std::move(message));
}

const Value* Reader::scalar(std::string_view key) {
  const Value* value = raw(key);
  if (value == nullptr || value->kind == Value::Kind::null) {
    return nullptr;
  }
  if (value->kind != Value::Kind::scalar) {
    error(key, std::string(key) + " takes a single value, not " + std::string(value->kind_name()));
    return nullptr;
  }
  return value;
}

std::string Reader::text(std::string_view key, std::string_view fallback) {
  const Value* value = scalar(key);
  return value == nullptr ? std::string(fallback) : value->scalar;
}

std::string Reader::required_text(std::string_view key) {
  const Value* value = raw(key);
  if (value == nullptr || value->kind == Value::Kind::null) {
    error(key, std::string(key) + " is missing");
    return {};
  }
  std::string result = text(key);
  if (result.empty() && value->kind == Value::Kind::scalar) {
    error(key, std::string(key) + " is empty");
  }
  return result;
}

bool Reader::boolean(std::string_view key, bool fallback) {
  const Value* value = scalar(key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->quoted && (value->scalar == "true" || value->scalar == "false")) {
    return value->scalar == "true";
  }
  error(key, std::string(key) + " is true or false, not " + quote(value->scalar));
  return fallback;
}

std::int64_t Reader::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                             std::int64_t most) {
  const Value* value = scalar(key);
  if (value == nullptr) {
    return fallback;
  }
  const std::string& digits = value->scalar;
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (code != std::errc{} || end != digits.data() + digits.size() || number < least ||
      number > most) {
    error(key, std::string(key) + " is a whole number from " + std::to_string(least) + " to " +
                   std::to_string(most) + ", not " + quote(digits));
    return fallback;
  }
  return number;
}

std::uint16_t Reader::port(std::string_view key, std::uint16_t fallback) {
  const Value* value = scalar(key);
  if (value == nullptr) {
    return fallback;
  }
  const auto number = parse_port(value->scalar);
  if (!number) {
    error(key, std::string(key) + " is a port from 1 to 65535, not " + quote(value->scalar));
  }
  return number.value_or(fallback);
}

Duration Reader::duration(std::string_view key, Duration fallback, Duration least, Duration most) {
  const Value* value = scalar(key);
  if (value == nullptr) {
    return fallback;
  }
  const auto parsed = parse_duration(value->scalar);
  if (!parsed) {
    error(key, std::string(key) + ": " + parsed.error());
    return fallback;
  }
  if (*parsed < least || *parsed > most) {
    error(key, std::string(key) + " is from " + format_duration(least) + " to " +
                   format_duration(most) + ", not " + quote(value->scalar));
    return fallback;
  }
  return *parsed;
}

std::uint64_t Reader::size(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                           std::uint64_t most) {
  const Value* value = scalar(key);
  if (value == nullptr) {
    return fallback;
  }
  const auto parsed = parse_size(value->scalar);
  if (!parsed) {
    error(key, std::string(key) + ": " + parsed.error());
    return fallback;
  }
  if (*parsed < least || *parsed > most) {
    error(key, std::string(key) + " is from " + format_size(least) + " to " + format_size(most) +
                   ", not " + quote(value->scalar));
    return fallback;
  }
  return *parsed;
}

std::vector<std::string> Reader::texts(std::string_view key) {
  const Value* value = raw(key);
  std::vector<std::string> result;
  if (value == nullptr || value->kind == Value::Kind::null) {
    return result;
  }
  if (value->kind == Value::Kind::scalar) {
    result.push_back(value->scalar);
    return result;
  }
  for (const Value& item : list(key)) {
    if (item.kind == Value::Kind::scalar) {
      result.push_back(item.scalar);
    } else {
      diagnostics_.error(item.place, what_ + ": " + std::string(key) +
                                         " is a list of texts; here stands " +
                                         std::string(item.kind_name()));
    }
  }
  return result;
}

std::vector<std::pair<std::string, std::string>> Reader::pairs(std::string_view key) {
  const Value* value = raw(key);
  std::vector<std::pair<std::string, std::string>> result;
  if (value == nullptr || value->kind == Value::Kind::null) {
    return result;
  }
  if (value->kind != Value::Kind::map) {
    error(key, std::string(key) + " is a map of names and texts, not " +
                   std::string(value->kind_name()));
    return result;
  }
  for (const Value::Member& member : value->members) {
    if (member.value.kind == Value::Kind::scalar) {
      result.emplace_back(member.key, member.value.scalar);
    } else {
      diagnostics_.error(member.value.place, what_ + ": " + std::string(key) + "." + member.key +
                                                 " is a text, not " +
                                                 std::string(member.value.kind_name()));
    }
  }
  return result;
}

std::span<const Value> Reader::list(std::string_view key) {
  const Value* value = raw(key);
  if (value == nullptr || value->kind == Value::Kind::null) {
    return {};
  }
  if (value->kind != Value::Kind::list) {
    error(key, std::string(key) + " is a list, not " + std::string(value->kind_name()));
    return {};
  }
  return value->items;
}

std::optional<std::size_t> Reader::choice_index(std::string_view key,
                                                const std::vector<std::string_view>& words) {
  const Value* value = scalar(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  const auto found = std::ranges::find(words, value->scalar);
  if (found != words.end()) {
    return static_cast<std::size_t>(found - words.begin());
  }
  error(key, std::string(key) + " is one of " + join(words, ", ") + ", not " +
                 quote(value->scalar) + did_you_mean(value->scalar, words));
  return std::nullopt;
}

std::optional<Secret> Reader::secret(std::string_view key) {
  const std::string file_key = std::string(key) + "_file";
  const Value* value = scalar(key);
  const Value* file = map_.find(file_key);
  // known_ keeps views of keys: this one is owned by the map's member if it is there at all.
  for (const Value::Member& member : map_.members) {
    if (member.key == file_key) {
      known_.push_back(member.key);
    }
  }
  if (value != nullptr && file != nullptr) {
    error(key, std::string(key) + " and " + file_key + " exclude each other");
    return std::nullopt;
  }
  if (file != nullptr) {
    if (file->kind != Value::Kind::scalar) {
      diagnostics_.error(file->place, what_ + ": " + file_key + " is a file name");
      return std::nullopt;
    }
    const std::string path = resolve_path(file->place, file->scalar);
    auto line = read_secret_line(path);
    if (!line) {
      diagnostics_.error(file->place,
                         what_ + ": can't read a secret from \"" + path + "\": " + line.error());
      return std::nullopt;
    }
    return Secret(std::move(*line));
  }
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::string& text = value->scalar;
  if (text.starts_with("${") && text.ends_with('}')) {
    const std::string name = text.substr(2, text.size() - 3);
    const char* environment = std::getenv(name.c_str());
    if (environment == nullptr) {
      error(key, "the environment variable " + name + " is not set");
      return std::nullopt;
    }
    return Secret(environment);
  }
  return Secret(text);
}

std::optional<std::string> Reader::readable_file(std::string_view key) {
  const Value* value = scalar(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  std::string path = resolve_path(value->place, value->scalar);
  const std::filesystem::path name = to_path(path);
  std::error_code failure;
  if (!std::filesystem::is_regular_file(name, failure) || !std::ifstream(name)) {
    error(key, std::string(key) + ": can't read the file " + quote(value->scalar));
    return std::nullopt;
  }
  return path;
}

void Reader::done() {
  if (map_.kind != Value::Kind::map) {
    return;
  }
  for (const Value::Member& member : map_.members) {
    if (std::ranges::find(known_, member.key) != known_.end()) {
      continue;
    }
    diagnostics_.error(member.place, what_ + ": unknown key " + quote(member.key) +
                                         did_you_mean(member.key, known_));
  }
}

}  // namespace reachd
