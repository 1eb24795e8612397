#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/event/event.hpp"

namespace reachd::alert {

/// The numbers of RFC 5424, 6.2.1 by the words that syslog daemons use: kern, user, mail, daemon,
/// auth, syslog, lpr, news, uucp, cron, authpriv, ftp, local0 to local7.
std::optional<std::uint8_t> parse_facility(std::string_view word) noexcept;

/// RFC 5612: kept for documentation, so it belongs to nobody, us included.
inline constexpr std::uint32_t kDocumentationEnterprise = 32473;

/// Who says it; the same for all messages of a sink.
struct SyslogSender {
  std::uint8_t facility = 3;  ///< daemon
  std::uint32_t enterprise = kDocumentationEnterprise;
  std::string host;     ///< any text; becomes a valid HOSTNAME
  std::string process;  ///< PROCID; empty: none
};

/// The event as an RFC 5424 message of at most `most` bytes (at least 480: RFC 5426, 3.2):
///
///     <26>1 2026-11-22T10:54:45.123Z beacon-1 reachd 77 check.down [reachd@32473 id="..."] erp ...
///
/// The severity is 2 for critical, 4 for warning, 6 for info, and 5 for a recovery. MSG is the
/// event's sentence: with a byte order mark (6.4) if it is not plain ASCII, so that nothing shows
/// one for nothing. Where the room is short, MSG is cut, between characters, down to 160 bytes;
/// then parameters at the end of the list fall away. Pure.
std::string syslog_message(const event::Event& event, const SyslogSender& sender, std::size_t most);

}  // namespace reachd::alert
