#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <span>

#include "probes/net/deadline.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// A connected byte stream: plain TCP, TLS, or either through a proxy; a probe can't tell which.
/// Loop thread only. The one who made it watches it with the probe's deadline for as long as it
/// lives, so reads and writes need no time limits of their own: they return operation_aborted once
/// the deadline has ended.
class Stream : public Abortable {
 public:
  virtual ~Stream() = default;
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// At least one byte, or an error; end of stream is asio::error::eof.
  virtual asio::awaitable<IoResult> read_some(std::span<std::byte> buffer) = 0;
  /// All of it, or an error.
  virtual asio::awaitable<IoResult> write(std::span<const std::byte> data) = 0;
  /// Says that nothing more will be written, where the stream has a word for it (TLS: close_notify,
  /// RFC 8446, 6.1); without it some servers log a broken connection. A peer that has gone already
  /// is no matter.
  virtual asio::awaitable<void> finish() { co_return; }
};

}  // namespace reachd::net
