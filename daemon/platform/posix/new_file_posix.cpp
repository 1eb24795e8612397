#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "daemon/platform/new_file.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::platform {

std::expected<bool, std::string> write_new_file(const std::string& path, std::string_view content) {
  if (const auto folder = to_path(path).parent_path(); !folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
      return std::unexpected("its folder could not be made: " + error.message());
    }
  }
  std::FILE* file = std::fopen(path.c_str(), "wx");
  if (file == nullptr) {
    if (errno == EEXIST) {
      return false;
    }
    return std::unexpected(std::strerror(errno));
  }
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  if (std::fclose(file) != 0 || !written) {
    return std::unexpected("could not be written: " + std::string(std::strerror(errno)));
  }
  return true;
}

}  // namespace reachd::platform
