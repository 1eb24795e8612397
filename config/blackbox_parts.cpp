// What several probers' blocks have in common.
#include <algorithm>

#include "config/blackbox_reader.hpp"
#include "probes/core/utf8.hpp"

namespace reachd::config::blackbox {
namespace {

using Version = std::pair<std::string_view, std::uint16_t>;
constexpr std::array<Version, 4> kVersions{
    {{"TLS10", 0x0301}, {"TLS11", 0x0302}, {"TLS12", 0x0303}, {"TLS13", 0x0304}}};

/// What Prometheus takes as the name of a label.
bool is_label_name(std::string_view name) noexcept {
  const auto letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !name.empty() && letter(name.front()) && !name.starts_with("__") &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void read_labels(Block& step, QueryStep& result) {
  for (const Value& item : step.list("labels")) {
    Block label(item, step.context(), step.what_of("labels"));
    const std::string name = label.text("name");
    const std::string value = label.text("value");
    label.done();
    if (!is_label_name(name)) {
      label.error("name",
                  "a label's name has letters, digits and _, not \"" + name.substr(0, 60) + "\"");
    } else if (!is_utf8(value)) {
      label.error("value", "a label's value is text in UTF-8");
    } else if (std::ranges::any_of(result.labels,
                                   [&](const auto& other) { return other.first == name; })) {
      label.error("name", "the label " + name + " stands here twice");
    } else {
      result.labels.emplace_back(name, value);
    }
  }
}

}  // namespace

AddressChoice read_address_choice(Block& block) {
  using Family = IpAddress::Family;
  constexpr std::array<std::pair<std::string_view, Family>, 3> kFamilies{
      {{"ip6", Family::v6}, {"ip4", Family::v4}, {"", Family::v6}}};
  return {.preferred = block.choice<Family>("preferred_ip_protocol", Family::v6, kFamilies),
          .fallback = block.flag("ip_protocol_fallback", true)};
}

std::optional<IpAddress> read_source_address(Block& block) {
  const std::string text = block.text("source_ip_address");
  const auto address = IpAddress::parse(text);
  if (!text.empty() && !address) {
    block.error("source_ip_address",
                "source_ip_address is an address of this host, not \"" + text.substr(0, 60) + "\"");
  }
  return address;
}

TlsConfig read_tls_config(Block& outer) {
  Block block(outer.below("tls_config"), outer.context(), outer.what_of("tls_config"));
  TlsConfig result;
  result.ca = block.source({"ca", "ca_file", "ca_ref"});
  result.cert = block.source({"cert", "cert_file", "cert_ref"});
  result.key = block.source({"key", "key_file", "key_ref"});
  const bool has_cert = result.cert.given() || block.given("cert_ref");
  if (has_cert != (result.key.given() || block.given("key_ref"))) {
    block.error({},
                has_cert ? "a client certificate needs its key" : "a key needs its certificate");
  }
  result.server_name = block.text("server_name");
  result.insecure_skip_verify = block.flag("insecure_skip_verify", false);
  result.min_version = block.choice<std::uint16_t>("min_version", result.min_version, kVersions);
  result.max_version = block.choice<std::uint16_t>("max_version", result.max_version, kVersions);
  if (result.min_version > result.max_version) {
    block.error(block.given("max_version") ? "max_version" : "min_version",
                "min_version is above max_version (default: TLS12 to TLS13)");
  }
  block.done();
  return result;
}

std::vector<QueryStep> read_query_response(Block& outer) {
  std::vector<QueryStep> result;
  for (const Value& item : outer.list("query_response")) {
    Block step(item, outer.context(), outer.what_of("query_response"));
    QueryStep read;
    step.at_most_one({"expect", "expect_bytes"});
    read.expect = step.pattern("expect");
    read.expect_bytes = step.text("expect_bytes");
    read_labels(step, read);
    read.send = step.text("send");
    read.starttls = step.flag("starttls", false);
    step.done();
    result.push_back(std::move(read));
  }
  return result;
}

}  // namespace reachd::config::blackbox
