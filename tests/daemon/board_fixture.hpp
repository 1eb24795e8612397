#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/engine/board.hpp"

namespace reachd::test {

/// A small plan made by hand, for what renders plans and boards: no catalogue, no configuration.
///
///   0 flexera.3.batch-server/beacon.example.com   tcp, required, labels {site: ams, odd: a
///   "quoted" \ value} 1 custom/web                                  http, required, on a device,
///   depends on check 0 2 custom/gateway                              icmp, optional
config::Plan small_plan();

/// A board over small_plan(): check 0 is up with two addresses and a certificate, 1 is down, 2 was
/// never probed. All times are fixed.
std::shared_ptr<engine::Board> small_board();

enum class Names : std::uint8_t {
  of_a_product,  ///< requirement and host, as the catalogue makes them, and one configured label
  brief,         ///< "custom/c123" on an address
};
/// A board of `checks` TCP checks that have all been probed, for measurements.
std::shared_ptr<engine::Board> large_board(std::size_t checks, Names names = Names::of_a_product);

}  // namespace reachd::test
