#include <algorithm>
#include <set>
#include <utility>

#include "config/expanders.hpp"
#include "probes/core/words.hpp"

namespace reachd::config {
namespace {

constexpr std::string_view kThroughParent =
    "its parent goes there for it: direct_cloud: true turns it on";

/// "host" or "host/path" of the catalogue.
void add_catalogued(Expansion& expansion, const std::string& text, std::string_view region,
                    bool in_use = true) {
  const std::size_t slash = text.find('/');
  Row row(expansion.requirement().place, text.substr(0, slash));
  row.variant = region;
  row.in_use = in_use;
  if (slash != std::string::npos) {
    row.path = text.substr(slash);
    row.method = "HEAD";  // a list of revoked certificates has megabytes, and its head is proof
  }
  expansion.add(std::move(row));
}

/// True if a list of the same row of the catalogue names the host.
bool is_catalogued(const Expansion& expansion, const std::string& host) {
  return std::ranges::any_of(expansion.catalog().requirements, [&](const auto& requirement) {
    const auto* hosts = requirement->hosts_of("all");
    return requirement->ref == expansion.requirement().ref && hosts != nullptr &&
           std::ranges::any_of(*hosts, [&](const std::string& text) {
             return text.substr(0, text.find('/')) == host;
           });
  });
}

/// True if the product's requirement of this id is judged strictly: only then a certificate that it
/// was shown is trusted.
bool is_strict(const CatalogProduct& catalog, std::string_view id) {
  return std::ranges::any_of(catalog.requirements, [&](const auto& requirement) {
    return requirement->id == id && requirement->tls == "strict";
  });
}

void add_hosts(Expansion& expansion, const std::vector<ListedHost>& hosts) {
  for (const ListedHost& host : hosts) {
    if (host.kind == expansion.requirement().argument) {
      Row row(host.place, host.host);
      row.port = host.port;
      expansion.add(std::move(row));
    }
  }
}

/// What others open to this host: does it listen here.
void add_listen(Expansion& expansion, const Place& place, std::optional<std::uint16_t> port,
                std::string_view scheme, const std::string& process, std::string known_as = {}) {
  Row row(place);
  row.listen = true;
  row.port = port;
  row.scheme = scheme;
  row.process = process;
  row.known_as = std::move(known_as);
  expansion.add(std::move(row));
}

bool begins_with_path(std::string_view path, std::string_view with) noexcept {
  return !with.empty() && same_word(path.substr(0, with.size()), with);
}

/// True if another way of the catalogue claims the path: `clients:` is one list for all of them.
bool is_claimed_elsewhere(const Expansion& expansion, std::string_view path) {
  return std::ranges::any_of(expansion.catalog().requirements, [&](const auto& requirement) {
    return requirement->expand == "sap_service" && begins_with_path(path, requirement->path);
  });
}

/// The URL itself, or the requirement's own path beside it.
Row row_beside(const Expansion& expansion, const Url& url) {
  Row row(url.place);
  row.path =
      expansion.requirement().argument == "url" ? url.target.path : expansion.requirement().path;
  return row;
}

}  // namespace

void expand_regional_hosts(Expansion& expansion) {
  const Estate& estate = expansion.estate();
  if (!estate.has_central) {
    expansion.omit(std::string(kThroughParent));
    return;
  }
  if (!estate.cloud || estate.region.empty()) {
    return;
  }
  const auto* hosts = expansion.requirement().hosts_of(estate.region);
  if (hosts == nullptr) {
    expansion.omit("no host of it is known for " + estate.region);
    return;
  }
  const bool in_use = expansion.requirement().feature != "registering" || estate.registering;
  for (const std::string& host : *hosts) {
    add_catalogued(expansion, host, estate.region, in_use);
  }
}

void expand_observed(Expansion& expansion) {
  std::set<std::pair<std::string, std::uint16_t>> added;
  for (const ObservedUrl& seen : expansion.builder().observed().urls()) {
    const auto target = parse_target(seen.url, 80);
    if (!target || !is_strict(expansion.catalog(), seen.requirement) ||
        is_catalogued(expansion, target->host) ||
        !added.insert({target->host, target->port}).second) {
      continue;
    }
    Row row(expansion.requirement().place, target->host);
    row.catalog_port = target->port;
    row.scheme = "http";
    row.path = target->path;
    row.method = "HEAD";  // the head of a list is proof enough
    row.note = "named by the certificate of " + seen.requirement;
    expansion.add(std::move(row));
  }
}

void expand_listed_hosts(Expansion& expansion) {
  const auto* hosts = expansion.requirement().hosts_of("all");
  if (!expansion.estate().has_central) {
    expansion.omit(std::string(kThroughParent));
    return;
  }
  if (!expansion.estate().cloud || hosts == nullptr) {
    return;
  }
  for (const std::string& host : *hosts) {
    add_catalogued(expansion, host, "all");
  }
}

void expand_server_url(Expansion& expansion) {
  const Estate& estate = expansion.estate();
  if (!estate.has_central) {
    expansion.omit(std::string(kThroughParent));
    return;
  }
  if (estate.cloud) {
    return;
  }
  const auto found = std::ranges::find(estate.servers, expansion.requirement().argument,
                                       &std::pair<std::string, Url>::first);
  if (found == estate.servers.end()) {
    expansion.omit("servers." + expansion.requirement().argument + " has no URL");
    return;
  }
  Row row(found->second.place);
  row.path = found->second.target.path;
  expansion.add(found->second, std::move(row));
}

void expand_parent_url(Expansion& expansion) {
  if (const auto& parent = expansion.estate().parent) {
    Row row(parent->place);
    row.path = parent->target.path;
    row.port = parent->target.port;  // a scheme's port is what the operator's URL says, too
    expansion.add(*parent, std::move(row));
  }
}

void expand_uploads(Expansion& expansion) {
  if (!expansion.estate().knows_own && expansion.requirement().argument == "url") {
    expansion.omit(
        "no URL of uploads: is this host's, so nothing has to listen here: own: true at the one "
        "that is");
  }
  for (const Url& upload : expansion.estate().uploads) {
    Row row = row_beside(expansion, upload);
    if (upload.own) {
      const bool is_loopback = upload.target.host == kListenHost ||
                               (upload.target.literal && upload.target.literal->is_loopback());
      row.known_as = is_loopback ? "" : upload.target.host;
      add_listen(expansion, upload.place, upload.target.port, upload.target.scheme, upload.process,
                 row.known_as);
    }
    if (upload.own && upload.target.host == kListenHost) {
      row.id_suffix = row.path;  // its listener has the id already
    }
    expansion.add(upload, std::move(row));
  }
  for (const Url& client : expansion.estate().clients) {
    if (!is_claimed_elsewhere(expansion, client.target.path)) {
      expansion.add(client, row_beside(expansion, client));
    }
  }
}

void expand_sap_service(Expansion& expansion) {
  if (const auto& service = expansion.estate().sap_service) {
    add_listen(expansion, service->place, service->port, {}, service->process);
  }
  for (const Url& client : expansion.estate().clients) {
    if (begins_with_path(client.target.path, expansion.requirement().path)) {
      Row row(client.place);
      row.path = client.target.path;
      expansion.add(client, std::move(row));
    }
  }
}

void expand_sap_systems(Expansion& expansion) {
  for (const ListedHost& system : expansion.estate().sap_systems) {
    Row row(system.place, system.host);
    row.port = system.port;
    const std::string& prefix = expansion.requirement().ports.prefix;
    if (!prefix.empty() && !system.kind.empty()) {
      row.catalog_port = parse_port(prefix + system.kind);
    }
    expansion.add(std::move(row));
  }
}

void expand_directories(Expansion& expansion) {
  add_hosts(expansion, expansion.estate().directories);
}

void expand_databases(Expansion& expansion) {
  for (const ListedHost& host : expansion.estate().databases) {
    // A browser is asked for a port that is not known.
    const bool browser = expansion.requirement().transport == Transport::udp;
    if (host.kind == expansion.requirement().argument && !(browser && host.port)) {
      Row row(host.place, host.host);
      row.port = host.port;
      row.tls = host.tls && !browser;
      expansion.add(std::move(row));
    }
  }
}

void expand_remote_execution(Expansion& expansion) {
  add_hosts(expansion, expansion.estate().remote_execution);
}

void expand_remote_execution_share(Expansion& expansion) {
  const auto& targets = expansion.estate().remote_execution;
  const auto target =
      std::ranges::find(targets, expansion.requirement().argument, &ListedHost::kind);
  if (target != targets.end()) {
    add_listen(expansion, target->place, std::nullopt, {}, {});
  }
}

void expand_special_inventory(Expansion& expansion) {
  for (const Url& url : expansion.estate().special_inventory) {
    Row row(url.place);
    row.path = url.target.path;
    row.id_suffix = url.target.path == "/" ? "" : url.target.path;
    row.port = url.target.port;
    expansion.add(url, std::move(row));
  }
}

void expand_discovery_ping(Expansion& expansion) {
  PlanBuilder& builder = expansion.builder();
  for (const Discovery& discovery : expansion.estate().discovery) {
    for (const std::string& host : discovery.hosts) {
      // An address that nobody uses answers nothing, and that is no fault: it is held by its own
      // answer, like the ports behind it.
      const std::uint32_t group = builder.group("discovery " + host);
      Row row(discovery.place, host);
      row.gate = Gate{Gate::Kind::ping_answers, group, {}};
      if (const auto check = expansion.add(std::move(row))) {
        builder.plan().groups[group].checks.push_back(*check);
      }
    }
  }
}

void expand_discovery_ports(Expansion& expansion) {
  PlanBuilder& builder = expansion.builder();
  for (const Discovery& discovery : expansion.estate().discovery) {
    for (const std::string& host : discovery.hosts) {
      const std::uint32_t group = builder.group("discovery " + host);
      const bool is_pinged = !builder.plan().groups[group].checks.empty();
      for (const std::uint16_t port : discovery.ports) {
        Row row(discovery.place, host);
        row.port = port;
        if (is_pinged) {
          row.gate = Gate{Gate::Kind::ping_answers, group, {}};
        }
        expansion.add(std::move(row));
      }
    }
  }
}

}  // namespace reachd::config
