#include <algorithm>
#include <functional>

#include "config/estate_sections.hpp"

namespace reachd::config {
namespace {

std::vector<ListedHost> read_kinds(EstateContext& context, std::string_view list,
                                   std::string_view key,
                                   const std::function<void(Reader&, ListedHost&)>& more = {}) {
  const std::vector<std::string_view> words = arguments_of(context.catalog, list);
  return read_hosts(context, context.reader, list, [&](Reader& reader, ListedHost& host) {
    host.kind = reader.required_text(key);
    if (!host.kind.empty()) {
      check_word(host.kind, words, reader.place(key), reader.what() + ": " + std::string(key),
                 reader.diagnostics());
    }
    if (more) {
      more(reader, host);
    }
  });
}

}  // namespace

void read_sap_systems(EstateContext& context) {
  context.estate.sap_systems =
      read_hosts(context, context.reader, "sap", [](Reader& reader, ListedHost& host) {
        host.kind = reader.required_text("instance");
        const bool digits = host.kind.size() == 2 && std::ranges::all_of(host.kind, [](char c) {
                              return c >= '0' && c <= '9';
                            });
        if (!host.kind.empty() && !digits) {
          reader.error("instance", "instance is two digits, such as \"00\"");
          host.kind.clear();
        }
      });
}

void read_directories(EstateContext& context) {
  context.estate.directories =
      read_hosts(context, context.reader, "active_directory", [](Reader& reader, ListedHost& host) {
        host.tls = reader.boolean("ssl", false);
        host.kind = host.tls ? "ssl" : "plain";
      });
}

void read_databases(EstateContext& context) {
  const auto more = [](Reader& reader, ListedHost& host) {
    host.tls = reader.boolean("tls", false);
  };
  context.estate.databases = read_kinds(context, "databases", "kind", more);
}

void read_remote_execution(EstateContext& context) {
  context.estate.remote_execution = read_kinds(context, "remote_execution", "technology");
}

void read_special_inventory(EstateContext& context) {
  for (const Value& item : context.reader.list("special_inventory")) {
    Reader reader(item, context.diagnostics, context.reader.what() + ", special_inventory");
    reader.required_text("url");
    if (auto url = read_url(reader, "url")) {
      context.estate.special_inventory.push_back(std::move(*url));
    }
    reader.done();
  }
}

void read_discovery(EstateContext& context) {
  for (const Value& item : context.reader.list("discovery")) {
    Reader reader(item, context.diagnostics, context.reader.what() + ", discovery");
    Discovery discovery;
    discovery.place = item.place;
    for (const std::string& text : reader.texts("targets")) {
      auto hosts = expand_range(context, text, reader.place("targets"));
      std::ranges::move(hosts, std::back_inserter(discovery.hosts));
    }
    for (const std::string& text : reader.texts("ports")) {
      if (const auto port = parse_port(text)) {
        discovery.ports.push_back(*port);
      } else {
        reader.error("ports", "ports are numbers from 1 to 65535, not \"" + text + "\"");
      }
    }
    if (!reader.has("targets")) {
      reader.error({}, "targets is missing");
    }
    reader.done();
    context.estate.discovery.push_back(std::move(discovery));
  }
}

}  // namespace reachd::config
