#include "config/settings.hpp"

#include <gtest/gtest.h>

#include "config/labels.hpp"
#include "config/yaml.hpp"

namespace reachd::config {
namespace {

using namespace std::chrono_literals;

Settings read(std::string_view text) {
  Diagnostics diagnostics;
  auto root = parse_yaml(text, "t.yaml", diagnostics);
  auto settings = read_settings(std::move(root).value_or(Value{}), "t.yaml", diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
  return settings;
}

std::string errors_of(std::string_view text) {
  Diagnostics diagnostics;
  auto root = parse_yaml(text, "t.yaml", diagnostics);
  if (root) {
    read_settings(std::move(*root), "t.yaml", diagnostics);
  }
  EXPECT_FALSE(diagnostics.ok());
  return diagnostics.to_string();
}

TEST(Settings, AnEmptyFileGivesTheDefaultsOfTheContract) {
  const Settings settings = read("");
  EXPECT_FALSE(settings.vantage.empty());
  ASSERT_EQ(settings.web.listen.size(), 1u);
  EXPECT_EQ(settings.web.listen[0].host, "127.0.0.1");
  EXPECT_EQ(settings.web.listen[0].port, 9790);
  EXPECT_EQ(settings.defaults.interval, 30s);
  EXPECT_EQ(settings.defaults.timeout, 5s);
  EXPECT_EQ(settings.defaults.down_after, 3);
  EXPECT_EQ(settings.defaults.up_after, 2);
  EXPECT_EQ(settings.defaults.confirm_interval, 5s);
  EXPECT_EQ(settings.defaults.stale_after, 5);
  EXPECT_EQ(settings.defaults.addresses, AddressPolicy::all);
  EXPECT_EQ(settings.defaults.per_host, 4);
  EXPECT_EQ(settings.defaults.per_host_gap, 0s);
  EXPECT_EQ(settings.limits.concurrency, 0u);
  EXPECT_EQ(settings.limits.range_addresses, 1024u);
}

TEST(Settings, DevicesAreProbedGently) {
  const Settings settings = read("defaults: {interval: 10s, up_after: 4, addresses: first}\n");
  EXPECT_EQ(settings.devices.interval, 5min);
  EXPECT_EQ(settings.devices.timeout, 15s);
  EXPECT_EQ(settings.devices.down_after, 5);
  EXPECT_EQ(settings.devices.confirm_interval, 60s);
  EXPECT_EQ(settings.devices.handshake_every, 1h);
  EXPECT_EQ(settings.devices.per_host, 1);
  EXPECT_EQ(settings.devices.per_host_gap, 2s);
  // What the gentle defaults leave open comes from `defaults:`.
  EXPECT_EQ(settings.devices.up_after, 4);
  EXPECT_EQ(settings.devices.addresses, AddressPolicy::first);
  EXPECT_EQ(read("devices: {per_host_gap: 5s}").devices.per_host_gap, 5s);
}

TEST(Settings, ChecksTakeTheirTimingFromTheDefaults) {
  const Settings settings = read(
      "defaults: {interval: 1m, down_after: 7}\n"
      "limits: {per_host: 2}\n"
      "checks:\n"
      "- {name: a, probe: tcp, target: 'h:1', interval: 15s, degraded_above: 200ms}\n");
  ASSERT_EQ(settings.checks.size(), 1u);
  const CustomCheck& check = settings.checks[0];
  EXPECT_EQ(check.timing.interval, 15s);
  EXPECT_EQ(check.timing.down_after, 7);
  EXPECT_EQ(check.timing.per_host, 2);
  EXPECT_EQ(check.timing.degraded_above, 200ms);
  EXPECT_EQ(check.necessity, Necessity::required);
  EXPECT_EQ(check.config.find("target")->scalar, "h:1");
}

TEST(Settings, AnInheritedTimeoutIsLoweredToTheInterval) {
  const Settings settings = read("checks: [{name: a, probe: tcp, target: 'h:1', interval: 2s}]");
  EXPECT_EQ(settings.checks[0].timing.timeout, 2s);
  EXPECT_EQ(settings.checks[0].timing.confirm_interval, 2s);
  EXPECT_EQ(errors_of("defaults: {interval: 2s, timeout: 3s}"),
            "t.yaml:1:35: defaults: timeout 3s is longer than the interval 2s\n");
}

TEST(Settings, ChecksHaveTheirOwnNameServersLabelsAndParents) {
  const Settings settings = read(
      "resolver: 10.0.0.2\n"
      "checks:\n"
      "- {name: a, probe: tcp, target: 'h:1', resolver: ['[2001:db8::2]:5353'],\n"
      "   labels: {site: ams}, depends_on: [b], necessity: optional}\n");
  ASSERT_EQ(settings.resolver.size(), 1u);
  EXPECT_EQ(settings.resolver[0].to_string(), "10.0.0.2:53");
  const CustomCheck& check = settings.checks[0];
  EXPECT_EQ(check.resolver.at(0).to_string(), "[2001:db8::2]:5353");
  EXPECT_EQ(check.labels, (Labels{{"site", "ams"}}));
  EXPECT_EQ(check.depends_on, std::vector<std::string>{"b"});
  EXPECT_EQ(check.necessity, Necessity::optional);
}

TEST(Settings, ProductsKeepTheirWords) {
  const Settings settings = read(
      "products:\n"
      "- product: flexera-beacon\n"
      "  region: eu\n"
      "  confirm: [flexera.12.remote-execution-smb]\n"
      "  overrides: {flexera.7.ldaps: {port: 3269, necessity: required, enabled: true, interval: "
      "1m,"
      " timeout: 2s}}\n");
  ASSERT_EQ(settings.products.size(), 1u);
  const Product& product = settings.products[0];
  EXPECT_EQ(product.product, "flexera-beacon");
  EXPECT_EQ(product.config.find("region")->scalar, "eu");
  EXPECT_EQ(product.confirm, std::vector<std::string>{"flexera.12.remote-execution-smb"});
  ASSERT_EQ(product.overrides.size(), 1u);
  const Override& override = product.overrides[0];
  EXPECT_EQ(override.requirement, "flexera.7.ldaps");
  EXPECT_EQ(override.place.to_string(), "t.yaml:5:15");
  EXPECT_EQ(override.port, 3269);
  EXPECT_EQ(override.necessity, Necessity::required);
  EXPECT_EQ(override.enabled, true);
  EXPECT_EQ(override.interval, 1min);
  EXPECT_EQ(override.timeout, 2s);
}

TEST(Settings, AllProblemsComeOutAtOnce) {
  EXPECT_EQ(errors_of("defualts: {}\n"
                      "web: {listen: 'x:70000'}\n"
                      "limits: {range_addresses: many}\n"
                      "checks: [{probe: tcp}]\n"),
            "t.yaml:1:1: the configuration: unknown key \"defualts\"; did you mean defaults?\n"
            "t.yaml:2:15: web: \"x:70000\" is not a target: the port is a number from 1 to 65535\n"
            "t.yaml:3:27: limits: range_addresses is a whole number from 1 to 65536, not \"many\"\n"
            "t.yaml:4:10: an entry of checks: name is missing\n");
}

TEST(Labels, NamesFollowPrometheus) {
  for (const char* good : {"site", "_x", "A9", "a_b"}) {
    EXPECT_TRUE(is_label_name(good)) << good;
  }
  for (const char* bad : {"", "9a", "a-b", "a.b", "__x", "ä", "a b"}) {
    EXPECT_FALSE(is_label_name(bad)) << bad;
  }
  for (const char* reserved : {"check", "product", "target", "reason", "vantage", "alertname"}) {
    EXPECT_TRUE(is_reserved_label(reserved)) << reserved;
  }
  EXPECT_FALSE(is_reserved_label("site"));
}

}  // namespace
}  // namespace reachd::config
