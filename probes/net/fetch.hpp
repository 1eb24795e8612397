#pragma once

#include <cstddef>
#include <string>

#include "probes/net/dial.hpp"

namespace reachd::net {

/// A document that a certificate points to.
struct FetchRequest {
  Target url;  ///< scheme http
  std::string method = "GET";
  std::string body{};
  std::string content_type{};  ///< of the body
  std::size_t most = 0;        ///< bytes of the answer; a longer one is a failure
};

/// True if a URL of a certificate may lead to `address`, for a check whose target is at `target`.
/// Whoever shows a certificate chooses its URLs, so they must not lead a probe to what only this
/// host can reach: loopback and link-local addresses are taken only where the target is such a one
/// itself, multicast, broadcast and the unspecified never. An IPv6 address that holds an IPv4 one
/// is judged as that.
bool may_fetch_from(const IpAddress& address, const std::optional<IpAddress>& target) noexcept;

/// Fetches it within `run.deadline` with one exchange: through the proxy of `options` unless the
/// URL's host is exempt, else from the first two addresses of its name that may be fetched from.
/// Redirects are not followed. Fails with the reason of the step that failed, http_status for
/// another status than 200, content_mismatch for an answer that is too long, admin_prohibited if no
/// address may be fetched from. Loop thread only.
asio::awaitable<Result<std::string>> fetch(ProbeRun& run, const DialOptions& options,
                                           const FetchRequest& request);

}  // namespace reachd::net
