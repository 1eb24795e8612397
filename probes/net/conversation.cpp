#include "probes/net/conversation.hpp"

#include <algorithm>
#include <array>

#include "probes/net/errors.hpp"
#include "probes/net/mismatch.hpp"
#include "probes/net/tls.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kLongestLine = 4096;

}  // namespace

Framing frame_line(std::span<const std::byte> received) {
  const auto end = std::ranges::find(received, std::byte{'\n'});
  const auto length = static_cast<std::size_t>(end - received.begin());
  if (length >= kLongestLine) {
    return std::unexpected("a line without an end");
  }
  return end == received.end() ? Framing(std::nullopt) : Framing(length + 1);
}

asio::awaitable<Result<void>> Conversation::say(std::span<const std::byte> bytes) {
  const IoResult written = co_await stream_.write(bytes);
  if (written.ec) {
    co_return std::unexpected(ended(written.ec));
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Conversation::say(std::string_view text) {
  return say(std::as_bytes(std::span(text)));
}

asio::awaitable<Result<std::vector<std::byte>>> Conversation::hear(Framer framer) {
  std::array<std::byte, 4096> buffer;
  for (;;) {
    const Framing framing = received_.empty() ? Framing(std::nullopt) : framer(received_);
    if (!framing) {
      co_return std::unexpected(mismatch(framing.error(), received_));
    }
    if (*framing) {
      const auto end =
          received_.begin() + static_cast<std::ptrdiff_t>(std::min(**framing, received_.size()));
      std::vector<std::byte> message(received_.begin(), end);
      received_.erase(received_.begin(), end);
      co_return message;
    }
    if (received_.size() >= kMost) {
      co_return std::unexpected(mismatch("no message ends", received_));
    }
    const IoResult got = co_await stream_.read_some(buffer);
    if (got.ec) {
      co_return std::unexpected(ended(got.ec));
    }
    const auto fresh = std::span(buffer).first(got.count);
    received_.insert(received_.end(), fresh.begin(), fresh.end());
  }
}

asio::awaitable<Result<std::vector<std::byte>>> Conversation::ask(std::span<const std::byte> bytes,
                                                                  Framer framer) {
  Result<void> said = co_await say(bytes);
  if (!said) {
    co_return std::unexpected(std::move(said.error()));
  }
  auto heard = co_await hear(framer);
  co_return heard;
}

Failure Conversation::ended(error_code ec) {
  demanded_ = demanded_ || ec == TlsError::client_certificate_required;
  return stream_failure(ec, Phase::request, deadline_);
}

Failure Conversation::mismatch(std::string_view why, std::span<const std::byte> seen) const {
  return not_spoken(protocol_, why, seen);
}

}  // namespace reachd::net
