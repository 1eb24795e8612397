#include <algorithm>
#include <array>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/slp.hpp"

namespace reachd::slp {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::string_view kLanguage = "en";
/// RFC 2608, 8: the header without the language tag.
constexpr std::size_t kHeader = 14;
constexpr std::size_t kMostUrls = 8;
constexpr std::size_t kLongestText = 256;
constexpr std::size_t kMostOverTcp = std::size_t{16} * 1024;

enum Function : std::uint8_t {
  service_request = 1,
  service_reply = 2,
  directory_agent_advert = 8,
  service_agent_advert = 11
};

void write_u24(ByteWriter& out, std::size_t value) {
  out.u8(static_cast<std::uint8_t>(value >> 16U));
  out.u16(static_cast<std::uint16_t>(value & 0xffffU));
}

void write_text(ByteWriter& out, std::string_view text) {
  out.u16(static_cast<std::uint16_t>(text.size()));
  out.text(text);
}

std::string_view read_text(ByteReader& reader) {
  const std::size_t size = reader.u16();
  return reader.text(size);
}

/// RFC 2608, 9.2: its length counts from its beginning.
void skip_authentication(ByteReader& reader) {
  for (unsigned blocks = reader.u8(); blocks > 0 && reader.ok(); --blocks) {
    reader.u16();
    const std::size_t size = reader.u16();
    if (size < 4) {
      reader.take(reader.left() + 1);  // no block: what follows can't be read
      return;
    }
    reader.take(size - 4);
  }
}

/// RFC 2608, 8.2 and 4.3. Stops at the first entry that is not whole.
void read_services(ByteReader& reader, Reply& reply) {
  reply.error = reader.u16();
  reply.url_count = reader.u16();
  for (int entry = 0; entry < reply.url_count && reply.urls.size() < kMostUrls; ++entry) {
    reader.u8();   // reserved
    reader.u16();  // lifetime
    const std::string_view url = read_text(reader);
    if (!reader.ok()) {
      return;
    }
    reply.urls.push_back(plain_line(url, kLongestText));
    skip_authentication(reader);
  }
}

/// What both kinds of agents say of themselves (RFC 2608, 8.5 and 8.6).
void read_agent(ByteReader& reader, Reply& reply) {
  const std::string_view url = read_text(reader);
  const std::string_view scopes = read_text(reader);
  const std::string_view attributes = read_text(reader);
  if (!url.empty()) {
    reply.url_count = 1;
    reply.urls.push_back(plain_line(url, kLongestText));
  }
  reply.scopes = plain_line(scopes, kLongestText);
  reply.attributes = plain_line(attributes, kLongestText);
}

}  // namespace

std::vector<std::byte> build_request(std::uint16_t xid, std::string_view service,
                                     std::string_view scope) {
  // Previous responders, predicate and security parameter index are empty.
  const std::size_t size =
      kHeader + kLanguage.size() + std::size_t{5} * 2 + service.size() + scope.size();
  ByteWriter message(size);
  message.u8(kVersion);
  message.u8(service_request);
  write_u24(message, size);
  message.u16(0);         // flags: not multicast, so it is answered in any case
  write_u24(message, 0);  // no extension
  message.u16(xid);
  write_text(message, kLanguage);
  write_text(message, {});
  write_text(message, service);
  write_text(message, scope);
  write_text(message, {});
  write_text(message, {});
  return message.data();
}

std::optional<Reply> parse_reply(std::span<const std::byte> message, std::uint16_t xid) {
  ByteReader reader(message);
  const unsigned version = reader.u8();
  const unsigned function = reader.u8();
  reader.take(3 + 2 + 3);  // length, flags, extension
  const std::uint16_t id = reader.u16();
  read_text(reader);  // language tag
  if (!reader.ok() || version != kVersion || id != xid) {
    return std::nullopt;
  }
  Reply reply;
  switch (function) {
    case service_reply:
      if (reader.left() < 2) {
        return std::nullopt;
      }
      read_services(reader, reply);
      return reply;
    case directory_agent_advert:
      if (reader.left() < 2) {
        return std::nullopt;
      }
      reply.kind = Reply::Kind::directory_agent;
      reply.error = reader.u16();
      reader.u32();  // when it was started
      read_agent(reader, reply);
      return reply;
    case service_agent_advert:
      reply.kind = Reply::Kind::service_agent;
      read_agent(reader, reply);
      return reply;
    default:
      return std::nullopt;
  }
}

std::string error_name(std::uint16_t error) {
  static constexpr std::array<std::string_view, 16> kNames{"",
                                                           "LANGUAGE_NOT_SUPPORTED",
                                                           "PARSE_ERROR",
                                                           "INVALID_REGISTRATION",
                                                           "SCOPE_NOT_SUPPORTED",
                                                           "",
                                                           "AUTHENTICATION_UNKNOWN",
                                                           "AUTHENTICATION_ABSENT",
                                                           "AUTHENTICATION_FAILED",
                                                           "VER_NOT_SUPPORTED",
                                                           "INTERNAL_ERROR",
                                                           "DA_BUSY_NOW",
                                                           "OPTION_NOT_UNDERSTOOD",
                                                           "INVALID_UPDATE",
                                                           "MSG_NOT_SUPPORTED",
                                                           "REFRESH_REJECTED"};
  const bool known = error < kNames.size() && !kNames[error].empty();
  return known ? std::string(kNames[error]) : "ERROR " + std::to_string(error);
}

net::Framing frame(std::span<const std::byte> received) {
  ByteReader reader(received);
  const unsigned version = reader.u8();
  if (version != kVersion) {
    return std::unexpected("no message of version 2");
  }
  if (received.size() < 5) {
    return std::nullopt;
  }
  reader.u8();
  const std::size_t size = std::size_t{reader.u8()} << 16U | reader.u16();
  if (size < kHeader || size > kMostOverTcp) {
    return std::unexpected("a message of an impossible length");
  }
  return received.size() < size ? net::Framing(std::nullopt) : net::Framing(size);
}

}  // namespace reachd::slp
