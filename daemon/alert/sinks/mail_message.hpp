#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alert/sink.hpp"

namespace reachd::alert {

/// "local-part@domain" in ASCII, at most 254 characters, the local part as a dot-atom (RFC 5322,
/// 3.2.3), the domain a host name or an address in brackets (RFC 5321, 4.1.2). No display name, so
/// nothing that could end a header or a command.
bool is_mail_address(std::string_view text) noexcept;

/// What stands after `name` in a header, in lines of at most 76 characters where its words allow
/// (RFC 5322, 2.2.3): as it is, or as encoded-words (RFC 2047) cut between characters where it is
/// not plain ASCII. Controls become blanks, so nothing ends the header.
std::string header(std::string_view name, std::string_view text);

/// Text of any lines as quoted-printable (RFC 2045, 6.7), lines of at most 76 characters with CRLF.
/// The text is UTF-8; other controls than line ends become blanks.
std::string quoted_printable(std::string_view text);

/// Between whom, and under what heading.
struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string prefix;        ///< before each subject; may be empty
  std::string vantage;       ///< whose events these are
  std::string external_url;  ///< for a link; empty: none
};

/// The whole message (RFC 5322) with CRLF, for a DATA command after dot-stuffing: one event, or
/// several as a digest in their order; at least one. The Message-ID is made of the first and the
/// last event's id, so the same events have the same one whenever they are sent. Pure.
std::string mail_text(const Mail& mail, std::span<const Delivery> events, WallTime now);

}  // namespace reachd::alert
