#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/web_config.hpp"
#include "daemon/web/tls_context.hpp"

namespace reachd::web {

/// web.yml as it is in force; never changed after.
struct Policy {
  config::WebConfig config;
  std::shared_ptr<boost::asio::ssl::context> tls;  ///< null: plain HTTP
  std::string digest;                              ///< of all that was read, for is_current()
};

/// Reads web.yml and what it names. All problems are reported; then null. Blocks for the disk.
std::shared_ptr<const Policy> load_policy(const std::string& path, Diagnostics& diagnostics);

/// The files still hold what the policy was made of. Blocks for the disk.
bool is_current(const Policy& policy);

}  // namespace reachd::web
