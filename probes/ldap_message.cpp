#include <algorithm>
#include <array>
#include <utility>

#include "probes/core/ber.hpp"
#include "probes/core/printable.hpp"
#include "probes/core/words.hpp"
#include "probes/ldap.hpp"

namespace reachd::ldap {
namespace {

// Tags of RFC 4511, appendix B: [APPLICATION n] is 0x40 + n, constructed 0x60 + n.
constexpr std::uint8_t kUnbindRequest = 0x42;
constexpr std::uint8_t kSearchRequest = 0x63;
constexpr std::uint8_t kSearchEntry = 0x64;
constexpr std::uint8_t kSearchDone = 0x65;
constexpr std::uint8_t kSearchReference = 0x73;
constexpr std::uint8_t kExtendedRequest = 0x77;
constexpr std::uint8_t kExtendedResponse = 0x78;
constexpr std::uint8_t kFilterPresent = 0x87;
constexpr std::uint8_t kRequestName = 0x80;

constexpr std::string_view kStartTls = "1.3.6.1.4.1.1466.20037";
/// LDAP_CAP_ACTIVE_DIRECTORY_OID (MS-ADTS, 3.1.1.3.4.3.1)
constexpr std::string_view kActiveDirectory = "1.2.840.113556.1.4.800";

constexpr std::size_t kMostValues = 8;
constexpr std::size_t kLongestText = 128;
constexpr std::size_t kLongestRequest = 512;

constexpr std::array<std::string_view, 8> kAttributes{
    "supportedLDAPVersion", "namingContexts", "defaultNamingContext", "dnsHostName",
    "vendorName",           "vendorVersion",  "supportedExtension",   "supportedCapabilities"};

std::string clean(std::string_view text) { return plain_line(text, kLongestText); }

/// A sequence of the id and the operation (RFC 4511, 4.1.1).
std::vector<std::byte> message(std::int64_t id, std::uint8_t tag,
                               std::span<const std::byte> operation) {
  ByteWriter inner(kLongestRequest);
  ber::write_integer(inner, id);
  ber::write(inner, tag, operation);
  ByteWriter outer(kLongestRequest);
  ber::write(outer, ber::kSequence, inner.data());
  return outer.data();
}

void keep(RootEntry& entry, std::string_view attribute, std::string_view value) {
  // RFC 4512, 2.5
  const auto is = [attribute](std::string_view name) { return same_word(attribute, name); };
  const auto add = [value](std::vector<std::string>& values) {
    if (values.size() < kMostValues) {
      values.push_back(clean(value));
    }
  };
  if (is("supportedLDAPVersion")) {
    add(entry.versions);
  } else if (is("namingContexts")) {
    add(entry.naming_contexts);
  } else if (is("defaultNamingContext")) {
    entry.default_naming_context = clean(value);
  } else if (is("dnsHostName")) {
    entry.dns_host_name = clean(value);
  } else if (is("vendorName")) {
    entry.vendor = clean(value);
  } else if (is("vendorVersion")) {
    entry.vendor_version = clean(value);
  } else if (is("supportedExtension")) {
    entry.starttls = entry.starttls || value == kStartTls;
  } else if (is("supportedCapabilities")) {
    entry.active_directory = entry.active_directory || value == kActiveDirectory;
  }
}

/// SearchResultEntry (RFC 4511, 4.5.2); nothing where it is malformed.
std::optional<RootEntry> read_entry(std::span<const std::byte> operation) {
  RootEntry entry;
  ber::Reader reader(operation);
  reader.text();  // its name, empty
  ber::Reader attributes(reader.expect(ber::kSequence));
  while (attributes.more()) {
    ber::Reader attribute(attributes.expect(ber::kSequence));
    const std::string_view name = attribute.text();
    ber::Reader values(attribute.expect(ber::kSet));
    while (values.more()) {
      const std::string_view value = values.text();
      if (values.ok()) {
        keep(entry, name, value);
      }
    }
    if (!attribute.ok() || !values.ok()) {
      return std::nullopt;
    }
  }
  return reader.ok() && attributes.ok() ? std::optional(std::move(entry)) : std::nullopt;
}

/// LDAPResult, and whatever follows it (RFC 4511, 4.1.9).
std::optional<Result> read_result(std::span<const std::byte> operation) {
  ber::Reader reader(operation);
  const std::int64_t code = reader.integer(ber::kEnumerated);
  reader.text();  // matchedDN
  const std::string_view diagnostic = reader.text();
  return reader.ok() ? std::optional(Result{code, clean(diagnostic)}) : std::nullopt;
}

}  // namespace

net::Framing frame(std::span<const std::byte> received) {
  if (received[0] != std::byte{ber::kSequence}) {
    return std::unexpected("no message begins so");
  }
  const auto size = ber::size_of_first(received);
  if (!size) {
    return std::unexpected(std::string(size.error()));
  }
  if (!*size) {
    return std::nullopt;
  }
  const std::size_t length = **size;
  if (length > net::Conversation::kMost) {
    return std::unexpected("a message of " + std::to_string(length) + " bytes");
  }
  // The id comes first in each: text would not go on so.
  const auto first = std::to_integer<std::size_t>(received[1]);
  const std::size_t id = 2 + (first < 0x80 ? 0 : first & 0x7FU);
  if (length <= id || (received.size() > id && received[id] != std::byte{ber::kInteger})) {
    return std::unexpected("a message without an id");
  }
  return received.size() < length ? net::Framing(std::nullopt) : net::Framing(length);
}

std::vector<std::byte> build_search(std::int64_t id) {
  ByteWriter attributes(kLongestRequest);
  for (const std::string_view name : kAttributes) {
    ber::write(attributes, ber::kOctetString, name);
  }
  ByteWriter search(kLongestRequest);
  ber::write(search, ber::kOctetString, "");        // the root
  ber::write_integer(search, 0, ber::kEnumerated);  // baseObject
  ber::write_integer(search, 0, ber::kEnumerated);  // neverDerefAliases
  ber::write_integer(search, 0);                    // no limit of its own: there is one entry
  ber::write_integer(search, 0);
  ber::write_integer(search, 0, ber::kBoolean);  // values too
  ber::write(search, kFilterPresent, "objectClass");
  ber::write(search, ber::kSequence, attributes.data());
  return message(id, kSearchRequest, search.data());
}

std::vector<std::byte> build_starttls(std::int64_t id) {
  ByteWriter name(kLongestRequest);
  ber::write(name, kRequestName, kStartTls);
  return message(id, kExtendedRequest, name.data());
}

std::vector<std::byte> build_unbind(std::int64_t id) { return message(id, kUnbindRequest, {}); }

std::optional<Message> parse(std::span<const std::byte> bytes) {
  Message parsed;
  ber::Reader outer(bytes);
  ber::Reader inner(outer.expect(ber::kSequence));
  parsed.id = inner.integer();
  const ber::Element operation = inner.next();
  if (!outer.ok() || !inner.ok()) {
    return std::nullopt;
  }
  if (operation.tag == kSearchEntry) {
    auto entry = read_entry(operation.contents);
    if (!entry) {
      return std::nullopt;
    }
    parsed.kind = Message::Kind::entry;
    parsed.entry = std::move(*entry);
    return parsed;
  }
  if (operation.tag == kSearchReference) {
    parsed.kind = Message::Kind::reference;
    return parsed;
  }
  if (operation.tag != kSearchDone && operation.tag != kExtendedResponse) {
    return std::nullopt;
  }
  auto result = read_result(operation.contents);
  if (!result) {
    return std::nullopt;
  }
  parsed.kind = operation.tag == kSearchDone ? Message::Kind::done : Message::Kind::extended;
  parsed.result = std::move(*result);
  return parsed;
}

std::string code_name(std::int64_t code) {
  static constexpr std::array<std::pair<std::int64_t, std::string_view>, 14> kNames{{
      {1, "operationsError"},
      {2, "protocolError"},
      {3, "timeLimitExceeded"},
      {4, "sizeLimitExceeded"},
      {7, "authMethodNotSupported"},
      {8, "strongerAuthRequired"},
      {10, "referral"},
      {11, "adminLimitExceeded"},
      {13, "confidentialityRequired"},
      {32, "noSuchObject"},
      {50, "insufficientAccessRights"},
      {51, "busy"},
      {52, "unavailable"},
      {53, "unwillingToPerform"},
  }};
  const auto found =
      std::ranges::find(kNames, code, &std::pair<std::int64_t, std::string_view>::first);
  const std::string number = std::to_string(code);
  return found == kNames.end() ? "result " + number
                               : std::string(found->second) + " (" + number + ")";
}

}  // namespace reachd::ldap
