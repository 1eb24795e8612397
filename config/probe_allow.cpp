#include "config/probe_allow.hpp"

#include <algorithm>
#include <array>

#include "config/parts.hpp"
#include "probes/core/target.hpp"

namespace reachd::config {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// RFC 4291, 2.5.5.2: a connection to a mapped address goes to the IPv4 address.
IpAddress without_mapping(const IpAddress& address) noexcept {
  if (address.is_v4() || !std::ranges::equal(std::span(address.bytes).first<12>(), kMapped)) {
    return address;
  }
  IpAddress result;
  std::ranges::copy(std::span(address.bytes).last<4>(), result.bytes.begin());
  return result;
}

bool is_plain_path(std::string_view path) noexcept {
  if (!path.starts_with('/') || path.contains('\0')) {
    return false;
  }
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    if (part == "." || part == "..") {
      return false;
    }
    path.remove_prefix(part.size());
  }
  return true;
}

std::vector<std::uint16_t> read_ports(Reader& reader) {
  std::vector<std::uint16_t> ports;
  const auto texts = placed_texts(reader, "ports");
  for (const Value& text : texts) {
    if (const auto port = parse_port(text.scalar)) {
      ports.push_back(*port);
    } else {
      reader.diagnostics().error(text.place, reader.what() + ": \"" + text.scalar.substr(0, 60) +
                                                 "\" is no port; ports go from 1 to 65535");
    }
  }
  if (reader.has("ports") && texts.empty()) {
    reader.error("ports", "ports names no port; leave it out to allow any");
  }
  std::ranges::sort(ports);
  return ports;
}

}  // namespace

bool ProbeAllow::Entry::has_module(std::string_view module) const noexcept {
  return modules.empty() || std::ranges::find(modules, module) != modules.end();
}

ProbeAllow::Entry ProbeAllow::read_entry(const Value& item, Diagnostics& diagnostics) {
  Reader reader(item, diagnostics, "an entry of probe_allow");
  Entry entry;
  entry.place = item.place;
  const std::string cidr = reader.text("cidr");
  entry.path = reader.text("path");
  if (cidr.empty() == entry.path.empty()) {
    reader.error({}, "an entry has a cidr, such as 10.0.0.0/8, or the path of a Unix socket");
  } else if (!entry.path.empty() && !is_plain_path(entry.path)) {
    reader.error("path", "path is absolute and has no \".\" or \"..\" in it");
  } else if (entry.path.empty()) {
    const auto network = Cidr::parse(cidr);
    if (network) {
      entry.network = *network;
    } else {
      reader.error("cidr", network.error());
    }
  }
  entry.ports = read_ports(reader);
  if (!entry.path.empty() && reader.has("ports")) {
    reader.error("ports", "a Unix socket has no ports");
  }
  entry.modules = reader.texts("modules");
  if (reader.has("modules") && entry.modules.empty()) {
    reader.error("modules", "modules names no module; leave it out to allow any");
  }
  reader.done();
  return entry;
}

ProbeAllow ProbeAllow::read(const Value& list, Diagnostics& diagnostics) {
  ProbeAllow result;
  result.entries_.reserve(list.items.size());
  for (const Value& item : list.items) {
    result.entries_.push_back(read_entry(item, diagnostics));
  }
  return result;
}

void ProbeAllow::check_modules(std::span<const std::string_view> known,
                               Diagnostics& diagnostics) const {
  for (const Entry& entry : entries_) {
    for (const std::string& module : entry.modules) {
      if (std::ranges::find(known, std::string_view(module)) == known.end()) {
        diagnostics.error(entry.place, "an entry of probe_allow: there is no module \"" +
                                           module.substr(0, 60) + "\"" +
                                           did_you_mean(module, {known.begin(), known.end()}));
      }
    }
  }
}

bool ProbeAllow::allows(const IpAddress& address, std::uint16_t port,
                        std::string_view module) const noexcept {
  const IpAddress reached = without_mapping(address);
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return entry.path.empty() && entry.network.contains(reached) &&
           (entry.ports.empty() || std::ranges::binary_search(entry.ports, port)) &&
           entry.has_module(module);
  });
}

bool ProbeAllow::allows_path(std::string_view path, std::string_view module) const noexcept {
  return is_plain_path(path) && std::ranges::any_of(entries_, [&](const Entry& entry) {
           const bool within =
               entry.path.ends_with('/') ? path.starts_with(entry.path) : path == entry.path;
           return !entry.path.empty() && within && entry.has_module(module);
         });
}

}  // namespace reachd::config
