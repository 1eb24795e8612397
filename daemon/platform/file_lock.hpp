#pragma once

#include <expected>
#include <memory>
#include <string>

namespace reachd::platform {

/// Holds a file against other processes as long as it lives; the system lets go of it when the
/// process ends, however that happens.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Takes that file, which is made if it is not there and stays, or says at once who can't have it:
/// null: another process (or another place of this one) holds it. The error, a few words, says why
/// nobody can tell: the folder is read-only, its file system knows no locks.
std::expected<std::unique_ptr<FileLock>, std::string> lock_file(const std::string& path);

}  // namespace reachd::platform
