#pragma once

#include <span>
#include <string_view>

namespace reachd {

/// A file that the build put into the executable (packaging/cmake/embed.cmake); lives as long as
/// the process.
struct EmbeddedFile {
  std::string_view name;  ///< file name without a folder
  std::string_view content;
};

}  // namespace reachd
