#include <vector>

#include "daemon/alert/sink.hpp"
#include "daemon/platform/event_log.hpp"

namespace reachd::alert {

std::span<const SinkType> sink_types() noexcept {
  // One line a sink type.
  static const std::vector<SinkType> kTypes = [] {
    std::vector<SinkType> types = {
        alertmanager_sink(), file_sink(), smtp_sink(), syslog_sink(), webhook_sink(),
    };
    if (platform::has_event_log()) {
      types.push_back(windows_event_log_sink());
    }
    return types;
  }();
  return kTypes;
}

}  // namespace reachd::alert
