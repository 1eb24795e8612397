#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/words.hpp"
#include "probes/dns.hpp"

namespace reachd::dns {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxRecords = 512;
constexpr std::uint16_t kClassIn = 1;

enum Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  any = 255
};

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 10> kTypes{{{"A", a},
                                                                             {"AAAA", aaaa},
                                                                             {"ANY", any},
                                                                             {"CNAME", cname},
                                                                             {"MX", mx},
                                                                             {"NS", ns},
                                                                             {"PTR", ptr},
                                                                             {"SOA", soa},
                                                                             {"SRV", srv},
                                                                             {"TXT", txt}}};

/// RFC 1035 4.1.1 and RFC 2136 2.2, by number.
constexpr std::array<std::string_view, 11> kRcodes{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                   "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                   "NXRRSET", "NOTAUTH", "NOTZONE"};

/// `count` characters in the form of a zone file (RFC 1035, 5.1).
void append_escaped(std::string& to, std::string_view text, std::string_view special) {
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code <= ' ' || code >= 0x7f) {
      const std::array<char, 4> decimal{'\\', static_cast<char>('0' + code / 100),
                                        static_cast<char>('0' + code / 10 % 10),
                                        static_cast<char>('0' + code % 10)};
      to.append(decimal.data(), decimal.size());
    } else {
      if (special.find(letter) != std::string_view::npos) {
        to += '\\';
      }
      to += letter;
    }
  }
}

/// Reads a name that may be compressed (RFC 1035, 4.1.4) and goes on behind it. Pointers have to
/// lead backwards, so that there is no loop.
std::string read_name(ByteReader& reader) {
  std::string name;
  std::size_t length = 0;
  std::size_t behind = 0;  // where to go on, once a pointer was followed
  std::size_t lowest = reader.position();
  while (reader.ok()) {
    const std::uint8_t size = reader.u8();
    if (size >= 0xc0) {
      const std::size_t target = (size & 0x3fu) << 8 | reader.u8();
      behind = behind == 0 ? reader.position() : behind;
      if (target >= lowest) {
        break;
      }
      lowest = target;
      reader.seek(target);
      continue;
    }
    length += size + 1u;
    if (size > 63 || length > kMaxName) {
      break;
    }
    if (size == 0) {
      if (behind != 0) {
        reader.seek(behind);
      }
      return reader.ok() ? (name.empty() ? "." : name) : name;
    }
    append_escaped(name, reader.text(size), ".\\\"();@$");
    name += '.';
  }
  reader.take(reader.left() + 1);  // spoils the reader
  return {};
}

/// Character strings until `end` (RFC 1035, 3.3.14).
std::string read_texts(ByteReader& reader, std::size_t end) {
  std::string text;
  while (reader.ok() && reader.position() < end) {
    text += text.empty() ? "\"" : " \"";
    const std::uint8_t size = reader.u8();
    const std::string_view part = reader.text(size);
    for (std::size_t from = 0; from < part.size();) {
      // Blanks stay as they are inside of quotes.
      const std::size_t blank = std::min(part.find(' ', from), part.size());
      append_escaped(text, part.substr(from, blank - from), "\\\"");
      text += blank < part.size() ? " " : "";
      from = blank + 1;
    }
    text += '"';
  }
  return text;
}

IpAddress read_address(ByteReader& reader, IpAddress::Family family) {
  IpAddress address;
  address.family = family;
  const std::size_t size = family == IpAddress::Family::v4 ? 4 : 16;
  for (std::size_t index = 0; index < size; ++index) {
    address.bytes[index] = reader.u8();
  }
  return address;
}

/// What has no form of its own: "\# 4 0A000001" (RFC 3597, 5).
std::string read_unknown(ByteReader& reader, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text = "\\# " + std::to_string(size) + (size == 0 ? "" : " ");
  for (const std::byte byte : reader.take(size)) {
    const auto value = std::to_integer<unsigned>(byte);
    text += kDigits[value >> 4];
    text += kDigits[value & 0xfu];
  }
  return text;
}

std::string read_numbers(ByteReader& reader, int count, int bytes) {
  std::string text;
  for (int index = 0; index < count; ++index) {
    text += std::to_string(bytes == 2 ? reader.u16() : reader.u32()) + " ";
  }
  return text;
}

/// Record data of `size` bytes in zone-file form; must be used up to the last byte.
std::string read_data(ByteReader& reader, std::uint16_t type, std::uint16_t record_class,
                      std::size_t size) {
  // Addresses have this form in one class only (RFC 1035, 3.4).
  if (record_class != kClassIn && (type == a || type == aaaa)) {
    return read_unknown(reader, size);
  }
  switch (type) {
    case a:
      return read_address(reader, IpAddress::Family::v4).to_string();
    case aaaa:
      return read_address(reader, IpAddress::Family::v6).to_string();
    case ns:
    case cname:
    case ptr:
      return read_name(reader);
    case mx: {
      std::string text = read_numbers(reader, 1, 2);
      return text + read_name(reader);
    }
    case srv: {  // RFC 2782
      std::string text = read_numbers(reader, 3, 2);
      return text + read_name(reader);
    }
    case soa: {
      std::string text = read_name(reader) + " ";
      text += read_name(reader) + " ";
      text += read_numbers(reader, 5, 4);
      text.pop_back();
      return text;
    }
    case txt:
      return read_texts(reader, reader.position() + size);
    default:
      return read_unknown(reader, size);
  }
}

/// "IN"; "CLASS32" for what has no name (RFC 3597).
std::string class_name(std::uint16_t number) {
  switch (number) {
    case kClassIn:
      return "IN";
    case 3:
      return "CH";
    case 4:
      return "HS";
    case 254:
      return "NONE";
    case 255:
      return "ANY";
    default:
      return "CLASS" + std::to_string(number);
  }
}

