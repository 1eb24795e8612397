#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/result.hpp"
#include "probes/net/stream.hpp"

namespace reachd {

/// `dns`: asks the name server that the target names. It proves that the server answers; what it
/// has to answer is judged where the configuration says so.
///
/// - `query` (the name; for PTR an address will do), `type` (A, AAAA, ANY, CNAME, MX, NS, PTR, SOA,
///   SRV, TXT; default A). Without `query` the root's name servers are asked for, and every answer
///   proves the server, REFUSED too: what it serves is not known.
/// - `transport: udp | tcp`. UDP is sent again while the probe's time lasts; a truncated answer is
///   fetched over TCP (RFC 7766, 5).
/// - `recursion` (default true) asks the server to look further.
/// - `valid_rcodes` (default [NOERROR] where `query` is set). Others: NXDOMAIN is dns_nxdomain, an
///   error where another one was expected dns_failure, NOERROR where an error was expected
///   content_mismatch.
/// - `answers_match`: each of these patterns has to be found in some answer in zone-file form with
///   tabs ("www.example.com.\t300\tIN\tA\t192.0.2.1"), else content_mismatch, or dns_no_data if
///   there is no answer at all; `answers_not_match`: none may be found in any.
/// - `source`: the local address.
///
/// Silence over UDP is no_reply in phase request, an ICMP port unreachable refused in phase
/// connect. Datagrams with another id or question are passed over (late or forged); if nothing
/// better comes, something else answers there: protocol_mismatch.
ProbeType dns_probe_type();

/// The messages of RFC 1035, apart from any socket.
namespace dns {

struct Question {
  std::string name;  ///< as written; the trailing dot may be left out, "." is the root
  std::uint16_t type = 1;
  std::uint16_t of_class = 1;  ///< IN
};

struct Reply {
  unsigned rcode = 0;
  bool truncated = false;
  int answer_count = 0;  ///< as the header says; so are the next two
  int authority_count = 0;
  int additional_count = 0;
  std::vector<std::string> answers;      ///< in zone-file form with tabs, at most 512
  std::vector<std::string> authorities;  ///< the same; only with Sections::all, and so is the next
  std::vector<std::string> additionals;
};

enum class Sections : std::uint8_t { answers, all };

enum class Misfit : std::uint8_t {
  not_ours,  ///< another id or question, or no reply at all
  malformed
};

/// The number of "A", "MX", ...; lower case will do.
std::optional<std::uint16_t> parse_type(std::string_view word) noexcept;
/// "A"; "TYPE65" for what has no name here (RFC 3597).
std::string type_name(std::uint16_t type);
/// "NOERROR", "NXDOMAIN", ...; "RCODE11" for what has no name here.
std::string rcode_name(unsigned rcode);
/// The code of a word that rcode_name() gives.
std::optional<unsigned> parse_rcode(std::string_view word) noexcept;
/// "4.3.2.1.in-addr.arpa" (RFC 1035, 3.5), "...ip6.arpa" (RFC 3596, 2.5).
std::string reverse_name(const IpAddress& address);

/// Nothing if the name does not fit: labels of 1 to 63 bytes, 255 in all.
std::optional<std::vector<std::byte>> build_query(std::uint16_t id, const Question& question,
                                                  bool recursion);
/// The reply to build_query() with this id and question. Bounded by the message's size whatever its
/// counts and compression pointers say.
std::expected<Reply, Misfit> parse_reply(std::span<const std::byte> message, std::uint16_t id,
                                         const Question& question,
                                         Sections sections = Sections::answers);

/// One exchange over a stream, with a length in front of each message (RFC 1035, 4.2.2): the
/// message with this id that answers the query. `server` is for the failure's message.
asio::awaitable<net::Result<std::vector<std::byte>>> exchange(net::Stream& stream, std::uint16_t id,
                                                              std::span<const std::byte> query,
                                                              const Endpoint& server,
                                                              const net::Deadline& deadline);

}  // namespace dns
}  // namespace reachd
