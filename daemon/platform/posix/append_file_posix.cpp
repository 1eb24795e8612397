#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "daemon/platform/append_file.hpp"

namespace reachd::platform {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  bool is_open() const noexcept { return number_ >= 0; }
  int get() const noexcept { return number_; }

 private:
  int number_;
};

class PosixAppendFile final : public AppendFile {
 public:
  explicit PosixAppendFile(std::string path) : path_(std::move(path)) {}

  std::expected<void, std::string> append(std::string_view text) override {
    if (file_.is_open() && !is_the_same()) {
      file_ = Descriptor();
    }
    if (!file_.is_open() && !open()) {
      return failed("open");
    }
    struct stat before{};
    if (::fstat(file_.get(), &before) != 0) {
      return failed("look at");
    }
    const bool regular = S_ISREG(before.st_mode);
    std::string completed;
    if (regular && is_torn(before.st_size)) {
      completed = "\n" + std::string(text);
      text = completed;
    }
    if (!write(text)) {
      auto failure = failed("write to");
      take_back(regular, before.st_size);
      return failure;
    }
    if (!synchronise()) {
      // The kernel may have dropped what it could not write, so all of it is written again.
      auto failure = failed("synchronise");
      take_back(regular, before.st_size);
      return failure;
    }
    return {};
  }

 private:
  std::unexpected<std::string> failed(std::string_view what) const {
    const std::error_code code(errno, std::generic_category());
    return std::unexpected("can't " + std::string(what) + " " + path_ + ": " + code.message());
  }

  bool is_the_same() const {
    struct stat open{};
    struct stat named{};
    return ::fstat(file_.get(), &open) == 0 && ::stat(path_.c_str(), &named) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
  }

  bool open() {
    // Without O_NONBLOCK a pipe that nobody reads would hold us for ever.
    constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    constexpr mode_t kMode = S_IRUSR | S_IWUSR | S_IRGRP;
    file_ = Descriptor(::open(path_.c_str(), kFlags));
    if (!file_.is_open() && errno == ENOENT) {
      file_ = Descriptor(::open(path_.c_str(), kFlags | O_CREAT, kMode));
      if (file_.is_open() && !keep_name()) {
        file_ = Descriptor();
      }
      return file_.is_open();
    }
    if (!file_.is_open() && errno == EACCES) {
      // Not ours to read: a pipe of a service manager. Whether its last line is torn stays unknown.
      file_ = Descriptor(::open(path_.c_str(), (kFlags & ~O_RDWR) | O_WRONLY));
    }
    return file_.is_open();
  }

  /// A file is on disk only once its folder says so, too.
  bool keep_name() const {
    const std::size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // A folder that may be written but not read can't be opened: then the name is left to chance.
    return !opened.is_open() || ::fsync(opened.get()) == 0 || cannot_be_synchronised();
  }

  bool is_torn(off_t size) const {
    char last = '\n';
    return size > 0 && ::pread(file_.get(), &last, 1, size - 1) == 1 && last != '\n';
  }

  /// Waits until whoever reads the pipe has taken something, but not for ever.
  bool has_room() const {
    constexpr int kMilliseconds = 5000;
    pollfd pipe{.fd = file_.get(), .events = POLLOUT, .revents = 0};
    const bool room = ::poll(&pipe, 1, kMilliseconds) == 1 && (pipe.revents & POLLOUT) != 0;
    errno = room ? errno : EAGAIN;
    return room;
  }

  bool write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::write(file_.get(), text.data(), text.size());
      if (count > 0) {
        text.remove_prefix(static_cast<std::size_t>(count));
      } else if (count < 0 && errno == EAGAIN) {
        if (!has_room()) {
          return false;
        }
      } else if (count < 0 && errno != EINTR) {
        return false;
      }
    }
    return true;
  }

  bool synchronise() const { return ::fdatasync(file_.get()) == 0 || cannot_be_synchronised(); }

  static bool cannot_be_synchronised() noexcept {
    return errno == EINVAL || errno == EROFS || errno == ENOTSUP;
  }

  /// Removes what was written of a text that did not get through. Where that fails the torn line
  /// is completed the next time.
  void take_back(bool regular, off_t size) {
    struct stat after{};
    // Somebody may have cut it short meanwhile: then there is nothing to take back.
    const bool longer = ::fstat(file_.get(), &after) == 0 && after.st_size > size;
    if (regular && longer && ::ftruncate(file_.get(), size) != 0) {
      file_ = Descriptor();
    }
  }

  const std::string path_;
  Descriptor file_;
};

}  // namespace

std::unique_ptr<AppendFile> make_append_file(std::string path) {
  return std::make_unique<PosixAppendFile>(std::move(path));
}

}  // namespace reachd::platform
