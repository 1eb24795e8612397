#include <windows.h>

#include <memory>

#include "daemon/platform/new_file.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {

// Not fopen: msvcrt does not know the mode "x" and writes over what is there.
std::expected<bool, std::string> write_new_file(const std::string& path, std::string_view content) {
  const HANDLE made = ::CreateFileW(to_wide(path).c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW,
                                    FILE_ATTRIBUTE_NORMAL, nullptr);
  if (made == INVALID_HANDLE_VALUE) {
    const DWORD code = ::GetLastError();
    if (code == ERROR_FILE_EXISTS) {
      return false;
    }
    return std::unexpected("could not be made (Windows error " + std::to_string(code) + ")");
  }
  const std::unique_ptr<void, decltype(&::CloseHandle)> file(made, &::CloseHandle);
  DWORD written = 0;
  if (::WriteFile(file.get(), content.data(), static_cast<DWORD>(content.size()), &written,
                  nullptr) == 0 ||
      written != content.size()) {
    return std::unexpected("could not be written (Windows error " +
                           std::to_string(::GetLastError()) + ")");
  }
  return true;
}

}  // namespace reachd::platform
