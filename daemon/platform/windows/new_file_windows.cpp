#include <windows.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "daemon/platform/new_file.hpp"
#include "daemon/platform/windows/wide.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::platform {
namespace {

/// "could not be made: access denied (Windows error 5)". Not what Windows calls it: that is in
/// the language of whoever installed it.
std::string explain(const char* what, DWORD code) {
  const char* words = "";
  switch (code) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
      words = ": its folder is not there and can't be made";
      break;
    case ERROR_ACCESS_DENIED:
      words = ": access denied; an administrator may";
      break;
    case ERROR_SHARING_VIOLATION:
      words = ": another program has it open";
      break;
    case ERROR_INVALID_NAME:
      words = ": Windows does not take such a name";
      break;
    default:
      break;
  }
  return std::string(what) + words + " (Windows error " + std::to_string(code) + ")";
}

}  // namespace

// Not fopen: msvcrt does not know the mode "x" and writes over what is there.
std::expected<bool, std::string> write_new_file(const std::string& path, std::string_view content) {
  if (const auto folder = to_path(path).parent_path(); !folder.empty()) {
    std::error_code error;
    // Its codes are partly those of C; the file below tells Windows' own.
    std::filesystem::create_directories(folder, error);
  }
  const HANDLE made = ::CreateFileW(to_wide(path).c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW,
                                    FILE_ATTRIBUTE_NORMAL, nullptr);
  if (made == INVALID_HANDLE_VALUE) {
    const DWORD code = ::GetLastError();
    if (code == ERROR_FILE_EXISTS) {
      return false;
    }
    return std::unexpected(explain("could not be made", code));
  }
  const std::unique_ptr<void, decltype(&::CloseHandle)> file(made, &::CloseHandle);
  DWORD written = 0;
  if (::WriteFile(file.get(), content.data(), static_cast<DWORD>(content.size()), &written,
                  nullptr) == 0 ||
      written != content.size()) {
    return std::unexpected(explain("could not be written", ::GetLastError()));
  }
  return true;
}

}  // namespace reachd::platform
