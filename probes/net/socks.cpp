#include "probes/net/socks.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/http.hpp"

namespace reachd::net {
namespace {

using State = SocksMessage::State;

constexpr std::uint8_t kVersion = 5;
constexpr std::uint8_t kAuthVersion = 1;
constexpr std::uint8_t kNoAuthentication = 0;
constexpr std::uint8_t kUserAndPassword = 2;
constexpr std::uint8_t kNoAcceptableMethod = 0xFF;
constexpr std::uint8_t kConnect = 1;
constexpr std::uint8_t kNotAllowed = 2;
constexpr std::size_t kMaxField = 255;

enum class AddressType : std::uint8_t { v4 = 1, name = 3, v6 = 4 };

SocksMessage foreign() noexcept { return {State::foreign, 0, 0}; }
SocksMessage more(std::size_t missing) noexcept { return {State::more, missing, 0}; }
SocksMessage complete(std::uint8_t code) noexcept { return {State::complete, 0, code}; }

/// A version, either of two, and a code.
SocksMessage parse_pair(std::span<const std::byte> bytes, std::uint8_t version,
                        std::uint8_t other) noexcept {
  ByteReader reader(bytes);
  const std::uint8_t first = reader.u8();
  if (bytes.size() > 2 || (!bytes.empty() && first != version && first != other)) {
    return foreign();
  }
  return bytes.size() < 2 ? more(2 - bytes.size()) : complete(reader.u8());
}

std::vector<std::byte> greeting(bool with_password) {
  ByteWriter out(4);
  out.u8(kVersion);
  out.u8(with_password ? 2 : 1);
  out.u8(kNoAuthentication);
  if (with_password) {
    out.u8(kUserAndPassword);
  }
  return out.data();
}

/// RFC 1929, 2. read_proxy() has seen to the lengths.
std::vector<std::byte> credentials(const ProxyOptions& proxy) {
  ByteWriter out(3 + 2 * kMaxField);
  out.u8(kAuthVersion);
  for (const std::string_view field :
       {std::string_view(proxy.user), std::string_view(proxy.password.reveal())}) {
    const std::string_view sent = field.substr(0, kMaxField);
    out.u8(static_cast<std::uint8_t>(sent.size()));
    out.text(sent);
  }
  return out.data();
}

/// RFC 1928, 4.
std::vector<std::byte> connect_request(const std::string& host, std::uint16_t port) {
  ByteWriter out(kMaxSocksMessage);
  out.u8(kVersion);
  out.u8(kConnect);
  out.u8(0);
  if (const auto literal = IpAddress::parse(host)) {
    out.u8(static_cast<std::uint8_t>(literal->is_v4() ? AddressType::v4 : AddressType::v6));
    const std::size_t size = literal->is_v4() ? 4 : 16;
    out.bytes(std::as_bytes(std::span(literal->bytes).first(size)));
  } else {
    const std::string_view name = std::string_view(host).substr(0, kMaxField);
    out.u8(static_cast<std::uint8_t>(AddressType::name));
    out.u8(static_cast<std::uint8_t>(name.size()));
    out.text(name);
  }
  out.u16(port);
  return out.data();
}

/// RFC 1928, 6.
Failure refusal(std::uint8_t code, const ProxyOptions& proxy, const std::string& target) {
  constexpr std::array<std::string_view, 9> kReplies{"",
                                                     "general failure",
                                                     "not allowed by its rules",
                                                     "network unreachable",
                                                     "host unreachable",
                                                     "connection refused",
                                                     "TTL expired",
                                                     "it does not do CONNECT",
                                                     "it does not take this kind of address"};
  if (code == kNotAllowed) {
    return {Reason::proxy_denied, proxy.title() + " does not allow a connection to " + target, 0,
            std::nullopt};
  }
  const std::string said =
      code < kReplies.size() ? std::string(kReplies[code]) : "reply " + std::to_string(code);
  return {Reason::proxy_error, proxy.title() + " could not reach " + target + ": " + said, 0,
          std::nullopt};
}

/// One message of the conversation, for reading it and for saying what went wrong.
struct Step {
  SocksMessage (*parse)(std::span<const std::byte>) noexcept;
  /// A reply may be followed by the target's bytes at once, which are not ours to read. The others
  /// may not, so all that is there is read: it shows what a peer is that speaks something else.
  bool exact;
  Reason when_closed;   ///< what it means if the proxy hangs up instead
  std::string what;     ///< "did not answer ..."
  bool secret = false;  ///< the bytes that come may be our credentials, sent back: not to be shown
};

Failure step_failure(Failure failure, const Step& step, const ProxyOptions& proxy) {
  if (failure.reason == Reason::stalled) {
    failure.message = proxy.title() + " did not answer " + step.what + " in time";
  } else if (!is_local_fault(failure.reason)) {
    failure.reason = step.when_closed;
    failure.message = proxy.title() + " did not answer " + step.what + ": " + failure.message;
  }
  return failure;
}

/// Sends `request` and yields the code of the answer.
asio::awaitable<Result<std::uint8_t>> ask(Stream& stream, std::vector<std::byte> request,
                                          const Step& step, const ProxyOptions& proxy,
                                          const Deadline& deadline) {
  // Whether it could be written shows when the answer is read.
  co_await stream.write(request);
  std::array<std::byte, kMaxSocksMessage> buffer{};
  std::size_t count = 0;
  for (;;) {
    const auto received = std::span(buffer).first(count);
    const SocksMessage message = step.parse(received);
    if (message.state == State::complete) {
      co_return message.code;
    }
    if (message.state == State::foreign) {
      const std::string sent =
          step.secret ? "no answer to " + step.what : printable(as_text(received));
      co_return std::unexpected(Failure{Reason::proxy_error,
                                        proxy.title() + " does not speak SOCKS5: it sent " + sent,
                                        0, std::nullopt});
    }
    auto room = std::span(buffer).subspan(count);
    if (step.exact) {
      room = room.first(std::min(message.missing, room.size()));
    }
    const IoResult got = co_await stream.read_some(room);
    if (got.ec) {
      co_return std::unexpected(
          step_failure(stream_failure(got.ec, Phase::proxy, deadline), step, proxy));
    }
    count += got.count;
  }
}

Failure no_method(std::uint8_t method, const ProxyOptions& proxy) {
  const bool none = method == kNoAcceptableMethod;
  if (!none && method != kUserAndPassword) {
    return {Reason::proxy_error,
            proxy.title() + " chose authentication method " + std::to_string(method) +
                ", which was not offered",
            0, std::nullopt};
  }
  return {Reason::proxy_auth,
          proxy.title() + (proxy.user.empty()
                               ? " asks for credentials"
                               : " accepts neither user and password nor a connection without"),
          0, std::nullopt};
}

}  // namespace

SocksMessage parse_socks_method(std::span<const std::byte> bytes) noexcept {
  return parse_pair(bytes, kVersion, kVersion);
}

SocksMessage parse_socks_auth(std::span<const std::byte> bytes) noexcept {
  return parse_pair(bytes, kAuthVersion, kVersion);
}

SocksMessage parse_socks_reply(std::span<const std::byte> bytes) noexcept {
  ByteReader reader(bytes);
  if (!bytes.empty() && reader.u8() != kVersion) {
    return foreign();
  }
  if (bytes.size() >= 2) {
    const std::uint8_t code = reader.u8();
    if (code != 0) {
      return complete(code);
    }
  }
  // The first byte of the address is read along: it is the length of a name.
  constexpr std::size_t kHead = 5;
  if (bytes.size() < kHead) {
    return more(kHead - bytes.size());
  }
  reader.u8();
  const auto type = static_cast<AddressType>(reader.u8());
  std::size_t size = 0;
  if (type == AddressType::v4) {
    size = 4 + 4 + 2;
  } else if (type == AddressType::v6) {
    size = 4 + 16 + 2;
  } else if (type == AddressType::name) {
    size = 4 + 1 + std::size_t{reader.u8()} + 2;
  } else {
    return foreign();
  }
  return bytes.size() < size ? more(size - bytes.size()) : complete(0);
}

asio::awaitable<Result<std::unique_ptr<Stream>>> open_socks_tunnel(std::unique_ptr<Stream> stream,
                                                                   const ProxyOptions& proxy,
                                                                   const std::string& host,
                                                                   std::uint16_t port,
                                                                   const Deadline& deadline) {
  const bool with_password = !proxy.user.empty();
  const Step greet{parse_socks_method, false, Reason::proxy_error, "the SOCKS5 greeting"};
  auto method = co_await ask(*stream, greeting(with_password), greet, proxy, deadline);
  if (!method) {
    co_return std::unexpected(std::move(method.error()));
  }
  if (*method == kUserAndPassword && with_password) {
    const Step log_in{parse_socks_auth, false, Reason::proxy_auth, "the credentials", true};
    auto status = co_await ask(*stream, credentials(proxy), log_in, proxy, deadline);
    if (!status) {
      co_return std::unexpected(std::move(status.error()));
    }
    if (*status != 0) {
      co_return std::unexpected(Failure{
          Reason::proxy_auth, proxy.title() + " refuses user and password", 0, std::nullopt});
    }
  } else if (*method != kNoAuthentication) {
    co_return std::unexpected(no_method(*method, proxy));
  }
  const std::string target = authority(host, port);
  const Step connect{parse_socks_reply, true, Reason::proxy_error, "CONNECT " + target};
  auto reply = co_await ask(*stream, connect_request(host, port), connect, proxy, deadline);
  if (!reply) {
    co_return std::unexpected(std::move(reply.error()));
  }
  if (*reply != 0) {
    co_return std::unexpected(refusal(*reply, proxy, target));
  }
  co_return std::move(stream);
}

}  // namespace reachd::net
