#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "daemon/alert/sink.hpp"
#include "probes/core/target.hpp"
#include "probes/net/dial.hpp"

namespace reachd::alert {

/// The addresses of `target`, at most 4, each with its port. The error is a sentence. The target
/// outlives the call.
asio::awaitable<std::expected<std::vector<Endpoint>, std::string>> endpoints_of(
    const SinkRun& run, const Target& target);

/// One address's share of a call's time: what is left of it, divided by the addresses that are
/// left, so that a dead first address leaves time for the next. Ends with the call's deadline.
class Turn final : private net::Abortable {
 public:
  Turn(const SinkRun& run, std::size_t addresses_left);
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() = default;

  net::Deadline& deadline() noexcept { return deadline_; }

 private:
  void abort() noexcept override;

  const net::Deadline& whole_;
  net::Deadline deadline_;
  net::Watch watch_;  // last: it lets go first
};

/// What a failure says.
std::string sentence(const Failure& failure);

/// Why what was dialled is not to be used: a certificate that is judged bad and not only observed.
/// Empty if it is good.
std::string distrust(const net::TlsOptions* options, const net::Dialed& dialed);

/// Reads the map `tls` of a sink: as net::read_tls, strict, but revocation is asked about only
/// where that is written, because it takes time that an alert does not have. Never null.
std::shared_ptr<const net::TlsOptions> read_sink_tls(Reader& params);

/// The same receipt for all of them.
std::vector<Receipt> receipts(std::size_t count, Receipt::How how, std::string why = {});

}  // namespace reachd::alert