/// One record as a line of a zone file, empty if it is malformed.
std::string read_record(ByteReader& reader) {
  std::string line = read_name(reader);
  const std::uint16_t type = reader.u16();
  const std::uint16_t record_class = reader.u16();
  const std::uint32_t ttl = reader.u32();
  const std::uint16_t size = reader.u16();
  if (!reader.ok() || size > reader.left()) {
    return {};
  }
  const std::size_t end = reader.position() + size;
  line += '\t' + std::to_string(ttl) + '\t';
  line += class_name(record_class);
  line += '\t' + type_name(type) + '\t' + read_data(reader, type, record_class, size);
  return reader.ok() && reader.position() == end ? line : std::string();
}

/// The records of one section, at most kMaxRecords; false if one of them is malformed.
bool read_section(ByteReader& reader, int count, std::vector<std::string>& lines) {
  for (int index = 0; index < count; ++index) {
    std::string line = read_record(reader);
    if (line.empty()) {
      return false;
    }
    if (lines.size() < kMaxRecords) {
      lines.push_back(std::move(line));
    }
  }
  return true;
}

bool write_name(ByteWriter& writer, std::string_view name) {
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  const std::size_t start = writer.size();
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    if (dot == 0 || dot > 63 || dot + 1 == name.size()) {
      return false;
    }
    writer.u8(static_cast<std::uint8_t>(dot));
    writer.text(name.substr(0, dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  writer.u8(0);
  return writer.ok() && writer.size() - start <= kMaxName;
}

/// True if the reply repeats the question; names are compared without case (RFC 4343).
bool repeats(ByteReader& reader, const Question& question) {
  ByteWriter wanted(kMaxName + 1);
  write_name(wanted, question.name);
  ByteReader wanted_reader(wanted.data());
  const std::string name = read_name(reader);
  const std::uint16_t type = reader.u16();
  return same_word(name, read_name(wanted_reader)) && type == question.type &&
         reader.u16() == question.of_class && reader.ok();
}

}  // namespace

std::optional<std::uint16_t> parse_type(std::string_view word) noexcept {
  const auto found = std::ranges::find_if(
      kTypes, [word](const auto& type) { return same_word(type.first, word); });
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

std::string type_name(std::uint16_t type) {
  const auto found = std::ranges::find(kTypes, type, [](const auto& row) { return row.second; });
  return found == kTypes.end() ? "TYPE" + std::to_string(type) : std::string(found->first);
}

std::string rcode_name(unsigned rcode) {
  return rcode < kRcodes.size() ? std::string(kRcodes[rcode]) : "RCODE" + std::to_string(rcode);
}

std::optional<unsigned> parse_rcode(std::string_view word) noexcept {
  for (unsigned rcode = 0; rcode < 16; ++rcode) {
    if (rcode < kRcodes.size() ? same_word(word, kRcodes[rcode])
                               : same_word(word, rcode_name(rcode))) {
      return rcode;
    }
  }
  return std::nullopt;
}

std::string reverse_name(const IpAddress& address) {
  std::string name;
  if (address.is_v4()) {
    for (std::size_t index = 4; index-- > 0;) {
      name += std::to_string(address.bytes[index]) + ".";
    }
    return name + "in-addr.arpa";
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t index = 16; index-- > 0;) {
    name += kDigits[address.bytes[index] & 0xfu];
    name += '.';
    name += kDigits[address.bytes[index] >> 4];
    name += '.';
  }
  return name + "ip6.arpa";
}

std::optional<std::vector<std::byte>> build_query(std::uint16_t id, const Question& question,
                                                  bool recursion) {
  ByteWriter writer(512);
  writer.u16(id);
  writer.u16(recursion ? 0x0100 : 0);
  writer.u16(1);  // one question, nothing else
  writer.u16(0);
  writer.u16(0);
  writer.u16(0);
  if (!write_name(writer, question.name)) {
    return std::nullopt;
  }
  writer.u16(question.type);
  writer.u16(question.of_class);
  return writer.ok() ? std::optional(writer.data()) : std::nullopt;
}

std::expected<Reply, Misfit> parse_reply(std::span<const std::byte> message, std::uint16_t id,
                                         const Question& question, Sections sections) {
  ByteReader reader(message);
  const std::uint16_t reply_id = reader.u16();
  const std::uint16_t flags = reader.u16();
  const std::uint16_t questions = reader.u16();
  Reply reply;
  reply.answer_count = reader.u16();
  reply.authority_count = reader.u16();
  reply.additional_count = reader.u16();
  if (!reader.ok()) {
    return std::unexpected(Misfit::malformed);
  }
  const bool is_reply = (flags & 0x8000u) != 0 && (flags & 0x7800u) == 0;
  if (reply_id != id || !is_reply) {
    return std::unexpected(Misfit::not_ours);
  }
  reply.truncated = (flags & 0x0200u) != 0;
  reply.rcode = flags & 0xfu;
  // Errors may come without the question (RFC 1035 leaves it open).
  if (!(questions == 0 && reply.rcode != 0)) {
    if (questions != 1 || !repeats(reader, question)) {
      return std::unexpected(Misfit::not_ours);
    }
  }
  bool whole = read_section(reader, reply.answer_count, reply.answers);
  if (sections == Sections::all) {
    whole = whole && read_section(reader, reply.authority_count, reply.authorities) &&
            read_section(reader, reply.additional_count, reply.additionals);
  }
  if (!whole && !reply.truncated) {
    return std::unexpected(Misfit::malformed);
  }
  return reply;
}

}  // namespace reachd::dns
