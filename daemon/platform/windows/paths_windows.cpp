#include <windows.h>
// after windows.h
#include <io.h>
#include <shlobj.h>

#include <cstdio>
#include <memory>

#include "daemon/platform/paths.hpp"
#include "daemon/platform/windows/folder_access.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

using Handle = std::unique_ptr<void, decltype(&::CloseHandle)>;

/// An administrator who was asked (User Account Control), or the system.
bool is_elevated() {
  HANDLE opened = nullptr;
  if (::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &opened) == 0) {
    return false;
  }
  const Handle token(opened, &::CloseHandle);
  TOKEN_ELEVATION elevation{};
  DWORD size = 0;
  return ::GetTokenInformation(token.get(), TokenElevation, &elevation, sizeof(elevation), &size) !=
             0 &&
         elevation.TokenIsElevated != 0;
}

bool may_list(const std::string& folder) {
  const HANDLE opened = ::CreateFileW(to_wide(folder).c_str(), FILE_LIST_DIRECTORY,
                                      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                      nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (opened == INVALID_HANDLE_VALUE) {
    return false;
  }
  ::CloseHandle(opened);
  return true;
}

std::string local_data_folder() {
  wchar_t* folder = nullptr;
  const HRESULT result = ::SHGetKnownFolderPath(FOLDERID_LocalAppData, 0, nullptr, &folder);
  const std::unique_ptr<wchar_t, decltype(&::CoTaskMemFree)> kept(folder, &::CoTaskMemFree);
  return result == S_OK ? to_utf8(folder) : std::string();
}

}  // namespace

std::string default_config_file() { return program_data_folder() + "\\reachd\\reachd.yaml"; }

std::string default_state_folder() {
  std::string service = program_data_folder() + "\\reachd\\state";
  // Whoever may not look into the service's folder has one of their own.
  if (is_elevated() || may_list(service)) {
    return service;
  }
  const std::string own = local_data_folder();
  return own.empty() ? service : own + "\\reachd\\state";
}

bool is_terminal(int stream) {
  // _isatty says yes to NUL, too.
  DWORD mode = 0;
  return ::_isatty(stream) != 0 &&
         ::GetConsoleMode(::GetStdHandle(stream == 1 ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE),
                          &mode) != 0;
}

std::uint64_t process_id() { return ::GetCurrentProcessId(); }

}  // namespace reachd::platform
