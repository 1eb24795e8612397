#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/estate.hpp"

namespace reachd::config {

/// What a section of a product is read with. The readers below are the parts of read_estate(); each
/// is in the table of estate.cpp beside the expanders that need it.
struct EstateContext {
  Reader& reader;  ///< of the product's whole map
  const CatalogProduct& catalog;
  const Settings& settings;
  Diagnostics& diagnostics;
  Estate& estate;
};

// estate_central.cpp
void read_central(EstateContext&);
void read_uploads(EstateContext&);
void read_clients(EstateContext&);
void read_sap_service(EstateContext&);
// estate_hosts.cpp
void read_sap_systems(EstateContext&);
void read_directories(EstateContext&);
void read_databases(EstateContext&);
void read_remote_execution(EstateContext&);
void read_special_inventory(EstateContext&);
void read_discovery(EstateContext&);
// estate_devices.cpp
void read_appliance(EstateContext&);
void read_devices(EstateContext&);
void read_services(EstateContext&);
void read_os_deployment(EstateContext&);

/// The arguments that the catalogue's entries give to an expander: what a word may be.
std::vector<std::string_view> arguments_of(const CatalogProduct& catalog,
                                           std::string_view expander);
/// Reports a word that is none of `words`.
void check_word(std::string_view word, const std::vector<std::string_view>& words,
                const Place& place, const std::string& what, Diagnostics& diagnostics);
/// A name or an address that has to be there.
std::string read_host(Reader& reader, std::string_view key);
std::optional<std::uint16_t> read_port(Reader& reader);
/// An http or https URL; `what` begins the message. The second form reads a key that may be
/// missing.
std::optional<Url> read_url(std::string_view text, const Place& place, const std::string& what,
                            Diagnostics& diagnostics);
std::optional<Url> read_url(Reader& reader, std::string_view key);

/// Sets `own` where nothing says it: the first label of the URL's host is that of one of this
/// host's names, whatever the case; or the URL is the only one. False if it is none of several.
bool mark_own(std::vector<Url>& uploads, const std::vector<std::string>& names);

/// expand_range() within the limit of the settings; a network is kept in the estate beside.
std::vector<std::string> expand_range(EstateContext& context, std::string_view text,
                                      const Place& place);

/// Reads each entry of a list of hosts; `more` reads what they say beside host and port.
template <typename More>
std::vector<ListedHost> read_hosts(EstateContext& context, Reader& from, std::string_view key,
                                   More more) {
  std::vector<ListedHost> hosts;
  for (const Value& item : from.list(key)) {
    Reader reader(item, context.diagnostics, from.what() + ", " + std::string(key));
    ListedHost host;
    host.place = item.place;
    host.host = read_host(reader, "host");
    host.port = read_port(reader);
    more(reader, host);
    reader.done();
    hosts.push_back(std::move(host));
  }
  return hosts;
}

}  // namespace reachd::config
