#include <windows.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/platform/append_file.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

class FileHandle {
 public:
  explicit FileHandle(HANDLE handle = INVALID_HANDLE_VALUE) noexcept : handle_(handle) {}
  FileHandle(FileHandle&& other) noexcept
      : handle_(std::exchange(other.handle_, INVALID_HANDLE_VALUE)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~FileHandle() {
    if (is_open()) {
      ::CloseHandle(handle_);
    }
  }
  bool is_open() const noexcept { return handle_ != INVALID_HANDLE_VALUE; }
  HANDLE get() const noexcept { return handle_; }

 private:
  HANDLE handle_;
};

/// Our own words: the system's may be in any language.
std::string describe(DWORD error) {
  const std::string number = "error " + std::to_string(error);
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
      return "there is no such folder (" + number + ")";
    case ERROR_ACCESS_DENIED:
      return "access is denied (" + number + ")";
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
      return "another program keeps it to itself (" + number + ")";
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
      return "no space is left (" + number + ")";
    default:
      return number;
  }
}

class WindowsAppendFile final : public AppendFile {
 public:
  explicit WindowsAppendFile(std::string path) : path_(std::move(path)), wide_(to_wide(path_)) {}

  std::expected<void, std::string> append(std::string_view text) override {
    if (file_.is_open() && !is_the_same()) {
      file_ = FileHandle();
    }
    if (!file_.is_open() && !open()) {
      return failed("open");
    }
    if (::GetFileType(file_.get()) != FILE_TYPE_DISK) {
      return write(text) ? std::expected<void, std::string>() : failed("write to");
    }
    const std::optional<std::int64_t> before = size();
    if (!before) {
      return failed("look at");
    }
    std::string completed;
    if (is_torn(*before)) {
      completed = "\n" + std::string(text);
      text = completed;
    }
    if (!write(text)) {
      auto failure = failed("write to");
      take_back(*before);
      return failure;
    }
    if (!synchronise()) {
      // The system may have dropped what it could not write, so all of it is written again.
      auto failure = failed("synchronise");
      take_back(*before);
      return failure;
    }
    return {};
  }

 private:
  std::unexpected<std::string> failed(std::string_view what) const {
    const DWORD error = ::GetLastError();
    return std::unexpected("can't " + std::string(what) + " " + path_ + ": " + describe(error));
  }

  /// A name that is about to go can't be opened: then it means no file any more.
  bool is_the_same() const {
    const FileHandle fresh(::CreateFileW(wide_.c_str(), FILE_READ_ATTRIBUTES, kShareAll, nullptr,
                                         OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
    BY_HANDLE_FILE_INFORMATION open{};
    BY_HANDLE_FILE_INFORMATION named{};
    return fresh.is_open() && ::GetFileInformationByHandle(file_.get(), &open) != 0 &&
           ::GetFileInformationByHandle(fresh.get(), &named) != 0 &&
           open.dwVolumeSerialNumber == named.dwVolumeSerialNumber &&
           open.nFileIndexHigh == named.nFileIndexHigh && open.nFileIndexLow == named.nFileIndexLow;
  }

  bool open_with(DWORD access) {
    file_ = FileHandle(::CreateFileW(wide_.c_str(), access, kShareAll, nullptr, OPEN_ALWAYS,
                                     FILE_ATTRIBUTE_NORMAL, nullptr));
    return file_.is_open();
  }

  bool open() {
    // Where it is not ours to read, as a pipe may be, it stays unknown whether its last line is
    // torn.
    return open_with(GENERIC_READ | GENERIC_WRITE) ||
           (::GetLastError() == ERROR_ACCESS_DENIED && open_with(GENERIC_WRITE));
  }

  std::optional<std::int64_t> size() const {
    LARGE_INTEGER size{};
    return ::GetFileSizeEx(file_.get(), &size) != 0 ? std::optional(size.QuadPart) : std::nullopt;
  }

  bool is_torn(std::int64_t size) const {
    if (size == 0) {
      return false;
    }
    OVERLAPPED place{};
    place.Offset = static_cast<DWORD>((size - 1) & 0xffffffff);
    place.OffsetHigh = static_cast<DWORD>((size - 1) >> 32);
    char last = '\n';
    DWORD count = 0;
    return ::ReadFile(file_.get(), &last, 1, &count, &place) != 0 && count == 1 && last != '\n';
  }

  bool write(std::string_view text) const {
    while (!text.empty()) {
      // Wherever the end is by now: somebody may have cut the file short.
      OVERLAPPED end{};
      end.Offset = 0xffffffff;
      end.OffsetHigh = 0xffffffff;
      constexpr std::size_t kMost = std::size_t{1} << 30U;
      const auto wanted = static_cast<DWORD>(std::min(text.size(), kMost));
      DWORD count = 0;
      if (::WriteFile(file_.get(), text.data(), wanted, &count, &end) == 0) {
        return false;
      }
      text.remove_prefix(count);
    }
    return true;
  }

  bool synchronise() const {
    if (::FlushFileBuffers(file_.get()) != 0) {
      return true;
    }
    const DWORD error = ::GetLastError();
    return error == ERROR_INVALID_FUNCTION || error == ERROR_NOT_SUPPORTED;
  }

  /// Removes what was written of a text that did not get through. Where that fails the torn line is
  /// completed the next time.
  void take_back(std::int64_t before) {
    const std::optional<std::int64_t> after = size();
    // Somebody may have cut it short meanwhile: then there is nothing to take back.
    if (!after || *after <= before) {
      return;
    }
    FILE_END_OF_FILE_INFO end{};
    end.EndOfFile.QuadPart = before;
    if (::SetFileInformationByHandle(file_.get(), FileEndOfFileInfo, &end, sizeof end) == 0) {
      file_ = FileHandle();
    }
  }

  const std::string path_;
  const std::wstring wide_;
  FileHandle file_;
};

}  // namespace

std::unique_ptr<AppendFile> make_append_file(std::string path) {
  return std::make_unique<WindowsAppendFile>(std::move(path));
}

}  // namespace reachd::platform
