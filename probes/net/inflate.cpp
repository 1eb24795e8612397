#include "probes/net/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace reachd::net {
namespace {

constexpr int kGzip = 15 + 16;  // zlib's way to say a window of 32 KiB in a gzip frame
constexpr int kZlib = 15;
constexpr int kBare = -15;
constexpr std::string_view kGzipMagic = "\x1F\x8B";

/// The zlib format's first byte says deflate in its low half, and the first two are a multiple of
/// 31 (RFC 1950, 2.2). Bare deflate begins otherwise: there the same bits were a stored block whose
/// padding is not zero.
bool is_zlib(std::string_view start) noexcept {
  const auto first = static_cast<unsigned char>(start[0]);
  const auto second = static_cast<unsigned char>(start[1]);
  return (first & 0x0FU) == Z_DEFLATED && (first * 256U + second) % 31 == 0;
}

}  // namespace

struct Inflater::State {
  enum class At : std::uint8_t { start, inside, padding };

  explicit State(Encoding how) : encoding(how) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (open) {
      inflateEnd(&stream);
    }
  }

  /// The two bytes in `first` tell what follows. False: zlib has no memory.
  bool begin() {
    at = At::inside;
    if (members > 0) {
      if (encoding != Encoding::gzip || first != kGzipMagic) {
        at = At::padding;
      } else {
        inflateReset(&stream);
      }
      return true;
    }
    const bool gzip = encoding == Encoding::gzip;
    open = inflateInit2(&stream, gzip ? kGzip : is_zlib(first) ? kZlib : kBare) == Z_OK;
    return open;
  }

  /// Up to the end of `input` or of a member; `input` keeps what was not used.
  std::expected<void, std::string> run(std::string_view& input,
                                       const std::function<bool(std::string_view)>& out) {
    std::array<char, 16384> piece;
    // zlib reads only; its interface is older than const.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
    const std::string_view given = input.substr(0, std::numeric_limits<uInt>::max());
    stream.avail_in = static_cast<uInt>(given.size());
    for (;;) {
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = piece.size();
      const int code = ::inflate(&stream, Z_NO_FLUSH);
      const std::size_t count = piece.size() - stream.avail_out;
      if (count > 0 && !out({piece.data(), count})) {
        input = {};
        return {};
      }
      if (code == Z_STREAM_END) {
        input.remove_prefix(given.size() - stream.avail_in);
        ++members;
        at = At::start;
        first.clear();
        return {};
      }
      if (code == Z_BUF_ERROR || (code == Z_OK && stream.avail_in == 0 && count < piece.size())) {
        input.remove_prefix(given.size());
        return {};
      }
      if (code != Z_OK) {
        return std::unexpected(std::string("the compressed body is broken: ") +
                               (stream.msg == nullptr ? zError(code) : stream.msg));
      }
    }
  }

  Encoding encoding;
  At at = At::start;
  std::string first;  // the two bytes that begin a text or a member
  int members = 0;
  bool open = false;
  z_stream stream{};
};

Inflater::Inflater(Encoding encoding) : state_(std::make_unique<State>(encoding)) {}
Inflater::~Inflater() = default;

std::expected<void, std::string> Inflater::take(std::string_view input,
                                                const std::function<bool(std::string_view)>& out) {
  State& state = *state_;
  while (!input.empty() && state.at != State::At::padding) {
    if (state.at == State::At::start) {
      const std::size_t more = std::min(2 - state.first.size(), input.size());
      state.first.append(input.substr(0, more));
      input.remove_prefix(more);
      if (state.first.size() < 2) {
        break;
      }
      if (!state.begin()) {
        return std::unexpected("zlib has no memory");
      }
      std::string_view start = state.first;
      const auto begun = state.at == State::At::inside ? state.run(start, out)
                                                       : std::expected<void, std::string>();
      if (!begun) {
        return begun;
      }
      continue;
    }
    const auto done = state.run(input, out);
    if (!done) {
      return done;
    }
  }
  return {};
}

bool Inflater::complete() const noexcept {
  return state_->members > 0 && state_->at != State::At::inside;
}

std::expected<Inflated, std::string> inflate(std::string_view input, Encoding encoding,
                                             std::size_t most) {
  Inflater inflater(encoding);
  Inflated result;
  const auto done = inflater.take(input, [&](std::string_view piece) {
    const std::size_t room = most - result.bytes.size();
    result.bytes.append(piece.substr(0, room));
    result.cut = piece.size() > room;
    return !result.cut;
  });
  if (!done) {
    return std::unexpected(done.error());
  }
  result.cut = result.cut || !inflater.complete();
  return result;
}

}  // namespace reachd::net
