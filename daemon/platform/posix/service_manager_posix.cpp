#include "daemon/platform/service_manager.hpp"

namespace reachd::platform {

std::unique_ptr<ServiceManager> make_service_manager() { return nullptr; }

}  // namespace reachd::platform
