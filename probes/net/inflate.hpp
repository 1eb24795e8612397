#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace reachd::net {

/// `deflate` is the zlib format as RFC 9110, 8.4.1.2 says, or the bare one that some servers send.
enum class Encoding : std::uint8_t { gzip, deflate };

/// Decompresses a text that comes in pieces, in bounded memory. Pure.
class Inflater {
 public:
  explicit Inflater(Encoding encoding);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  /// Gives what `input` decompresses to to `out`, at most 16 KiB at a time, until `out` returns
  /// false or the input is used up. The error is a sentence; nothing may follow it, nor a false.
  std::expected<void, std::string> take(std::string_view input,
                                        const std::function<bool(std::string_view)>& out);
  /// True at the end of a complete text. Gzip members that follow each other are one text (RFC
  /// 1952, 2.2); anything else that follows is padding.
  bool complete() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Inflated {
  std::string bytes;
  bool cut = false;  ///< there is more than `most`, or the input breaks off
};

/// All of a text at once: decompresses until the input ends or `most` bytes are out, whichever
/// comes first, so a bomb costs no more than that. The error is a sentence. Pure.
std::expected<Inflated, std::string> inflate(std::string_view input, Encoding encoding,
                                             std::size_t most);

}  // namespace reachd::net
