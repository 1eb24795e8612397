#include "config/estate.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "config/estate_sections.hpp"
#include "probes/core/words.hpp"

namespace reachd::config {
namespace {

bool is_host_or_address(std::string_view text) noexcept {
  return is_host(text) || IpAddress::parse(text).has_value();
}

/// True if the authority of a URL names a port.
bool names_port(std::string_view text) noexcept {
  const std::size_t start = text.find("://");
  std::string_view authority = start == std::string_view::npos ? text : text.substr(start + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
}

struct Section {
  std::string_view expander;  ///< of catalogue entries that need the section
  void (*read)(EstateContext&);
};

constexpr std::array<Section, 24> kSections{{
    {"regional_hosts", read_central},
    {"listed_hosts", read_central},
    {"server_url", read_central},
    {"parent_url", read_central},
    {"uploads", read_uploads},
    {"uploads", read_clients},
    {"sap_service", read_sap_service},
    {"sap_service", read_clients},
    {"sap_systems", read_sap_systems},
    {"directories", read_directories},
    {"databases", read_databases},
    {"remote_execution", read_remote_execution},
    {"remote_execution_share", read_remote_execution},
    {"special_inventory", read_special_inventory},
    {"discovery_ping", read_discovery},
    {"discovery_ports", read_discovery},
    {"appliance", read_appliance},
    {"devices", read_devices},
    {"devices_inbound", read_appliance},
    {"devices_inbound", read_devices},
    {"service", read_services},
    {"call_home", read_services},
    {"mobile_push", read_services},
    {"os_deployment", read_os_deployment},
}};

}  // namespace

std::vector<std::string_view> arguments_of(const CatalogProduct& catalog,
                                           std::string_view expander) {
  std::vector<std::string_view> words;
  for (const auto& requirement : catalog.requirements) {
    if (requirement->expand == expander && !requirement->argument.empty() &&
        std::ranges::find(words, requirement->argument) == words.end()) {
      words.push_back(requirement->argument);
    }
  }
  return words;
}

void check_word(std::string_view word, const std::vector<std::string_view>& words,
                const Place& place, const std::string& what, Diagnostics& diagnostics) {
  if (std::ranges::find(words, word) != words.end()) {
    return;
  }
  diagnostics.error(place, what + " is one of " + join(words, ", ") + ", not \"" +
                               std::string(word) + "\"" + did_you_mean(word, words));
}

std::string read_host(Reader& reader, std::string_view key) {
  std::string host = reader.required_text(key);
  if (!host.empty() && !is_host_or_address(host)) {
    reader.error(key, "\"" + host + "\" is neither a host name nor an address");
  }
  return host;
}

std::optional<std::uint16_t> read_port(Reader& reader) {
  return reader.has("port") ? std::optional(reader.port("port", 0)) : std::nullopt;
}

std::optional<Url> read_url(std::string_view text, const Place& place, const std::string& what,
                            Diagnostics& diagnostics) {
  const auto target = parse_target(text);
  if (!target) {
    diagnostics.error(place, what + ": " + target.error());
    return std::nullopt;
  }
  if (target->scheme != "http" && target->scheme != "https") {
    diagnostics.error(place, what + ": \"" + std::string(text) +
                                 "\" is no URL that begins with http:// or https://");
    return std::nullopt;
  }
  return Url{place, *target, names_port(text), false, {}};
}

std::optional<Url> read_url(Reader& reader, std::string_view key) {
  const std::string text = reader.text(key);
  if (text.empty()) {
    return std::nullopt;
  }
  return read_url(text, reader.place(key), reader.what() + ", " + std::string(key),
                  reader.diagnostics());
}

std::vector<std::string> expand_range(std::string_view text, std::uint32_t limit,
                                      const Place& place, Diagnostics& diagnostics) {
  if (text.find('/') == std::string_view::npos) {
    if (!is_host_or_address(text)) {
      diagnostics.error(
          place, "\"" + std::string(text) + "\" is neither a host name, an address nor a network");
      return {};
    }
    return {std::string(text)};
  }
  const auto network = Cidr::parse(text);
  if (!network) {
    diagnostics.error(place, network.error());
    return {};
  }
  const unsigned bits = (network->network.is_v4() ? 32u : 128u) - network->prefix;
  if (bits >= 32 || (std::uint64_t{1} << bits) > limit) {
    diagnostics.error(place, "\"" + std::string(text) + "\" stands for more addresses than " +
                                 std::to_string(limit) + " (limits.range_addresses)");
    return {};
  }
  // IPv4: network and broadcast address; IPv6: the routers' anycast address (RFC 4291, 2.6.1).
  const std::uint64_t count = std::uint64_t{1} << bits;
  const bool skips = bits > 1;
  const std::uint64_t first = skips ? 1 : 0;
  const std::uint64_t end = skips && network->network.is_v4() ? count - 1 : count;
  std::vector<std::string> hosts;
  hosts.reserve(static_cast<std::size_t>(end - first));
  for (std::uint64_t offset = first; offset < end; ++offset) {
    IpAddress address = network->network;
    const std::size_t last = address.is_v4() ? 3 : 15;
    for (std::size_t byte = 0; byte < 4; ++byte) {
      address.bytes[last - byte] = static_cast<std::uint8_t>(
          address.bytes[last - byte] | static_cast<std::uint8_t>(offset >> (8 * byte)));
    }
    hosts.push_back(address.to_string());
  }
  return hosts;
}

std::vector<std::string> expand_range(EstateContext& context, std::string_view text,
                                      const Place& place) {
  auto hosts =
      expand_range(text, context.settings.limits.range_addresses, place, context.diagnostics);
  if (const auto network = Cidr::parse(text); network && hosts.size() > 1) {
    context.estate.networks.push_back(*network);
  }
  return hosts;
}

Estate read_estate(const Product& product, const CatalogProduct& catalog, const Settings& settings,
                   Diagnostics& diagnostics) {
  Estate estate;
  Reader reader(product.config, diagnostics, "product " + product.product);
  // Read with the settings.
  for (const std::string_view key : {"product", "confirm", "overrides"}) {
    reader.has(key);
  }
  EstateContext context{reader, catalog, settings, diagnostics, estate};
  std::set<void (*)(EstateContext&)> done;
  for (const Section& section : kSections) {
    const bool needed = std::ranges::any_of(catalog.requirements, [&](const auto& requirement) {
      return requirement->expand == section.expander;
    });
    if (needed && done.insert(section.read).second) {
      section.read(context);
    }
  }
  reader.done();
  return estate;
}

}  // namespace reachd::config
