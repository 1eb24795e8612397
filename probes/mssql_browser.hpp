#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/probe.hpp"

namespace reachd {

/// `mssql_browser`: the SQL Server Browser tells its instances ([MC-SQLR]). Over UDP.
///
/// - `instance`: ask for this one only; another answer is content_mismatch. A browser that does not
///   know it is silent.
/// - `source`: the local address.
///
/// Silence is no_reply and proves nothing: a browser without an instance to tell of says nothing.
/// Facts: `server`, `instances`.
ProbeType mssql_browser_probe_type();

/// The messages of [MC-SQLR], apart from any socket.
namespace mssql_browser {

struct Instance {
  std::string server{};  ///< texts are printable, at most 64 bytes
  std::string name{};
  std::string version{};
  std::string tcp_port{};  ///< empty: not by TCP
};

/// CLNT_UCAST_EX (2.2.2), or CLNT_UCAST_INST (2.2.3) where an instance is named.
std::vector<std::byte> build_request(std::string_view instance);
/// SVR_RESP (2.2.5), at most 32 instances; what a cut datagram ends with is left out. Nothing if it
/// is something else.
std::optional<std::vector<Instance>> parse_response(std::span<const std::byte> datagram);

}  // namespace mssql_browser
}  // namespace reachd
