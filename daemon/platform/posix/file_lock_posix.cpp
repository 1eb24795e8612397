#include "daemon/platform/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace reachd::platform {
namespace {

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(int descriptor) noexcept : descriptor_(descriptor) {}
  PosixFileLock(const PosixFileLock&) = delete;
  PosixFileLock& operator=(const PosixFileLock&) = delete;
  ~PosixFileLock() override { ::close(descriptor_); }

 private:
  const int descriptor_;
};

}  // namespace

// Not fcntl: its locks go when anything in the process closes the file.
std::expected<std::unique_ptr<FileLock>, std::string> lock_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return std::unexpected(std::strerror(errno));
  }
  auto lock = std::make_unique<PosixFileLock>(descriptor);
  int result = 0;
  do {
    result = ::flock(descriptor, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) {
    return lock;
  }
  if (errno == EWOULDBLOCK) {
    return nullptr;
  }
  return std::unexpected(std::strerror(errno));
}

}  // namespace reachd::platform
