#include <windows.h>

#include "daemon/platform/file_lock.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

class WindowsFileLock final : public FileLock {
 public:
  explicit WindowsFileLock(HANDLE handle) noexcept : handle_(handle) {}
  WindowsFileLock(const WindowsFileLock&) = delete;
  WindowsFileLock& operator=(const WindowsFileLock&) = delete;
  ~WindowsFileLock() override { ::CloseHandle(handle_); }

 private:
  const HANDLE handle_;
};

std::string describe(DWORD error) { return "Windows error " + std::to_string(error); }

}  // namespace

// A locked byte, far beyond the file's end, and no refusal to share the file: a scanner or a backup
// that opens it is no other holder.
std::expected<std::unique_ptr<FileLock>, std::string> lock_file(const std::string& path) {
  const HANDLE handle = ::CreateFileW(to_wide(path).c_str(), GENERIC_READ | GENERIC_WRITE,
                                      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                      nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    return std::unexpected(describe(::GetLastError()));
  }
  auto lock = std::make_unique<WindowsFileLock>(handle);
  OVERLAPPED place{};
  place.OffsetHigh = 0x40000000;
  if (::LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place) !=
      0) {
    return lock;
  }
  const DWORD error = ::GetLastError();
  if (error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING) {
    return nullptr;
  }
  return std::unexpected(describe(error));
}

}  // namespace reachd::platform
