#include <algorithm>
#include <array>

#include "config/estate_sections.hpp"
#include "config/host.hpp"
#include "probes/core/words.hpp"

namespace reachd::config {
namespace {

void copy_key(Reader& reader, std::string_view key, Value& to) {
  if (const Value* value = reader.raw(key)) {
    to.members.push_back({std::string(key), value->place, *value});
  }
}

/// Reports what can't be the URL of a proxy. The probes read the rest of it, and judge it.
bool is_proxy_url(Reader& reader, std::string_view key) {
  const std::string text = reader.text(key);
  if (text.empty()) {
    return false;
  }
  const auto wrong = [&](const std::string& why) {
    reader.diagnostics().error(reader.place(key),
                               reader.what() + ", " + std::string(key) + ": " + why);
    return false;
  };
  const auto target = parse_target(text);
  if (!target) {
    return wrong(target.error());
  }
  constexpr std::array<std::string_view, 3> kSchemes{"http", "socks5", "socks5h"};
  if (std::ranges::find(kSchemes, target->scheme) == kSchemes.end()) {
    return wrong("\"" + text + "\" is no URL that begins with http:// or socks5://");
  }
  return true;
}

void read_proxies(EstateContext& context) {
  Reader& reader = context.reader;
  Value credentials = Value::map();
  for (const std::string_view key :
       {"proxy_user", "proxy_password", "proxy_password_file", "no_proxy"}) {
    copy_key(reader, key, credentials);
    if (reader.has(key) && !reader.has("proxy")) {
      reader.error(key, std::string(key) + " has no effect without proxy");
    }
  }
  if (is_proxy_url(reader, "proxy")) {
    context.estate.proxy = credentials;
    copy_key(reader, "proxy", context.estate.proxy);
  }
  const std::string revocation = reader.text("revocation_proxy", "none");
  if (revocation == "the same" || revocation == "same") {
    context.estate.revocation_proxy = context.estate.proxy;
  } else if (revocation != "none" && is_proxy_url(reader, "revocation_proxy")) {
    context.estate.revocation_proxy = Value::map();
    const Value* url = reader.raw("revocation_proxy");
    context.estate.revocation_proxy.members.push_back({"proxy", url->place, *url});
  }
}

void read_servers(EstateContext& context) {
  const std::vector<std::string_view> names = arguments_of(context.catalog, "server_url");
  const Value* servers = context.reader.raw("servers");
  if (servers == nullptr) {
    return;
  }
  Reader reader(*servers, context.diagnostics, context.reader.what() + ", servers");
  for (const std::string_view name : names) {
    if (auto url = read_url(reader, name)) {
      context.estate.servers.emplace_back(name, std::move(*url));
    }
  }
  reader.done();
}

}  // namespace

void read_central(EstateContext& context) {
  Reader& reader = context.reader;
  Estate& estate = context.estate;
  constexpr std::array<std::pair<std::string_view, bool>, 2> kDeployments{
      {{"cloud", true}, {"on_premises", false}}};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kRegions{
      {{"na", "na"}, {"eu", "eu"}, {"apac", "apac"}}};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kEnvironments{
      {{"production", ""}, {"uat", "_uat"}}};
  estate.cloud = reader.choice<bool>("deployment", true, kDeployments);
  estate.region = reader.choice<std::string_view>("region", {}, kRegions);
  const auto environment = reader.choice<std::string_view>("environment", {}, kEnvironments);
  estate.region += environment;
  estate.registering = reader.boolean("registering", false);
  read_proxies(context);
  read_servers(context);
  estate.parent = read_url(reader, "parent");
  const bool direct = reader.boolean("direct_cloud", false);
  estate.has_central = !reader.has("parent") || direct;
  if (const Value* tls = reader.raw("tls")) {
    estate.tls = *tls;
  }
  if (estate.cloud && estate.has_central && !reader.has("region")) {
    reader.error("deployment", "region is missing: na, eu or apac");
  }
  // A URL that can't be read is reported already.
  const Value* servers = reader.raw("servers");
  const bool names_servers = servers != nullptr && servers->kind != Value::Kind::null &&
                             (servers->kind != Value::Kind::map || !servers->members.empty());
  if (!estate.cloud && estate.has_central && !names_servers) {
    reader.error("servers", "servers is missing: the URLs of the central servers on the premises");
  }
}

bool mark_own(std::vector<Url>& uploads, const std::vector<std::string>& names) {
  const auto label = [](std::string_view name) { return name.substr(0, name.find('.')); };
  const auto is_ours = [&](const Target& target) {
    return target.literal ? target.literal->is_loopback()
                          : std::ranges::any_of(names, [&](const std::string& name) {
                              return same_word(label(target.host), label(name));
                            });
  };
  bool found = false;
  for (Url& upload : uploads) {
    upload.own = upload.own || is_ours(upload.target);
    found = found || upload.own;
  }
  if (!found && uploads.size() == 1) {
    uploads.front().own = true;
  }
  return found || uploads.size() <= 1;
}

void read_uploads(EstateContext& context) {
  const std::string what = context.reader.what() + ", uploads";
  bool said = false;
  for (const Value& item : context.reader.list("uploads")) {
    std::optional<Url> url;
    if (item.kind == Value::Kind::map) {
      Reader reader(item, context.diagnostics, what);
      reader.required_text("url");
      url = read_url(reader, "url");
      said = said || reader.has("own");
      if (url) {
        url->own = reader.boolean("own", false);
        url->process = reader.text("process");
      }
      reader.done();
    } else {
      url = read_url(item.scalar, item.place, what, context.diagnostics);
    }
    if (url && !url->names_port) {
      context.diagnostics.error(url->place,
                                what + ": the URL must name its port, as agents need it");
    }
    if (url) {
      context.estate.uploads.push_back(std::move(*url));
    }
  }
  if (!said) {
    context.estate.knows_own =
        mark_own(context.estate.uploads, {context.settings.vantage, host_name()});
  }
}

void read_clients(EstateContext& context) {
  for (const Value& item : context.reader.list("clients")) {
    if (auto url = read_url(item.scalar, item.place, context.reader.what() + ", clients",
                            context.diagnostics)) {
      context.estate.clients.push_back(std::move(*url));
    }
  }
}

void read_sap_service(EstateContext& context) {
  const Value* service = context.reader.raw("sap_service");
  if (service == nullptr) {
    return;
  }
  Reader reader(*service, context.diagnostics, context.reader.what() + ", sap_service");
  context.estate.sap_service =
      InboundService{service->place, read_port(reader), reader.text("process")};
  reader.done();
}

}  // namespace reachd::config
