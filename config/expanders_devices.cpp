#include <algorithm>

#include "config/expanders.hpp"

namespace reachd::config {
namespace {

constexpr std::string_view kEncapsulated =
    "encapsulated: the device answers its appliance only, so nothing seen from here is proof";

/// The product's host is another machine: its own ports are looked at from here.
std::string seen_from(const Expansion& expansion) { return "seen from " + expansion.vantage(); }

/// What the appliance opens is opened from here instead.
std::string seen_for(const Expansion& expansion) {
  return "seen from " + expansion.vantage() + ", not from " + expansion.estate().appliance;
}

bool has_feature(const Requirement& requirement, const Device& device) {
  return requirement.feature.empty() ||
         std::ranges::find(device.features, requirement.feature) != device.features.end();
}

void add_at_appliance(Expansion& expansion, const std::string& host, const Place& place,
                      std::string_view variant = {}, std::vector<std::string> peers = {}) {
  if (host.empty()) {
    return;
  }
  Row row(place, host);
  row.note = seen_from(expansion);
  row.variant = variant;
  row.peers = std::move(peers);
  expansion.add(std::move(row));
}

void add_member(Expansion& expansion, const Device& device, const std::string& host) {
  PlanBuilder& builder = expansion.builder();
  Row row(device.place, host);
  row.device = device.is_range ? device.name + "/" + host : device.name;
  row.device_type = device.type;
  row.variant = device.type;
  row.gentle = true;
  row.note = seen_for(expansion);
  std::optional<std::uint32_t> group;
  if (expansion.estate().encapsulated) {
    row.gate = Gate{Gate::Kind::never, 0, std::string(kEncapsulated)};
  } else if (device.is_range) {
    group = builder.group("device " + row.device);
    row.gate = Gate{Gate::Kind::device_answered, *group, {}};
  }
  const auto check = expansion.add(std::move(row));
  if (check) {
    for (const std::string& parent : device.depends_on) {
      builder.plan().checks[*check].depends_on.push_back("device/" + parent);
    }
  }
  if (check && group) {
    builder.plan().groups[*group].checks.push_back(*check);
  }
}

void add_catalogued(Expansion& expansion, const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts) {
    if (Cidr::parse(host)) {
      expansion.omit("its addresses are known as the network " + host +
                     " only: name a host under checks:");
    } else {
      Row row(expansion.requirement().place, host);
      row.note = seen_for(expansion);
      row.variant = "all";
      expansion.add(std::move(row));
    }
  }
}

}  // namespace

void expand_appliance(Expansion& expansion) {
  add_at_appliance(expansion, expansion.estate().appliance, expansion.estate().appliance_place);
}

void expand_devices(Expansion& expansion) {
  for (const Device& device : expansion.estate().devices) {
    if (expansion.requirement().is_for(device.type) &&
        has_feature(expansion.requirement(), device)) {
      for (const std::string& host : device.hosts) {
        add_member(expansion, device, host);
      }
    }
  }
}

void expand_devices_inbound(Expansion& expansion) {
  std::vector<std::string> peers;
  const Device* first = nullptr;
  for (const Device& device : expansion.estate().devices) {
    if (expansion.requirement().is_for(device.type) &&
        has_feature(expansion.requirement(), device)) {
      first = first == nullptr ? &device : first;
      peers.insert(peers.end(), device.hosts.begin(), device.hosts.end());
    }
  }
  if (first != nullptr) {
    add_at_appliance(expansion, expansion.estate().appliance, first->place, first->type,
                     std::move(peers));
  }
}

void expand_service(Expansion& expansion) {
  const Requirement& requirement = expansion.requirement();
  const auto& services = expansion.estate().services;
  const auto service = std::ranges::find(services, requirement.argument, &Service::name);
  if (service == services.end()) {
    return;
  }
  for (const ListedHost& host : service->hosts) {
    if (fits(host, requirement)) {
      Row row(host.place, host.host);
      row.port = host.port;
      row.note = seen_for(expansion);
      expansion.add(std::move(row));
    }
  }
}

void expand_call_home(Expansion& expansion) {
  const auto* hosts = expansion.requirement().hosts_of("all");
  if (expansion.estate().call_home && hosts != nullptr) {
    add_catalogued(expansion, *hosts);
  }
}

void expand_mobile_push(Expansion& expansion) {
  const auto& wanted = expansion.estate().mobile_push;
  const auto* hosts = expansion.requirement().hosts_of("all");
  if (hosts != nullptr &&
      std::ranges::find(wanted, expansion.requirement().argument) != wanted.end()) {
    add_catalogued(expansion, *hosts);
  }
}

void expand_os_deployment(Expansion& expansion) {
  const Estate& estate = expansion.estate();
  if (estate.os_deployment) {
    add_at_appliance(
        expansion, estate.deployment_network.empty() ? estate.appliance : estate.deployment_network,
        estate.appliance_place);
  }
}

}  // namespace reachd::config
