#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {
namespace ssh {

/// The server's identification string (RFC 4253, 4.2): "SSH-protoversion-softwareversion comments".
struct Identification {
  std::string text;      ///< all of it, at most 255 characters
  std::string protocol;  ///< "2.0", "1.99"
  std::string software;  ///< "OpenSSH_9.2p1 Debian-2": with its comments
};

/// What the server offers in its SSH_MSG_KEXINIT (RFC 4253, 7.1): names with commas between them,
/// best first. For client to server and back the lists may differ; the server's own side is kept.
struct Offer {
  std::string key_exchange;
  std::string host_key;
  std::string ciphers;
  std::string macs;
};

/// Frames a line before or with the identification. Lines before it are allowed (RFC 4253, 4.2),
/// but only text, and no status line of FTP, SMTP, HTTP and their like, which would never be
/// followed by an identification.
net::Framing frame_line(std::span<const std::byte> received);
/// The line without its end, if it begins with "SSH-"; none if it is another one or malformed.
std::optional<Identification> parse_identification(std::string_view line);
/// OpenSSH's own words for "too many at the moment" in place of an identification.
bool is_busy(std::string_view line) noexcept;

/// Frames an unencrypted packet (RFC 4253, 6) that may stand where the KEXINIT is expected.
net::Framing frame_packet(std::span<const std::byte> received);
/// The payload of such a packet: message number and what follows; empty if it is malformed.
std::span<const std::byte> payload_of(std::span<const std::byte> packet) noexcept;
/// None if the payload is no well-formed SSH_MSG_KEXINIT. Names beyond 1,024 characters a list are
/// left out.
std::optional<Offer> parse_offer(std::span<const std::byte> payload);

}  // namespace ssh

ProbeType ssh_probe_type();
/// SSH on port 830 (RFC 6242). Without a login nobody tells a NETCONF subsystem.
ProbeType netconf_probe_type();
/// SSH under the name of the file transfer that it is open for.
ProbeType sftp_probe_type();

}  // namespace reachd
