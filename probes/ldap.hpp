#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {

/// LDAP (RFC 4511). Pure: bytes in, values out; nothing that a length field says is allocated.
namespace ldap {

/// What a directory tells everybody about itself in its root entry (RFC 4512, 5.1, RFC 3045 and
/// MS-ADTS, 3.1.1.3.2). At most 8 values an attribute are kept, each of at most 128 bytes, cleaned
/// to UTF-8.
struct RootEntry {
  std::vector<std::string> versions;         ///< supportedLDAPVersion
  std::vector<std::string> naming_contexts;  ///< namingContexts
  std::string default_naming_context;        ///< defaultNamingContext (Active Directory)
  std::string dns_host_name;                 ///< dnsHostName (Active Directory)
  std::string vendor;                        ///< vendorName
  std::string vendor_version;                ///< vendorVersion
  bool active_directory = false;             ///< by supportedCapabilities
  bool starttls = false;                     ///< by supportedExtension
};

/// How the server ends an operation (RFC 4511, 4.1.9).
struct Result {
  std::int64_t code = 0;
  std::string diagnostic;  ///< its own words, at most 128 bytes, one line of UTF-8
};

/// One message of the server.
struct Message {
  enum class Kind : std::uint8_t { entry, reference, done, extended };

  std::int64_t id = 0;  ///< of the request; 0: nobody asked (notice of disconnection, 4.4.1)
  Kind kind = Kind::done;
  RootEntry entry;  ///< of an entry
  Result result;    ///< of done and extended
};

/// The whole of the first message; for Conversation::hear. It begins with a sequence and an id.
net::Framing frame(std::span<const std::byte> received);

/// Anonymous search of the root entry for what RootEntry holds (RFC 4512, 5.1).
std::vector<std::byte> build_search(std::int64_t id);
/// RFC 4511, 4.14.1
std::vector<std::byte> build_starttls(std::int64_t id);
/// RFC 4511, 4.3
std::vector<std::byte> build_unbind(std::int64_t id);

/// A message as frame() cut it; nothing if it is none that a search or StartTLS can have.
std::optional<Message> parse(std::span<const std::byte> message);

/// "insufficientAccessRights (50)"; the number alone for codes that are not in RFC 4511, 4.1.9.
std::string code_name(std::int64_t code);

}  // namespace ldap

/// Looks at a directory's root entry without a login, then says good-bye (unbind). A server that
/// shows it to nobody says so and is up; busy and unavailable are degraded. Keys: `security` (none,
/// tls, starttls; tls is the default of ldaps:// and of the ports 636 and 3269), `tls`
/// (net::read_tls), `proxy`, `proxy_user`, `proxy_password`, `no_proxy`, `source`, `close`.
ProbeType ldap_probe_type();

}  // namespace reachd
