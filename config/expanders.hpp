#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/estate.hpp"
#include "config/plan_builder.hpp"

namespace reachd::config {

/// The host in the id of a listener on this one.
inline constexpr std::string_view kListenHost = "localhost";

/// What an expander asks for: one check of the requirement at one target. What it leaves out comes
/// from the requirement.
struct Row {
  explicit Row(Place from, std::string at = {}) : place(std::move(from)), host(std::move(at)) {}

  Place place;  ///< of the configuration that asks for it
  std::string host;
  std::optional<std::uint16_t> port;          ///< the operator's
  std::optional<std::uint16_t> catalog_port;  ///< the requirement's, where only the row knows it
  std::string scheme;                         ///< of HTTP; empty: the requirement's protocol
  std::string path;                           ///< of HTTP; empty: the requirement's
  std::string method;                         ///< of HTTP; empty: the probe's default
  std::string variant;  ///< a region or device type, for the level of evidence
  std::string id_suffix;
  std::string device;
  std::string device_type;
  std::string note;
  std::optional<Gate> gate;
  bool gentle = false;             ///< with the timing of `devices:`
  bool listen = false;             ///< is the port listening on this host
  std::string process;             ///< of listen
  std::string known_as;            ///< inbound: this host's name for those who open it
  std::vector<std::string> peers;  ///< of Ends
  bool tls = false;                ///< the operator's: TLS from the first byte
  bool in_use = true;
};

/// One requirement of one product while it becomes checks. Lent references.
class Expansion {
 public:
  Expansion(PlanBuilder& builder, const Estate& estate, const CatalogProduct& catalog,
            std::shared_ptr<const Requirement> requirement, const Override* changed,
            bool confirmed);

  const Requirement& requirement() const noexcept { return *requirement_; }
  const Estate& estate() const noexcept { return estate_; }
  const CatalogProduct& catalog() const noexcept { return catalog_; }
  const std::string& vantage() const noexcept { return builder_.settings().vantage; }
  PlanBuilder& builder() noexcept { return builder_; }

  /// Adds a check, or notes once why the requirement has none. Returns the check's index if it is
  /// new.
  std::optional<std::uint32_t> add(Row row);
  /// Adds a check of a URL that the operator wrote: its scheme, host and port.
  std::optional<std::uint32_t> add(const Url& url, Row row);
  void omit(std::string why);
  /// False while nothing of the configuration has led to a row or an omission.
  bool is_asked_for() const noexcept { return asked_for_; }

 private:
  bool is_wanted();
  std::optional<std::uint16_t> port_of(const Row& row, std::string_view scheme) const;
  Target target_of(const Row& row, const ProbeType& type, std::uint16_t port) const;
  Value params_of(const Row& row, const ProbeType& type, const Target& target) const;
  std::shared_ptr<const Timing> timing_of(const Row& row);
  /// All but probe and timing.
  Check check_of(const Row& row, std::uint16_t port);

  PlanBuilder& builder_;
  const Estate& estate_;
  const CatalogProduct& catalog_;
  std::shared_ptr<const Requirement> requirement_;
  const Override* override_;
  bool confirmed_;
  bool asked_for_ = false;
  bool omitted_ = false;
  std::shared_ptr<const Ends> ends_;  ///< of all its checks whose peers nobody names
};

/// What `with:` of a catalogue entry may say to an expander.
struct Argument {
  bool needed = false;
  bool any = false;  ///< the catalogue's own word, such as a kind of database
  std::array<std::string_view, 2> words{};  ///< where not any; empty: no more
  std::string_view of{};                    ///< an expander whose entries have the words
};

/// A named way from configuration to checks. Catalogue entries name it in `expand:`.
struct Expander {
  std::string_view name;
  void (*expand)(Expansion&);
  std::string_view needs;  ///< what of the configuration names its targets
  Argument argument{};
};

/// The table of them all; one line each.
std::span<const Expander> expanders() noexcept;
const Expander* find_expander(std::string_view name) noexcept;

/// Reports entries that name no expander, argument or probe type that there is: a catalogue may
/// come from the operator's folder, so what it names is checked like all input.
void check_ways(const CatalogProduct& product, Diagnostics& diagnostics);

// Hosts that the catalogue or a list of the configuration names (expanders_hosts.cpp).
void expand_regional_hosts(Expansion&);
void expand_listed_hosts(Expansion&);
void expand_server_url(Expansion&);
void expand_observed(Expansion&);
void expand_parent_url(Expansion&);
void expand_uploads(Expansion&);
void expand_sap_service(Expansion&);
void expand_sap_systems(Expansion&);
void expand_directories(Expansion&);
void expand_databases(Expansion&);
void expand_remote_execution(Expansion&);
void expand_remote_execution_share(Expansion&);
void expand_special_inventory(Expansion&);
void expand_discovery_ping(Expansion&);
void expand_discovery_ports(Expansion&);

// An appliance, its devices and services (expanders_devices.cpp).
void expand_appliance(Expansion&);
void expand_devices(Expansion&);
void expand_devices_inbound(Expansion&);
void expand_service(Expansion&);
void expand_call_home(Expansion&);
void expand_mobile_push(Expansion&);
void expand_os_deployment(Expansion&);

}  // namespace reachd::config
