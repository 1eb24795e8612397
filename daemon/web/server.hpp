#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "daemon/web/access.hpp"
#include "daemon/web/callbacks.hpp"
#include "daemon/web/request_reader.hpp"
#include "probes/core/target.hpp"

namespace reachd::web {

/// What one client, or many, may take. The defaults are the daemon's.
struct ServerLimits {
  RequestReader::Limits request;
  std::size_t connections = 64;  ///< beyond, the slowest client makes room (Shared), else 503
  std::chrono::milliseconds head = std::chrono::seconds(10);  ///< from its first byte to its end
  std::chrono::milliseconds handshake = std::chrono::seconds(10);  ///< of TLS
  std::chrono::milliseconds body = std::chrono::seconds(10);       ///< from the head's end
  std::chrono::milliseconds write = std::chrono::seconds(30);      ///< for each piece of a response
  std::chrono::milliseconds password = std::chrono::seconds(30);   ///< for bcrypt and its queue
  std::chrono::milliseconds look = std::chrono::seconds(1);        ///< between two looks at web.yml
  std::chrono::milliseconds idle = std::chrono::seconds(60);       ///< between two requests
  std::chrono::milliseconds reload = std::chrono::seconds(60);
  std::chrono::milliseconds records = std::chrono::seconds(30);      ///< for what the journal tells
  std::size_t streams = 16;                                          ///< of server-sent events
  std::chrono::milliseconds heartbeat = std::chrono::seconds(15);    ///< of a stream without events
  std::chrono::milliseconds drain = std::chrono::milliseconds(250);  ///< for responses at stop
};

/// HTTP/1.1 on its own thread and io_context, so that a slow or large scrape never delays a probe.
/// Without Access::config_file: for who comes over another address than loopback's only scrapes and
/// health are open, and over loopback only requests for this host by name or address (421 for
/// others). With it: TLS, passwords, certificates and limits as web.yml says, on every address;
/// whoever has proven who they are may do everything everywhere.
class Server {
 public:
  virtual ~Server() = default;
  /// Where it listens, ports resolved.
  virtual const std::vector<Endpoint>& endpoints() const noexcept = 0;
  /// Callbacks::newest_event has moved on: streams go on. Any thread.
  virtual void events_released() = 0;
  /// Stops accepting, lets responses under way end within the limit and joins the thread.
  /// Idempotent; the destructor does it too.
  virtual void stop() = 0;
};

/// Listens on every address that the targets stand for (port 0: any) and starts the thread. The
/// error names the address: "127.0.0.1:9790: Address already in use". With `passed`, the descriptor
/// numbers of TCP sockets that listen already, it takes these over and the targets count for
/// nothing. A web.yml that is not valid is an error with all its problems.
std::expected<std::unique_ptr<Server>, std::string> start_server(
    const std::vector<Target>& listen, Callbacks callbacks, ServerLimits limits = {},
    const std::vector<int>& passed = {}, Access access = {});

}  // namespace reachd::web
