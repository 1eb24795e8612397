#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/blackbox_parts.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::config::blackbox {
namespace {

constexpr std::size_t kLargest = std::size_t{1024} * 1024;
constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

std::string trim(std::string text) {
  text.resize(text.find_last_not_of(kWhiteSpace) + 1);  // npos + 1 is 0
  text.erase(0, std::min(text.find_first_not_of(kWhiteSpace), text.size()));
  return text;
}

}  // namespace

std::expected<Secret, std::string> read_source(const Source& source, bool trimmed) {
  if (source.file.empty()) {
    return source.text;
  }
  const auto path = to_path(source.file);
  std::error_code error;
  // A pipe or a device could hold the reader for ever.
  if (!std::filesystem::is_regular_file(path, error)) {
    return std::unexpected("can't read the file \"" + source.file + "\"");
  }
  std::ifstream stream(path, std::ios::binary);
  const auto size = std::filesystem::file_size(path, error);
  if (!stream || error || size > kLargest) {
    return std::unexpected((size > kLargest && !error ? "more than 1 MiB is in the file \""
                                                      : "can't read the file \"") +
                           source.file + "\"");
  }
  std::string content(static_cast<std::size_t>(size), '\0');
  stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(stream.gcount()));
  return Secret(trimmed ? trim(std::move(content)) : std::move(content));
}

}  // namespace reachd::config::blackbox
