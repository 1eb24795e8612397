#include <vector>

#include "daemon/alert/sink.hpp"

namespace reachd::alert {

std::span<const SinkType> sink_types() noexcept {
  // One line a sink type.
  static const std::vector<SinkType> kTypes = {
      alertmanager_sink(), file_sink(), smtp_sink(), syslog_sink(), webhook_sink(),
  };
  return kTypes;
}

}  // namespace reachd::alert
