#include <algorithm>
#include <array>
#include <cstdint>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/ssh.hpp"

namespace reachd::ssh {
namespace {

/// RFC 4253, 4.2, without CR LF.
constexpr std::size_t kLongestIdentification = 253;
/// RFC 4253, 6.1: what every implementation has to take.
constexpr std::uint32_t kLongestPacket = 35000;
constexpr std::size_t kLongestList = 1024;
constexpr std::uint8_t kKexInit = 20;
constexpr std::size_t kCookie = 16;

bool is_control(std::byte b) noexcept {
  const auto c = std::to_integer<unsigned char>(b);
  return (c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7F;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// "220 ", "220-": a reply of FTP, SMTP or NNTP. "HTTP/1.1": an HTTP server's to what we said.
bool is_status_line(std::string_view text) noexcept {
  const bool reply = text.size() >= 4 && std::all_of(text.begin(), text.begin() + 3, is_digit) &&
                     (text[3] == ' ' || text[3] == '-');
  return reply || text.starts_with("HTTP/");
}

/// A name-list (RFC 4251, 5 and 6): printable US-ASCII without blanks.
std::optional<std::string> take_list(ByteReader& reader) {
  const std::uint32_t size = reader.u32();
  std::string_view list = reader.text(size);
  const bool plain = std::ranges::all_of(list, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!reader.ok() || !plain) {
    return std::nullopt;
  }
  if (list.size() > kLongestList) {
    const std::size_t comma = list.rfind(',', kLongestList);
    list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  return std::string(list);
}

}  // namespace

net::Framing frame_line(std::span<const std::byte> received) {
  const auto end = std::ranges::find(received, std::byte{'\n'});
  if (std::any_of(received.begin(), end, is_control)) {
    return std::unexpected("binary where text is expected");
  }
  if (is_status_line(as_text(received))) {
    return std::unexpected("");
  }
  return net::frame_line(received);
}

std::optional<Identification> parse_identification(std::string_view line) {
  constexpr std::string_view kBegin = "SSH-";
  if (!line.starts_with(kBegin) || line.size() > kLongestIdentification) {
    return std::nullopt;
  }
  const std::string_view rest = line.substr(kBegin.size());
  const std::size_t dash = rest.find('-');
  if (dash == 0 || dash == std::string_view::npos) {
    return std::nullopt;
  }
  return Identification{plain_line(line), plain_line(rest.substr(0, dash)),
                        plain_line(rest.substr(dash + 1))};
}

bool is_busy(std::string_view line) noexcept {
  return line == "Exceeded MaxStartups" || line == "Not allowed at this time";
}

net::Framing frame_packet(std::span<const std::byte> received) {
  ByteReader reader(received);
  if (!received.empty() && received.front() != std::byte{0}) {
    return std::unexpected("no packet follows its identification");
  }
  if (received.size() < 6) {
    return std::nullopt;
  }
  const std::uint32_t size = reader.u32();
  const std::uint8_t padding = reader.u8();
  const std::uint8_t message = reader.u8();
  // A packet has a message number and at least four octets of padding.
  if (size > kLongestPacket || padding < 4 || size < padding + 2U || message == 0) {
    return std::unexpected("no packet follows its identification");
  }
  const std::size_t whole = 4 + std::size_t{size};
  return received.size() < whole ? net::Framing(std::nullopt) : net::Framing(whole);
}

std::span<const std::byte> payload_of(std::span<const std::byte> packet) noexcept {
  ByteReader reader(packet);
  const std::uint32_t size = reader.u32();
  const std::uint8_t padding = reader.u8();
  if (size < padding + 1U) {
    return {};
  }
  return reader.take(size - padding - 1);
}

std::optional<Offer> parse_offer(std::span<const std::byte> payload) {
  ByteReader reader(payload);
  if (reader.u8() != kKexInit) {
    return std::nullopt;
  }
  reader.take(kCookie);
  // kex, host key, then cipher, MAC, compression and language, each client to server and back.
  std::array<std::string, 10> lists;
  for (std::string& list : lists) {
    auto taken = take_list(reader);
    if (!taken) {
      return std::nullopt;
    }
    list = std::move(*taken);
  }
  reader.u8();   // first_kex_packet_follows
  reader.u32();  // reserved
  if (!reader.ok()) {
    return std::nullopt;
  }
  return Offer{std::move(lists[0]), std::move(lists[1]), std::move(lists[3]), std::move(lists[5])};
}

}  // namespace reachd::ssh
