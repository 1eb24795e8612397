#pragma once

#include <unistd.h>

#include <boost/system/error_code.hpp>
#include <cerrno>
#include <utility>

namespace reachd::net {

/// Owns a descriptor until somebody else takes it over.
class Descriptor {
 public:
  explicit Descriptor(int value) noexcept : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(other.release()) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (value_ >= 0) {
      ::close(value_);
    }
  }

  int get() const noexcept { return value_; }
  int release() noexcept { return std::exchange(value_, -1); }

 private:
  int value_;
};

/// errno as Asio shows it.
inline boost::system::error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

}  // namespace reachd::net
