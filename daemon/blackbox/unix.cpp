#include <utility>

#include "daemon/blackbox/query.hpp"
#include "daemon/blackbox/run.hpp"
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
  co_return co_await converse(run, std::move(*stream), run.module.unix_socket, run.target);
}

}  // namespace reachd::blackbox
