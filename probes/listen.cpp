#include "probes/listen.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/core/words.hpp"
#include "probes/net/listeners.hpp"

namespace reachd {
namespace {

using net::Listener;

struct Wanted {
  Transport transport = Transport::tcp;
  std::uint16_t port = 0;
  bool outside = false;
  std::optional<IpAddress> address;
  std::string process;
};

bool is_everywhere(const IpAddress& address) { return address.bytes == IpAddress().bytes; }

/// True if what is sent to the wanted address arrives at this socket.
bool serves(const Listener& listener, const Wanted& wanted) {
  const IpAddress& own = listener.endpoint.address;
  if (wanted.outside) {
    return !own.is_loopback();
  }
  if (!wanted.address) {
    return true;
  }
  const bool same_family = own.family == wanted.address->family;
  return (same_family && (own.bytes == wanted.address->bytes || is_everywhere(own))) ||
         (listener.takes_both && wanted.address->is_v4());
}

std::string addresses_of(const std::vector<Listener>& listeners) {
  std::string text;
  for (const Listener& listener : listeners) {
    text += (text.empty() ? "" : ", ") + listener.endpoint.to_string();
  }
  return text;
}

/// Each owner once: a server often has a socket a family.
std::string owners_of(const std::vector<Listener>& listeners) {
  std::vector<std::string> owners;
  for (const Listener& listener : listeners) {
    std::string owner = listener.owner();
    if (!owner.empty() && std::ranges::find(owners, owner) == owners.end()) {
      owners.push_back(std::move(owner));
    }
  }
  return join(owners, "; ");
}

class ListenProbe final : public Probe {
 public:
  explicit ListenProbe(Wanted wanted) : wanted_(std::move(wanted)) {}

  bool wants_address() const noexcept override { return false; }
  Transport transport(Transport) const noexcept override { return wanted_.transport; }

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    run.progress.enter(Phase::listen);
    const auto owners = wanted_.process.empty() ? net::Owners::user_and_unit : net::Owners::process;
    auto found = net::find_listeners(wanted_.transport, wanted_.port, owners);
    if (!found) {
      co_return failed(run, std::move(found.error()));
    }
    Failure judgement;
    judgement.reason = judge(*found, judgement.message);
    ListenFacts facts;
    for (const Listener& listener : *found) {
      facts.listeners.push_back(listener.endpoint);
    }
    facts.owner = owners_of(*found);
    Outcome outcome;
    if (judgement.reason == Reason::ok) {
      outcome = succeeded(run);
      outcome.message = std::move(judgement.message);
    } else {
      outcome = failed(run, std::move(judgement));
    }
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    co_return outcome;
  }

 private:
  Reason judge(const std::vector<Listener>& found, std::string& message) const {
    const std::string port = (wanted_.transport == Transport::tcp ? "TCP port " : "UDP port ") +
                             std::to_string(wanted_.port);
    if (found.empty()) {
      message = "nothing listens on " + port + " of this host";
      return Reason::not_listening;
    }
    std::vector<Listener> serving;
    std::ranges::copy_if(found, std::back_inserter(serving),
                         [this](const Listener& listener) { return serves(listener, wanted_); });
    if (serving.empty()) {
      message = "listens on " + addresses_of(found) + " only, not " +
                (wanted_.outside ? "where other hosts can reach it"
                                 : "on " + wanted_.address->to_string());
      return Reason::wrong_address;
    }
    message = "listening here, reachability from outside unproven";
    if (wanted_.process.empty()) {
      return Reason::ok;
    }
    // Two sockets may share a port; the right process on one of them is enough.
    bool known = true;
    for (const Listener& listener : serving) {
      const std::optional<bool> held = listener.held_by(wanted_.process);
      if (held == true) {
        return Reason::ok;
      }
      known = known && held.has_value();
    }
    if (known) {
      message = port + " is held by " + owners_of(serving) + ", not by " + wanted_.process;
      return Reason::wrong_process;
    }
    const bool for_others = std::ranges::any_of(serving, &Listener::for_others);
    message += for_others ? "; owner unknown: the system listens in its place"
                          : "; owner unknown: the names of its processes can't be read";
    return Reason::ok;
  }

  Wanted wanted_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  static constexpr std::array<std::pair<std::string_view, Transport>, 2> kTransports{
      {{"tcp", Transport::tcp}, {"udp", Transport::udp}}};
  Wanted wanted;
  wanted.transport = params.choice<Transport>("transport", Transport::tcp, kTransports);
  wanted.port = target.port;
  wanted.address = target.literal;
  wanted.process = params.text("process");
  const std::string address = params.text("address");
  if (address == "outside" || address == "any") {
    wanted.outside = address == "outside";
    wanted.address.reset();
  } else if (!address.empty()) {
    wanted.address = IpAddress::parse(address);
    if (!wanted.address) {
      params.error("address",
                   "address is any, outside or an address of this host, not \"" + address + "\"");
    }
  }
  return std::make_shared<ListenProbe>(std::move(wanted));
}

}  // namespace

ProbeType listen_probe_type() {
  return {.name = "listen",
          .summary = "this host listens on the port, on the right address, by the right process",
          .transport = Transport::local,
          .default_port = 0,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
