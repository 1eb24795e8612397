#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/catalog.hpp"
#include "config/observed.hpp"
#include "config/settings.hpp"
#include "probes/core/probe.hpp"

namespace reachd::config {

class Catalog;

enum class Severity : std::uint8_t { info, warning, critical };
std::string_view to_string(Severity) noexcept;

/// What may hold back the count of a check's results (never its probing).
struct Gate {
  enum class Kind : std::uint8_t {
    device_answered,  ///< counts once any check of the group has succeeded since the start (members
                      ///< of ranges)
    ping_answers,     ///< counts while the group's ping check succeeds (discovery)
    never,            ///< never counts, `why` says so (encapsulated devices)
  };
  Kind kind = Kind::never;
  std::uint32_t group = 0;  ///< index in Plan::groups
  std::string why;          ///< for never
};

/// A device, or the targets of one discovery: checks that a gate looks at together.
struct Group {
  std::string name;
  std::vector<std::uint32_t>
      checks;  ///< indices in Plan::checks; of a ping_answers group only the ping check
};

/// Who is at the ends of connections that are looked at from here in another host's place.
struct Ends {
  std::string host;                ///< that the requirement is about
  std::vector<std::string> peers;  ///< inbound: who opens it, as far as the configuration says
};

/// One thing that is probed; several checks may share it when they ask the same of the same
/// endpoint.
struct ProbeSpec {
  const ProbeType* type = nullptr;
  Target target;
  std::shared_ptr<const Probe> probe;
  std::shared_ptr<const Probe>
      light;  ///< a TCP connect between full probes (Timing::handshake_every); null: none
  std::shared_ptr<const Timing>
      timing;  ///< shared by all checks that have the same; the shortest interval of its checks
  std::shared_ptr<const std::vector<Endpoint>> name_servers;  ///< null: the system's
  std::shared_ptr<const Target> proxy;  ///< what is on the way to the target; null: nothing
  std::uint64_t key =
      0;  ///< stable hash of type, target and parameters: same key, same probe, across reloads
};

/// One row of the plan.
struct Check {
  std::string id;                                  ///< stable across restarts, reloads and hosts
  std::string name;                                ///< for people; of a custom check its name
  std::shared_ptr<const Requirement> requirement;  ///< null: a check of `checks:`
  std::shared_ptr<const std::string> product;      ///< "flexera-beacon"; "custom" for `checks:`
  std::uint32_t probe = 0;                         ///< index in Plan::probes
  Necessity necessity = Necessity::required;
  bool in_use = true;  ///< false: conditional, and what it is for is not in use now
  Evidence evidence = Evidence::operator_;
  bool confirmed = false;  ///< the operator vouches for it: full severity
  Direction direction = Direction::outbound;
  std::string device;                              ///< name of the managed device, else empty
  std::shared_ptr<const std::string> device_type;  ///< null: none
  std::shared_ptr<const Timing> timing;
  std::shared_ptr<const Labels> labels;  ///< the global ones and its own; null: none
  std::vector<std::string> depends_on;   ///< check ids, and "device/NAME" of a device's checks
  Severity takes = Severity::info;       ///< the highest of the checks that name it in depends_on
  std::optional<Gate> gate;
  std::shared_ptr<const Ends> ends;  ///< null: the requirement is about this host
  std::string note;  ///< "seen from beacon-1": what a reader has to know beside the purpose
};

/// A requirement that the configuration asks for and that is not probed.
struct Omission {
  std::shared_ptr<const Requirement> requirement;
  std::string why;  ///< one sentence that says what would change it
};

/// Catalogue × configuration.
struct Plan {
  std::string vantage;
  std::vector<ProbeSpec> probes;
  std::vector<Check> checks;  ///< in the order of the configuration, ids unique
  std::vector<Group> groups;
  std::vector<Omission> omissions;
  std::vector<Cidr> networks;  ///< of which the configuration means every address
};

/// Builds the plan. `catalog`, `settings` and `observed` are not kept. All problems are reported;
/// then nothing is returned.
std::optional<Plan> make_plan(const Settings& settings, const Catalog& catalog,
                              Diagnostics& diagnostics, const Observed& observed = {});

/// What an alert of this check would be (contract, 1): full severity for required (critical) and
/// optional (warning) where a vendor or the operator vouches for the port; else info, or warning
/// once the check has been up. A conditional check that is not in use now is info. At least that of
/// what depends on the check and is held back when it is down.
Severity severity(const Check& check, bool has_been_up) noexcept;

/// What is asked for; the probe may get there in its own way.
Transport transport(const Check& check, const ProbeSpec& probe) noexcept;
std::string_view purpose(const Check& check) noexcept;         ///< empty for custom checks
std::string_view requirement_id(const Check& check) noexcept;  ///< empty for custom checks

}  // namespace reachd::config
