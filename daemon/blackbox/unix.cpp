#include <utility>

#include "daemon/blackbox/query.hpp"
#include "daemon/blackbox/run.hpp"
#include "daemon/blackbox/tls_samples.hpp"
#include "probes/net/unix_socket.hpp"

namespace reachd::blackbox {

asio::awaitable<bool> probe_unix(Run& run) {
  if (!run.allow.allows_path(run.target, run.module.name)) {
    run.refused = run.target + " may not be probed with module " + run.module.name +
                  ": no entry of probe_allow in reachd's configuration has this path.";
    co_return false;
  }
  auto stream = net::connect_unix(run.network, run.target, run.deadline);
  if (!stream) {
    log_line(run, [&] { return stream.error().message; });
    co_return false;
  }
  log_line(run, [&] { return "connected to " + run.target; });
  const config::blackbox::UnixSocket& module = run.module.unix_socket;
  std::unique_ptr<net::Stream> way = std::move(*stream);
  if (module.tls) {
    way = co_await secure(run, std::move(way), module.tls_config, run.target);
    if (way == nullptr) {
      co_return false;
    }
  }
  Dialogue dialogue{.steps = module.query_response, .tls = module.tls_config, .host = run.target};
  co_return co_await speak(run, std::move(way), std::move(dialogue));
}

}  // namespace reachd::blackbox
