#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/oracle.hpp"

namespace reachd::tns {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kLongest = 8192;
constexpr std::size_t kMostText = 64;
constexpr std::size_t kMostAddress = 256;

constexpr std::uint8_t kConnect = 1;
constexpr std::uint8_t kData = 6;
/// The connect data begins here: behind the header and the fixed fields.
constexpr std::uint16_t kConnectDataAt = 58;

constexpr std::array<std::pair<Kind, std::string_view>, 9> kKinds{{{Kind::accept, "accept"},
                                                                   {Kind::refuse, "refuse"},
                                                                   {Kind::redirect, "redirect"},
                                                                   {Kind::data, "data"},
                                                                   {Kind::abort, "abort"},
                                                                   {Kind::resend, "resend"},
                                                                   {Kind::marker, "marker"},
                                                                   {Kind::attention, "attention"},
                                                                   {Kind::control, "control"}}};

/// Oracle Database Error Messages, TNS-00000 to TNS-12699.
constexpr std::array<std::pair<unsigned, std::string_view>, 12> kErrors{
    {{1169, "the listener has not recognised the password"},
     {1189, "the listener takes no orders from there"},
     {1194, "the listener wants TLS (TCPS)"},
     {12504, "the listener wants a service name"},
     {12505, "the listener does not know the SID"},
     {12514, "the listener does not know the service"},
     {12516, "no handler of a matching protocol"},
     {12518, "the listener could not hand over the connection"},
     {12519, "no handler is free"},
     {12520, "no handler of the wanted kind is free"},
     {12526, "all instances are restricted"},
     {12528, "all instances block new connections"}}};

/// The value of "(KEY=value)", wherever it stands.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(at + key.size());
  return text.substr(0, text.find_first_of("()"));
}

std::optional<std::uint32_t> number_of(std::string_view text, std::string_view key) {
  const std::string_view digits = value_of(text, key).value_or("");
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = parsed.ptr == digits.data() + digits.size();
  return parsed.ec == std::errc() && whole ? std::optional(value) : std::nullopt;
}

/// 8, 4, 8, 4 and 8 bits; from release 18 on 8, 8, 4, 8 and 4.
std::string release(std::uint32_t vsnnum) {
  const unsigned major = vsnnum >> 24U;
  const std::array<unsigned, 4> parts =
      major < 18 ? std::array{(vsnnum >> 20U) & 0xfU, (vsnnum >> 12U) & 0xffU,
                              (vsnnum >> 8U) & 0xfU, vsnnum & 0xffU}
                 : std::array{(vsnnum >> 16U) & 0xffU, (vsnnum >> 12U) & 0xfU,
                              (vsnnum >> 4U) & 0xffU, vsnnum & 0xfU};
  std::string text = std::to_string(major);
  for (const unsigned part : parts) {
    text += "." + std::to_string(part);
  }
  return text;
}

std::string plain(std::string_view text, std::size_t most) {
  std::string result(text.substr(0, most));
  std::ranges::replace_if(result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

}  // namespace

std::vector<std::byte> build_connect(std::string_view connect_data) {
  const std::string descriptor = "(DESCRIPTION=(CONNECT_DATA=" + std::string(connect_data) + "))";
  const std::size_t size = kConnectDataAt + descriptor.size();
  ByteWriter writer(size);
  writer.u16(static_cast<std::uint16_t>(size));
  writer.u16(0);  // checksum of the packet
  writer.u8(kConnect);
  writer.u8(0);
  writer.u16(0);    // checksum of the header
  writer.u16(310);  // version, and the oldest that will do
  writer.u16(300);
  writer.u16(0);     // service options
  writer.u16(2048);  // sizes of session and transport data units
  writer.u16(32767);
  writer.u16(0x7f08);  // characteristics of the transport
  writer.u16(0);       // line turnaround
  writer.u16(1);       // "one" in our byte order
  writer.u16(static_cast<std::uint16_t>(descriptor.size()));
  writer.u16(kConnectDataAt);
  writer.u32(0);  // most that we want to receive with the answer: any
  while (writer.size() < kConnectDataAt) {
    writer.u8(0);  // flags, tracing
  }
  writer.text(descriptor);
  return writer.data();
}

std::vector<std::byte> build_goodbye() {
  ByteWriter writer(kHeader + 2);
  writer.u16(kHeader + 2);
  writer.u16(0);
  writer.u8(kData);
  writer.u8(0);
  writer.u16(0);
  writer.u16(0x40);  // data flags: end of file
  return writer.data();
}

net::Framing frame_packet(std::span<const std::byte> received) {
  ByteReader reader(received.first(std::min(received.size(), kHeader)));
  const std::size_t size = reader.u16();
  const bool sized = reader.ok();
  if (sized && (size < kHeader || size > kLongest)) {
    return std::unexpected("a packet of impossible length");
  }
  if (reader.u16() != 0) {
    return std::unexpected("a checksum, which Oracle Net does not use");
  }
  const auto kind = static_cast<Kind>(reader.u8());
  if (reader.ok() && kind_name(kind).empty()) {
    return std::unexpected("a packet of no known kind");
  }
  return !sized || received.size() < size ? net::Framing(std::nullopt) : net::Framing(size);
}

Answer parse_answer(std::span<const std::byte> packet) {
  ByteReader reader(packet);
  reader.seek(4);
  Answer answer;
  answer.kind = static_cast<Kind>(reader.u8());
  const std::string_view text = as_text(packet.subspan(std::min(kHeader, packet.size())));
  if (const auto vsnnum = number_of(text, "(VSNNUM=")) {
    answer.version = release(*vsnnum);
  }
  if (answer.kind == Kind::refuse) {
    answer.error = number_of(text, "(ERR=").value_or(number_of(text, "(CODE=").value_or(0));
    answer.listener = plain(value_of(text, "(ALIAS=").value_or(""), kMostText);
  } else if (answer.kind == Kind::redirect) {
    const std::size_t start = std::min(text.find('('), text.size());
    answer.address = plain(text.substr(start), kMostAddress);
  }
  return answer;
}

std::string_view kind_name(Kind kind) noexcept {
  const auto found = std::ranges::find(kKinds, kind, &std::pair<Kind, std::string_view>::first);
  return found == kKinds.end() ? std::string_view() : found->second;
}

std::string_view describe_error(unsigned error) noexcept {
  const auto found =
      std::ranges::find(kErrors, error, &std::pair<unsigned, std::string_view>::first);
  return found == kErrors.end() ? std::string_view() : found->second;
}

}  // namespace reachd::tns
