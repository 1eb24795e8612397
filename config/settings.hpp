#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/clock.hpp"
#include "probes/core/reader.hpp"
#include "probes/core/target.hpp"
#include "probes/core/value.hpp"

namespace reachd::config {

/// Which of a name's addresses are probed.
enum class AddressPolicy : std::uint8_t { first, each_family, all };
enum class Necessity : std::uint8_t { required, conditional, optional };
std::string_view to_string(AddressPolicy) noexcept;
std::string_view to_string(Necessity) noexcept;

using Labels = std::vector<std::pair<std::string, std::string>>;

/// When to probe and when to believe it: `defaults:`, `devices:` and each check's own keys.
struct Timing {
  Duration interval = std::chrono::seconds(30);
  Duration timeout = std::chrono::seconds(5);
  Duration confirm_interval = std::chrono::seconds(5);
  std::uint16_t down_after = 3;   ///< consecutive failures
  std::uint16_t up_after = 2;     ///< consecutive successes
  std::uint16_t stale_after = 5;  ///< intervals without a proof either way
  AddressPolicy addresses = AddressPolicy::all;
  Duration
      handshake_every{};  ///< 0: every probe is a full one; else a TCP connect serves in between
  std::uint16_t per_host = 4;              ///< probes at one address at the same time
  Duration per_host_gap{};                 ///< between the starts of two probes at one address
  std::optional<Duration> degraded_above;  ///< a slower success is degraded
  Duration certificate_near_end =
      std::chrono::hours(24 * 7);  ///< a leaf that ends sooner is degraded

  bool operator==(const Timing&) const = default;
};

struct Limits {
  std::uint32_t concurrency = 0;         ///< probes in flight; 0: from the descriptor limit
  std::uint32_t range_addresses = 1024;  ///< addresses that one network may stand for
};

/// `journal:`, what is kept of the past.
struct JournalLimits {
  Duration max_age = std::chrono::days(90);             ///< of events and states
  std::uint64_t max_bytes = std::uint64_t{256} << 20U;  ///< of the file; the oldest go first
};

struct Web {
  std::vector<Target> listen;  ///< default 127.0.0.1:9790
  std::string config_file;     ///< exporter-toolkit web configuration, absolute; empty: none
  std::vector<std::string> auth_excluded_paths;  ///< answered without a password
};

/// `overrides:` of one requirement.
struct Override {
  Place place;
  std::string requirement;  ///< id
  std::optional<std::uint16_t> port;
  std::optional<Necessity> necessity;
  std::optional<bool> enabled;
  std::optional<Duration> interval;
  std::optional<Duration> timeout;
};

/// One entry of a product's list, e.g. of `sap:` or `services.syslog`, still in its words: the
/// expander of the requirement reads it with a strict Reader, so a new product needs no new struct.
struct Product {
  std::string product;  ///< "flexera-beacon"
  Value config;         ///< the whole map, with places; kept only while the plan is built
  std::vector<std::string> confirm;  ///< requirement ids that the operator vouches for
  std::vector<Override> overrides;
};

/// An entry of `checks:`.
struct CustomCheck {
  std::string name;
  std::string probe;  ///< a name of the table of probe types
  Value config;  ///< the whole map; the probe type's make() and the plan read their keys from it
  Timing timing;
  Necessity necessity = Necessity::required;
  std::vector<std::string> depends_on;  ///< names or check ids
  Labels labels;
  std::vector<Endpoint> resolver;  ///< its own name servers; empty: those of the settings
};

/// The configuration file, read and checked but for what only the plan can know.
struct Settings {
  std::string path;     ///< of the main file
  std::string vantage;  ///< default: the host name
  Labels labels;
  std::string state_dir;           ///< absolute; empty: where the platform keeps state
  std::string catalog_dir;         ///< overrides of the built-in catalogue, absolute; empty: none
  std::string probe_modules_file;  ///< blackbox.yml of /probe, absolute; empty: /probe is off
  Value probe_allow;               ///< a list, read by daemon/web
  Web web;
  Timing defaults;
  Timing devices;
  Limits limits;
  std::vector<Endpoint> resolver;  ///< name servers for all checks; empty: the system's
  std::vector<Product> products;
  std::vector<CustomCheck> checks;
  JournalLimits journal;
  Value alerting;     ///< read by daemon/alert
  Value maintenance;  ///< read by config/maintenance
};

/// Reads the file with its includes. All problems are reported; then nothing is returned.
std::optional<Settings> load_settings(const std::string& path, Diagnostics& diagnostics);

/// Reads a tree that load_yaml_with_includes() made of the file `path`. What can't be read is
/// reported and has its default in the result, so that the plan's problems can be found in the same
/// run.
Settings read_settings(Value root, const std::string& path, Diagnostics& diagnostics);

/// The keys of an entry of `checks:` that read_settings() reads, `target` among them, which the
/// plan reads; every other key belongs to the probe type.
std::span<const std::string_view> check_keys() noexcept;

/// Reads the timing keys that `reader`'s map holds over `base`: interval, timeout,
/// confirm_interval, down_after, up_after, stale_after, addresses, handshake_every, degraded_above,
/// certificate_near_end. Probes of a check never overlap: a timeout or confirm_interval above the
/// interval is an error where it is written, and is lowered where it comes from `base`. The caller
/// runs done().
Timing read_timing(Reader& reader, const Timing& base);

}  // namespace reachd::config
