#include "probes/net/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace reachd::net {
namespace {

constexpr int kGzip = 15 + 16;  // zlib's way to say a window of 32 KiB in a gzip frame
constexpr int kZlib = 15;
constexpr int kBare = -15;

std::expected<Inflated, std::string> run(std::string_view input, int window, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK) {
    return std::unexpected("zlib has no memory");
  }
  struct End {
    z_stream& stream;
    ~End() { inflateEnd(&stream); }
  } const end{stream};

  // zlib reads only; its interface is older than const.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
  stream.avail_in =
      static_cast<uInt>(std::min<std::size_t>(input.size(), std::numeric_limits<uInt>::max()));
  Inflated result;
  std::array<Bytef, 16384> piece{};
  for (;;) {
    stream.next_out = piece.data();
    stream.avail_out = piece.size();
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t count = piece.size() - stream.avail_out;
    const std::size_t room = most - result.bytes.size();
    result.bytes.append(piece.data(), piece.data() + std::min(count, room));
    if (count > room) {
      result.cut = true;
      return result;
    }
    if (code == Z_STREAM_END) {
      // What follows a member and is not another one is padding, as gzip itself treats it.
      const bool another = window == kGzip && stream.avail_in > 1 && stream.next_in[0] == 0x1F &&
                           stream.next_in[1] == 0x8B;
      if (!another) {
        return result;
      }
      inflateReset(&stream);
      continue;
    }
    if (code == Z_BUF_ERROR || (code == Z_OK && stream.avail_in == 0 && count == 0)) {
      result.cut = true;  // the input ended first
      return result;
    }
    if (code != Z_OK) {
      return std::unexpected(std::string("the compressed body is broken: ") +
                             (stream.msg == nullptr ? zError(code) : stream.msg));
    }
  }
}

}  // namespace

std::expected<Inflated, std::string> inflate(std::string_view input, Encoding encoding,
                                             std::size_t most) {
  if (encoding == Encoding::gzip) {
    return run(input, kGzip, most);
  }
  auto result = run(input, kZlib, most);
  return result ? result : run(input, kBare, most);
}

}  // namespace reachd::net
