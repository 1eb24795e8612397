#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>

namespace reachd::test {

enum class Frame : std::uint8_t { gzip, zlib, bare };

/// For bodies that a test server sends.
inline std::string compress(std::string text, Frame frame) {
  const int window = frame == Frame::gzip ? 31 : frame == Frame::zlib ? 15 : -15;
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = static_cast<Bytef*>(static_cast<void*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = static_cast<Bytef*>(static_cast<void*>(result.data()));
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

}  // namespace reachd::test
