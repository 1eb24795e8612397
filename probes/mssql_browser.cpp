#include "probes/mssql_browser.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/words.hpp"
#include "probes/net/question.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/udp.hpp"

namespace reachd {
namespace {

using mssql_browser::Instance;

/// Hundreds of instances; what is longer is cut.
constexpr std::size_t kMaxDatagram = std::size_t{16} * 1024;
constexpr std::size_t kMostInstances = 32;
constexpr std::size_t kMostText = 64;
/// CLNT_UCAST_INST has room for as many bytes.
constexpr std::size_t kLongestInstance = 32;

constexpr std::uint8_t kAskAll = 0x03;
constexpr std::uint8_t kAskOne = 0x04;
constexpr std::uint8_t kResponse = 0x05;

class Responses final : public net::Accepts {
 public:
  bool operator()(std::span<const std::byte> datagram) const override {
    return mssql_browser::parse_response(datagram).has_value();
  }
};

class MssqlBrowserProbe final : public Probe {
 public:
  MssqlBrowserProbe(std::string instance, std::optional<IpAddress> source)
      : instance_(std::move(instance)),
        request_(mssql_browser::build_request(instance_)),
        source_(source) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    const Responses accepts;
    const net::Question question{"SQL Server Browser", request_, accepts, source_, kMaxDatagram};
    const auto datagram = co_await net::ask(run, question);
    if (!datagram) {
      co_return net::datagram_failed(run, datagram.error(), net::Silence::proves_nothing);
    }
    co_return judged(run, mssql_browser::parse_response(*datagram).value());
  }

 private:
  Outcome judged(const ProbeRun& run, const std::vector<Instance>& instances) const {
    const bool told =
        instance_.empty() || std::ranges::any_of(instances, [this](const Instance& instance) {
          return same_word(instance.name, instance_);
        });
    Outcome outcome = told ? succeeded(run)
                           : failed(run, {Reason::content_mismatch,
                                          "the browser tells of other instances than " + instance_,
                                          0, std::nullopt});
    std::string list;
    for (const Instance& instance : instances) {
      list += (list.empty() ? "" : "; ") + instance.name +
              (instance.tcp_port.empty() ? "" : " on port " + instance.tcp_port) +
              (instance.version.empty() ? "" : ", version " + instance.version);
    }
    ServiceFacts facts;
    facts.details = {{"server", instances.front().server}, {"instances", list}};
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    if (outcome.success()) {
      outcome.message = instances.front().server + " has " + list;
    }
    return outcome;
  }

  std::string instance_;
  std::vector<std::byte> request_;
  std::optional<IpAddress> source_;
};

std::shared_ptr<const Probe> make(const Target&, Reader& params) {
  std::string instance = params.text("instance");
  if (instance.size() > kLongestInstance) {
    params.error("instance", "instance has at most 32 bytes");
    instance.clear();
  }
  return std::make_shared<MssqlBrowserProbe>(std::move(instance), net::read_source(params));
}

/// Texts for people: what is not printable ASCII as '?'.
std::string plain(std::string_view text) {
  std::string result(text.substr(0, kMostText));
  std::ranges::replace_if(result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

/// The next text up to a semicolon, which goes too; `done` if there is none.
std::string_view next_text(std::string_view& rest, bool& done) {
  const std::size_t end = rest.find(';');
  done = end == std::string_view::npos;
  const std::string_view text = rest.substr(0, end);
  rest.remove_prefix(done ? rest.size() : end + 1);
  return text;
}

}  // namespace

namespace mssql_browser {

std::vector<std::byte> build_request(std::string_view instance) {
  ByteWriter writer(kLongestInstance + 2);
  writer.u8(instance.empty() ? kAskAll : kAskOne);
  if (!instance.empty()) {
    writer.text(instance);
    writer.u8(0);
  }
  return writer.data();
}

std::optional<std::vector<Instance>> parse_response(std::span<const std::byte> datagram) {
  ByteReader reader(datagram);
  const bool response = reader.u8() == kResponse;
  reader.take(2);  // a length that says no more than the datagram's
  std::string_view rest = reader.text(reader.left());
  if (!response || !reader.ok() || !rest.starts_with("ServerName;")) {
    return std::nullopt;
  }
  // Pairs of a name and a value; an empty name ends an instance.
  std::vector<Instance> instances;
  Instance instance;
  bool done = false;
  while (!done && instances.size() < kMostInstances) {
    const std::string_view key = next_text(rest, done);
    if (key.empty()) {
      if (!done && !instance.name.empty()) {
        instances.push_back(std::exchange(instance, {}));
      }
      continue;
    }
    const std::string_view value = next_text(rest, done);
    if (done) {
      break;
    }
    if (key == "ServerName") {
      instance.server = plain(value);
    } else if (key == "InstanceName") {
      instance.name = plain(value);
    } else if (key == "Version") {
      instance.version = plain(value);
    } else if (key == "tcp") {
      instance.tcp_port = plain(value);
    }
  }
  return instances.empty() ? std::nullopt : std::optional(std::move(instances));
}

}  // namespace mssql_browser

ProbeType mssql_browser_probe_type() {
  return {.name = "mssql_browser",
          .summary = "the SQL Server Browser tells its instances",
          .transport = Transport::udp,
          .default_port = 1434,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
