#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "config/estate_sections.hpp"

namespace reachd::config {
namespace {

void read_device(EstateContext& context, const Value& item,
                 const std::vector<std::string_view>& types,
                 const std::vector<std::string_view>& features) {
  Reader reader(item, context.diagnostics, context.reader.what() + ", devices");
  Device device;
  device.place = item.place;
  device.name = reader.required_text("name");
  device.type = reader.required_text("type");
  if (!device.type.empty()) {
    check_word(device.type, types, reader.place("type"), reader.what() + ": type",
               context.diagnostics);
  }
  const std::string address = reader.required_text("address");
  if (!address.empty()) {
    device.is_range = address.find('/') != std::string::npos;
    device.hosts = expand_range(context, address, reader.place("address"));
  }
  device.features = reader.texts("features");
  for (const std::string& feature : device.features) {
    check_word(feature, features, reader.place("features"), reader.what() + ": a feature",
               context.diagnostics);
  }
  device.depends_on = reader.texts("depends_on");
  reader.done();
  const auto known = std::ranges::find(context.estate.devices, device.name, &Device::name);
  if (known != context.estate.devices.end()) {
    context.diagnostics.error(
        item.place, "device " + device.name + " is already at " + known->place.to_string());
  }
  context.estate.devices.push_back(std::move(device));
}

/// Each name has to be that of one device, and none may depend on itself, however far around: its
/// alerts would be held back for ever.
void check_dependencies(EstateContext& context) {
  const std::vector<Device>& devices = context.estate.devices;
  std::map<std::string_view, const Device*> by_name;
  std::vector<std::string_view> names;
  for (const Device& device : devices) {
    if (!device.is_range) {
      by_name.emplace(device.name, &device);
      names.push_back(device.name);
    }
  }
  std::map<std::string_view, std::vector<std::string_view>> children;
  std::map<std::string_view, std::size_t> open;  // parents that are not known to be free of circles
  std::vector<std::string_view> free;
  for (const Device& device : devices) {
    for (const std::string& parent : device.depends_on) {
      if (by_name.contains(parent)) {
        children[parent].push_back(device.name);
        ++open[device.name];
      } else {
        context.diagnostics.error(device.place, "device " + device.name + ": depends_on names \"" +
                                                    parent +
                                                    "\", which is no device with one address" +
                                                    did_you_mean(parent, names));
      }
    }
    if (!open.contains(device.name)) {
      free.push_back(device.name);
    }
  }
  for (std::size_t i = 0; i < free.size(); ++i) {
    for (const std::string_view child : children[free[i]]) {
      if (--open[child] == 0) {
        free.push_back(child);
      }
    }
  }
  for (const auto& [name, parents] : open) {
    if (parents > 0) {
      const auto device = std::ranges::find(devices, name, &Device::name);
      context.diagnostics.error(device->place,
                                "depends_on goes in a circle through device " + device->name);
      return;
    }
  }
}

}  // namespace

void read_appliance(EstateContext& context) {
  context.estate.appliance = read_host(context.reader, "appliance");
  context.estate.appliance_place = context.reader.place("appliance");
}

void read_devices(EstateContext& context) {
  std::set<std::string_view> types;
  std::set<std::string_view> features;
  for (const auto& requirement : context.catalog.requirements) {
    types.insert(requirement->device_types.begin(), requirement->device_types.end());
    if (!requirement->device_types.empty() && !requirement->feature.empty()) {
      features.insert(requirement->feature);
    }
  }
  context.estate.encapsulated = context.reader.boolean("encapsulated", false);
  for (const Value& item : context.reader.list("devices")) {
    read_device(context, item, {types.begin(), types.end()}, {features.begin(), features.end()});
  }
  check_dependencies(context);
}

/// `services:` is one map for three expanders, so it is read as a whole.
void read_services(EstateContext& context) {
  const Value* services = context.reader.raw("services");
  if (services == nullptr) {
    return;
  }
  Reader reader(*services, context.diagnostics, context.reader.what() + ", services");
  constexpr std::array<std::pair<std::string_view, Transport>, 2> kTransports{
      {{"tcp", Transport::tcp}, {"udp", Transport::udp}}};
  for (const std::string_view name : arguments_of(context.catalog, "service")) {
    Service service{std::string(name), {}};
    service.hosts = read_hosts(context, reader, name, [&](Reader& entry, ListedHost& host) {
      host.tls = entry.boolean("tls", false);
      if (entry.has("transport")) {
        host.transport = entry.choice<Transport>("transport", Transport::tcp, kTransports);
      }
    });
    for (const ListedHost& host : service.hosts) {
      const auto about_it = [&](const auto& requirement) {
        return requirement->expand == "service" && requirement->argument == name &&
               fits(host, *requirement);
      };
      if (std::ranges::none_of(context.catalog.requirements, about_it)) {
        context.diagnostics.error(host.place, reader.what() + ": the catalogue has no " +
                                                  service.name + " with this transport and tls");
      }
    }
    context.estate.services.push_back(std::move(service));
  }
  context.estate.call_home = reader.boolean("call_home", false);
  context.estate.mobile_push = reader.texts("mobile_push");
  const std::vector<std::string_view> makers = arguments_of(context.catalog, "mobile_push");
  for (const std::string& maker : context.estate.mobile_push) {
    check_word(maker, makers, reader.place("mobile_push"), reader.what() + ": mobile_push",
               context.diagnostics);
  }
  reader.done();
}

bool fits(const ListedHost& host, const Requirement& requirement) noexcept {
  const bool transport =
      host.transport ? host.transport == requirement.transport : requirement.feature != "tcp";
  return transport && host.tls == (requirement.feature == "tls");
}

void read_os_deployment(EstateContext& context) {
  const Value* deployment = context.reader.raw("os_deployment");
  if (deployment == nullptr) {
    return;
  }
  Reader reader(*deployment, context.diagnostics, context.reader.what() + ", os_deployment");
  context.estate.os_deployment = reader.boolean("enabled", false);
  if (reader.has("network")) {
    context.estate.deployment_network = read_host(reader, "network");
  }
  reader.done();
}

}  // namespace reachd::config
