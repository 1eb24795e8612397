#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probes/core/probe.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/network.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/trust.hpp"
#include "tests/support/coroutine.hpp"

namespace reachd::test {

/// Answers from a table; every other name does not exist.
class TableResolver final : public net::Resolver {
 public:
  asio::awaitable<net::Result<std::vector<IpAddress>>> resolve(std::string name,
                                                               std::span<const Endpoint>,
                                                               net::Deadline&) override {
    asked.push_back(name);
    const auto found = names.find(name);
    if (found == names.end()) {
      co_return std::unexpected(
          Failure{Reason::dns_nxdomain, name + " does not exist", 0, std::nullopt});
    }
    co_return found->second;
  }
  std::vector<Endpoint> system_servers() override { return {}; }

  std::map<std::string, std::vector<IpAddress>> names;
  std::vector<std::string> asked;
};

/// Parameters of a probe without YAML: params({{"tls", params({{"verify", text("observe")}})}}).
inline Value text(std::string scalar) { return Value::text(std::move(scalar)); }
inline Value params(std::initializer_list<std::pair<std::string, Value>> members) {
  Value map = Value::map();
  for (const auto& [key, value] : members) {
    map.members.push_back({key, {}, value});
  }
  return map;
}
inline Value list(std::initializer_list<Value> items) {
  Value value;
  value.kind = Value::Kind::list;
  value.items = items;
  return value;
}

/// Everything that a probe borrows, on one io_context.
struct NetLab {
  asio::io_context context{1};
  net::DeadlineQueue deadlines{context.get_executor()};
  TableResolver resolver;
  net::TrustStore trust;
  net::Network network{context.get_executor(), deadlines, resolver, trust, system_clock()};

  /// Makes the probe from its parameters, resolves as the engine would and runs it once.
  Outcome probe(const ProbeType& type, const std::string& target_text, const Value& values = {},
                Duration timeout = std::chrono::seconds(4)) {
    const auto target = parse_target(target_text, type.default_port);
    EXPECT_TRUE(target) << target.error();
    Diagnostics diagnostics;
    Reader reader(values, diagnostics, "check test");
    const auto made = type.make(*target, reader);
    reader.done();
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
    if (!made) {
      return {};
    }
    return run(context, attempt(*made, *target, timeout));
  }

  /// What the configuration's reader says of these parameters, one problem a line.
  std::string problems(const ProbeType& type, const std::string& target_text, const Value& values) {
    const auto target = parse_target(target_text, type.default_port);
    EXPECT_TRUE(target) << target.error();
    Diagnostics diagnostics;
    Reader reader(values, diagnostics, "check test");
    type.make(*target, reader);
    reader.done();
    return diagnostics.to_string();
  }

 private:
  asio::awaitable<Outcome> attempt(const Probe& probe, const Target& target, Duration timeout) {
    net::Deadline deadline(deadlines, system_clock().steady_now() + timeout);
    Progress progress(system_clock());
    std::optional<Endpoint> endpoint;
    if (probe.wants_address()) {
      endpoint = Endpoint{target.literal ? *target.literal : resolver.names.at(target.host).front(),
                          target.port};
    }
    const ProbeRun borrowed{target, endpoint, {}, network, deadline, progress};
    Outcome outcome = co_await probe.run(borrowed);
    outcome.timings = progress.finish();
    co_return outcome;
  }
};

}  // namespace reachd::test
