#pragma once

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cstring>
#include <span>

#include "probes/net/stream.hpp"

namespace reachd::fuzz {

/// A peer that sends these bytes whatever it is told, in pieces, and closes. The bytes outlive it.
class MemoryStream final : public net::Stream {
 public:
  explicit MemoryStream(std::span<const std::byte> bytes) : rest_(bytes) {}

  void abort() noexcept override {}
  net::asio::awaitable<net::IoResult> read_some(std::span<std::byte> buffer) override {
    if (rest_.empty()) {
      co_return net::IoResult{net::asio::error::eof, 0};
    }
    // Pieces of growing size: every border of a small message is met.
    const std::size_t count = std::min({buffer.size(), rest_.size(), piece_++});
    std::memcpy(buffer.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    co_return net::IoResult{{}, count};
  }
  net::asio::awaitable<net::IoResult> write(std::span<const std::byte> data) override {
    co_return net::IoResult{{}, data.size()};
  }

 private:
  std::span<const std::byte> rest_;
  std::size_t piece_ = 1;
};

}  // namespace reachd::fuzz
