#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "probes/core/embedded.hpp"
#include "probes/core/probe.hpp"
#include "probes/core/value.hpp"

namespace reachd::config {

/// Where a requirement's port is known from, the strongest first (contract, 1).
enum class Evidence : std::uint8_t {
  operator_,  // NOLINT(readability-identifier-naming): the word itself is C++'s
  vendor,
  vendor_rule,
  sibling,
  device,
  third_party,
  general
};
/// Seen from the product's host: outbound connections are opened by it.
enum class Direction : std::uint8_t { outbound, inbound, unknown };
std::string_view to_string(Evidence) noexcept;
std::string_view to_string(Direction) noexcept;

/// The port of a requirement in each form that the catalogue knows. Nothing is set where nobody
/// knows it.
struct RequirementPort {
  std::optional<std::uint16_t> number;
  std::string prefix;  ///< of a pattern: "33" of "33nn", where nn is two digits of the target's own
  std::optional<std::uint16_t> http;  ///< where the URL's scheme decides
  std::optional<std::uint16_t> https;
};

/// One row of a product's port list (format: config/README.md). Immutable and shared: 100,000
/// checks may point at a few.
struct Requirement {
  Place place;
  std::string id;
  std::string product;
  std::string ref;  ///< of the vendor's list; empty if `table` is set
  std::string table;
  std::string purpose;
  Direction direction = Direction::outbound;
  std::string from;
  std::string to;
  std::optional<Transport> transport;  ///< none: nobody says
  std::string protocol;                ///< application protocol, empty: nobody says
  std::string port;       ///< as shown: "443", "33nn", "80 (http), 443 (https)", empty: nobody says
  RequirementPort ports;  ///< `port` taken apart
  bool fixed = false;
  Necessity necessity = Necessity::optional;
  std::string condition;
  std::string deployment;  ///< "cloud" or "on_premises", empty: both
  std::string feature;     ///< what has to be in use, empty: nothing in particular
  Evidence evidence = Evidence::general;
  std::vector<std::pair<std::string, Evidence>> evidence_by;  ///< region or device type: its level
  std::vector<std::string> device_types;
  std::vector<std::pair<std::string, std::vector<std::string>>> hosts;  ///< by region, or "all"
  std::string path;
  std::string probe;  ///< name of a probe type, empty: nothing speaks it, so it is listed only
  Value params = Value::map();       ///< the probe's own keys, as a check would write them
  std::string tls;                   ///< "strict", "observe", or empty
  std::vector<std::string> issuers;  ///< who usually signs the certificates: texts of their names
  std::string proxy;                 ///< "product", "revocation", or empty: direct
  std::string expand;                ///< name of an expander, empty: no setting names its targets
  std::string argument;              ///< the expander's (`with:`)
  std::optional<Duration> interval;
  bool enabled = true;  ///< false: only where the operator asks for it
  std::vector<std::string> sources;

  /// The level for a region or a device type.
  Evidence evidence_for(std::string_view key) const noexcept;
  /// The hosts of a region or of "all"; null if none are known.
  const std::vector<std::string>* hosts_of(std::string_view key) const noexcept;
  bool is_for(std::string_view device_type) const noexcept;
};

/// One product's part of the catalogue.
struct CatalogProduct {
  std::string product;
  std::string title;
  std::vector<std::pair<std::string, std::string>> sources;      ///< key and where that is
  std::vector<std::shared_ptr<const Requirement>> requirements;  ///< in the order of the file
};

/// What each product needs open. Immutable once loaded.
class Catalog {
 public:
  /// The embedded catalogue, and over it every *.yaml of `folder` (in the order of their names;
  /// empty: none): an entry with a known id replaces that entry, others are added. All problems
  /// are reported; then nothing is returned.
  static std::optional<Catalog> load(const std::string& folder, Diagnostics& diagnostics);
  /// The same from files in memory, without the embedded ones.
  static std::optional<Catalog> read(std::span<const EmbeddedFile> files, Diagnostics& diagnostics);

  const std::vector<CatalogProduct>& products() const noexcept { return products_; }
  const CatalogProduct* product(std::string_view name) const noexcept;
  /// Null if there is no such requirement.
  std::shared_ptr<const Requirement> find(std::string_view id) const noexcept;

 private:
  std::vector<CatalogProduct> products_;
};

}  // namespace reachd::config
