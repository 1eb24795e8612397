#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>

#include "config/blackbox.hpp"
#include "config/probe_allow.hpp"
#include "daemon/blackbox/samples.hpp"
#include "probes/core/probe.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/network.hpp"

namespace reachd::blackbox {

namespace asio = boost::asio;

/// Lent to a prober for one /probe; lives longer than it, on the thread that runs it.
struct Run {
  const config::blackbox::Module& module;
  const std::string& target;
  const std::string& hostname;  ///< the parameter of that name; empty: none
  net::Network& network;
  net::Deadline& deadline;
  const config::ProbeAllow& allow;
  Samples& samples;
  ProbeLog* log = nullptr;  ///< set for debug=true
  /// Why the target may not be probed, once a prober has found that out and sent nothing: the
  /// request is then answered with 403 and this sentence, and with no sample.
  std::string refused{};
};

/// Says a step, if somebody listens: `log_line(run, [&] { return "connected to " + name; });`
template <typename Text>
void log_line(const Run& run, Text&& text) {
  if (run.log != nullptr) {
    run.log->line(std::forward<Text>(text)());
  }
}

/// The probers: true is success. They add the samples that blackbox_exporter's add (peers.md, 2.4),
/// but for those that all have in common, and end when the deadline does.
asio::awaitable<bool> probe_dns(Run& run);
asio::awaitable<bool> probe_http(Run& run);
asio::awaitable<bool> probe_icmp(Run& run);
asio::awaitable<bool> probe_tcp(Run& run);
asio::awaitable<bool> probe_unix(Run& run);

}  // namespace reachd::blackbox
