#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace reachd::platform {

/// A file that grows by whole lines and that others may take away, replace or cut short meanwhile
/// (logrotate with `create` or with `copytruncate`). One thread at a time.
class AppendFile {
 public:
  virtual ~AppendFile() = default;

  /// Appends the text, which ends with a line end, and returns once it is on disk. The file is
  /// opened by its name again if that means another file by now, and is made if there is none, for
  /// its owner to write and its group to read (Windows: for whom its folder says). If the last line
  /// in it is torn (a crash, a full disk) it gets its end first. What is not a file on a disk (a
  /// pipe, a terminal) is written to, but can't be synchronised. The error is a sentence; then
  /// nothing of the text is left in the file, as far as the disk obeys.
  virtual std::expected<void, std::string> append(std::string_view text) = 0;
};

std::unique_ptr<AppendFile> make_append_file(std::string path);

}  // namespace reachd::platform
