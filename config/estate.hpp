#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/catalog.hpp"
#include "config/settings.hpp"

namespace reachd::config {

/// A URL of the configuration, taken apart.
struct Url {
  Place place;
  Target target;
  bool names_port = false;  ///< the text has a port; else the scheme's was taken
  bool own = false;         ///< of uploads: served by this host
  std::string process;      ///< of uploads: which process has to listen; empty: any
};

/// A host of a list such as `databases:`, with what its entry says beside.
struct ListedHost {
  Place place;
  std::string host;
  std::optional<std::uint16_t> port;  ///< the operator's
  std::string kind;                   ///< database kind, technology or instance number
  bool tls = false;
  std::optional<Transport> transport;
};

/// True if an entry of `services:` is what the requirement is about: its transport, and with TLS or
/// without.
bool fits(const ListedHost& host, const Requirement& requirement) noexcept;

/// Hosts of `services:` for one key of it.
struct Service {
  std::string name;
  std::vector<ListedHost> hosts;
};

/// One entry of `discovery:`.
struct Discovery {
  Place place;
  std::vector<std::string> hosts;
  std::vector<std::uint16_t> ports;
};

/// A managed device, or a range of them.
struct Device {
  Place place;
  std::string name;
  std::string type;
  std::vector<std::string> hosts;  ///< one, or the members of a range
  bool is_range = false;
  std::vector<std::string> features;
  std::vector<std::string> depends_on;  ///< names of devices that it is reached through
};

struct InboundService {
  Place place;
  std::optional<std::uint16_t> port;
  std::string process;
};

/// What the operator says about one product, read and checked: the union of what the expanders of
/// the catalogue know how to use. Lives while the plan is built.
struct Estate {
  // Central servers.
  bool cloud = true;
  std::string region;  ///< key of a requirement's hosts: "eu", "eu_uat"
  bool registering = false;
  bool has_central = true;  ///< false for a child that reaches them through its parent only
  std::vector<std::pair<std::string, Url>> servers;  ///< on premises: web, batch, inventory
  std::optional<Url> parent;
  Value proxy;             ///< the keys of a probe that lead through the product's proxy; or empty
  Value revocation_proxy;  ///< the same for revocation
  Value tls;               ///< `tls:` of the product: over the default of strict requirements

  // Between beacons, agents and scanners.
  std::vector<Url> uploads;
  bool knows_own = true;  ///< false: which of several uploads is this host's is not known
  std::vector<Url> clients;
  std::optional<InboundService> sap_service;

  // Lists of hosts.
  std::vector<ListedHost> sap_systems;
  std::vector<ListedHost> directories;
  std::vector<ListedHost> databases;
  std::vector<ListedHost> remote_execution;
  std::vector<Url> special_inventory;
  std::vector<Discovery> discovery;

  std::vector<Cidr> networks;  ///< that the lists here and below name

  // Managed devices.
  std::string appliance;
  Place appliance_place;
  bool encapsulated = false;
  std::vector<Device> devices;
  std::vector<Service> services;
  bool call_home = false;
  std::vector<std::string> mobile_push;
  bool os_deployment = false;
  std::string deployment_network;  ///< empty: the appliance itself
};

/// Reads the sections of `product` that the expanders of its catalogue entries ask for; every other
/// key is reported as unknown. Problems go to `diagnostics`; what can be used is returned.
Estate read_estate(const Product& product, const CatalogProduct& catalog, const Settings& settings,
                   Diagnostics& diagnostics);

/// The addresses of a network (its own and the broadcast address left out), or the one host that
/// `text` names. An error is reported at `place` where it is neither or stands for more than
/// `limit` addresses; then nothing is returned.
std::vector<std::string> expand_range(std::string_view text, std::uint32_t limit,
                                      const Place& place, Diagnostics& diagnostics);

}  // namespace reachd::config
