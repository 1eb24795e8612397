#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {

/// `db2`: a DRDA server (DB2, Informix, Derby) exchanges attributes (EXCSAT; The Open Group, DRDA
/// Version 5, Volume 3, "Distributed Data Management Architecture"); the connection is closed
/// before a login.
///
/// - `security: none | tls` (net::read_secure_dial).
///
/// A server that answers with a reply message of refusal is degraded. Facts: `class`, `server`,
/// `release`, `version`, `name`.
ProbeType db2_probe_type();

/// The messages of DDM, apart from any socket.
namespace drda {

/// EXCSATRD, or another reply in its place. Texts are printable, at most 64 bytes.
struct Attributes {
  std::uint16_t code_point = 0;
  std::string server_class{};  ///< SRVCLSNM: "QDB2/LINUXX8664"
  std::string server{};        ///< SRVNAM
  std::string release{};       ///< SRVRLSLV: "SQL11055"
  std::string name{};          ///< EXTNAM: the process, the database
};

/// EXCSAT in a request DSS.
std::vector<std::byte> build_excsat();
/// One reply DSS, at most 32 KiB.
net::Framing frame_reply(std::span<const std::byte> received);
/// Of a whole reply. Nothing if it is malformed.
std::optional<Attributes> parse_reply(std::span<const std::byte> message);
/// True for the answer to an EXCSAT.
bool is_answer(const Attributes&) noexcept;
/// "MGRDEPRM", ...; "0x1232" for what has no name here.
std::string code_point_name(std::uint16_t code_point);
/// "11.5.5" of a "SQL11055"; empty for other forms.
std::string release_number(const std::string& release);

}  // namespace drda
}  // namespace reachd
