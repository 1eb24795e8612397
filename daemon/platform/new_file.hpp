#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace reachd::platform {

/// Writes a file that is not there yet, without a gap between the look and the making; folders
/// above it are made where there are none. False: it is there, and stays as it is. The error is a
/// few words.
std::expected<bool, std::string> write_new_file(const std::string& path, std::string_view content);

}  // namespace reachd::platform
