#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace reachd {

/// All text of ours is UTF-8, and so are the names of files in it. std::filesystem takes a
/// std::string for that on Linux, but for single bytes on Windows: these two stand where text and
/// file system meet.
inline std::filesystem::path to_path(std::string_view utf8) {
  return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}
inline std::string to_text(const std::filesystem::path& path) {
  const std::u8string utf8 = path.u8string();
  return {utf8.begin(), utf8.end()};
}

}  // namespace reachd
