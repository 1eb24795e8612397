#include "config/openings.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "probes/core/words.hpp"

namespace reachd::config {
namespace {

template <typename T>
void add_once(std::vector<T>& list, T value) {
  if (std::ranges::find(list, value) == list.end()) {
    list.push_back(std::move(value));
  }
}

/// The addresses of a network that hosts have.
std::pair<IpAddress, IpAddress> span_of(const Cidr& network) {
  IpAddress last = network.network;
  const std::size_t size = last.is_v4() ? 4 : 16;
  for (std::size_t bit = network.prefix; bit < size * 8; ++bit) {
    last.bytes[bit / 8] = static_cast<std::uint8_t>(last.bytes[bit / 8] | 0x80U >> bit % 8);
  }
  return {network.network, last};
}

/// The address after this one; false if there is none.
bool advance(IpAddress& address) {
  for (std::size_t byte = address.is_v4() ? 4 : 16; byte-- > 0;) {
    if (++address.bytes[byte] != 0) {
      return true;
    }
  }
  return false;
}

bool follows(const IpAddress& next, IpAddress address) {
  return advance(address) && next == address;
}

/// A network whose first and last address these are.
std::optional<Cidr> exact_network(const IpAddress& first, const IpAddress& last) {
  const int most = first.is_v4() ? 32 : 128;
  for (int prefix = most; prefix >= 0; --prefix) {
    const Cidr network{first, static_cast<std::uint8_t>(prefix)};
    if (span_of(network).second == last) {
      const auto valid = Cidr::parse(network.to_string());
      return valid ? std::optional(*valid) : std::nullopt;
    }
  }
  return std::nullopt;
}

/// A network of the configuration all of whose hosts these are: its first and its last address may
/// be missing, as nobody has them.
std::optional<Cidr> written_network(const std::vector<Cidr>& networks, const IpAddress& first,
                                    const IpAddress& last) {
  for (const Cidr& network : networks) {
    const auto [least, most] = span_of(network);
    if ((first == least || follows(first, least)) && (last == most || follows(most, last))) {
      return network;
    }
  }
  return std::nullopt;
}

/// One connection before it is put together with its neighbours.
struct Line {
  std::string source;
  std::string destination;
  std::uint16_t port = 0;
  Transport transport = Transport::tcp;
  Leg leg = Leg::direct;
  std::vector<const Check*> checks;

  auto end_points() const { return std::tie(source, destination, port, transport, leg); }
};

class Lines {
 public:
  Lines(const Plan& plan, const OwnNames& names) : plan_(plan), own_names_(names) {}

  void add(const Check& check) {
    const ProbeSpec& spec = plan_.probes[check.probe];
    const bool listens = spec.type->transport == Transport::local;
    Line line;
    line.port = spec.target.port;
    line.transport = check.requirement && check.requirement->transport
                         ? *check.requirement->transport
                         : spec.probe->transport(spec.type->transport);
    const std::string& host = check.ends ? check.ends->host : plan_.vantage;
    if (listens || check.direction == Direction::inbound) {
      const bool here = listens || is_this_host(spec.target);
      line.destination = here ? host : spec.target.host;
      add_inbound(check, std::move(line));
      return;
    }
    line.source = host;
    line.destination = spec.target.host;
    if (spec.proxy != nullptr) {
      Line to_proxy = line;
      to_proxy.destination = spec.proxy->host;
      to_proxy.port = spec.proxy->port;
      to_proxy.leg = Leg::to_proxy;
      if (!is_this_host(*spec.proxy)) {
        keep(check, std::move(to_proxy));
      }
      line.source = is_this_host(*spec.proxy) ? host : spec.proxy->host;
      line.leg = Leg::from_proxy;
    }
    if (!is_this_host(spec.target)) {
      keep(check, std::move(line));
    }
  }

  const std::vector<Line>& all() const noexcept { return lines_; }

 private:
  /// Whole names only: a host called "data" is not the cloud's data.example.com.
  bool is_this_host(const Target& target) const {
    if (target.literal) {
      return target.literal->is_loopback();
    }
    return target.host == "localhost" || same_word(target.host, plan_.vantage) ||
           own_names_.contains(target.host);
  }

  void add_inbound(const Check& check, Line line) {
    if (check.ends && !check.ends->peers.empty()) {
      for (const std::string& peer : check.ends->peers) {
        line.source = peer;
        keep(check, line);
      }
      return;
    }
    line.source = check.requirement ? check.requirement->from : "anyone";
    keep(check, std::move(line));
  }

  void keep(const Check& check, Line line) {
    const auto [known, is_new] = by_ends_.try_emplace(
        {line.source, line.destination, line.port, line.transport, line.leg}, lines_.size());
    if (is_new) {
      lines_.push_back(std::move(line));
    }
    add_once(lines_[known->second].checks, &check);
  }

  const Plan& plan_;
  const OwnNames& own_names_;
  std::vector<Line> lines_;
  std::map<std::tuple<std::string, std::string, std::uint16_t, Transport, Leg>, std::size_t>
      by_ends_;
};

Opening opening_of(const Line& line) {
  Opening opening;
  opening.source = line.source;
  opening.destination = line.destination;
  opening.port = line.port;
  opening.transport = line.transport;
  opening.leg = line.leg;
  for (const Check* check : line.checks) {
    const bool custom = check->requirement == nullptr;
    add_once(opening.purposes, custom ? check->name : std::string(purpose(*check)));
    add_once(opening.requirements, custom ? check->id : std::string(requirement_id(*check)));
    add_once(opening.evidence, check->evidence);
    opening.necessity = std::min(opening.necessity, check->necessity);
    opening.in_use = opening.in_use || check->in_use;
  }
  return opening;
}

/// Openings with the same signature differ in one end only; of inbound ones in their source.
std::string signature(const Opening& opening, bool inbound) {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += part;
    text += '\n';
  };
  add(inbound ? "from" : "to");
  add(inbound ? opening.destination : opening.source);
  add(std::to_string(opening.port));
  add(to_string(opening.transport));
  add(std::to_string(static_cast<int>(opening.leg)));
  add(to_string(opening.necessity));
  add(opening.in_use ? "in use" : "");
  for (const std::string& requirement : opening.requirements) {
    add(requirement);
  }
  for (const Evidence evidence : opening.evidence) {
    add(to_string(evidence));
  }
  return text;
}

/// A line of a group, with its place in the plan's order.
struct Part {
  std::optional<IpAddress> address;
  std::size_t line = 0;
};

class Gathering {
 public:
  Gathering(const Plan& plan, const std::vector<Line>& lines) : plan_(plan), lines_(lines) {
    std::map<std::string, std::size_t> known;
    for (std::size_t line = 0; line < lines.size(); ++line) {
      const bool inbound = is_inbound(lines[line]);
      const auto [group, is_new] =
          known.try_emplace(signature(opening_of(lines[line]), inbound), groups_.size());
      if (is_new) {
        groups_.emplace_back();
      }
      groups_[group->second].push_back({IpAddress::parse(varying(lines[line])), line});
    }
  }

  std::vector<Opening> result() {
    for (std::vector<Part>& group : groups_) {
      std::ranges::sort(group, {},
                        [](const Part& part) { return std::pair(part.address, part.line); });
      for (auto first = group.begin(); first != group.end();) {
        auto last = first;
        while (std::next(last) != group.end() && last->address && std::next(last)->address &&
               follows(*std::next(last)->address, *last->address)) {
          ++last;
        }
        join(std::span(first, std::next(last)));
        first = std::next(last);
      }
    }
    std::ranges::sort(openings_, {}, [](const auto& entry) { return entry.first; });
    std::vector<Opening> result;
    result.reserve(openings_.size());
    for (auto& entry : openings_) {
      result.push_back(std::move(entry.second));
    }
    return result;
  }

 private:
  bool is_inbound(const Line& line) const {
    const Check& check = *line.checks.front();
    return check.direction == Direction::inbound ||
           plan_.probes[check.probe].type->transport == Transport::local;
  }
  const std::string& varying(const Line& line) const {
    return is_inbound(line) ? line.source : line.destination;
  }

  /// Neighbours become one opening, in the place of the first of them.
  void join(std::span<const Part> parts) {
    const Line& first = lines_[parts.front().line];
    Opening opening = opening_of(first);
    std::size_t position = parts.front().line;
    for (const Part& part : parts) {
      opening.members.push_back({varying(lines_[part.line]), lines_[part.line].checks});
      position = std::min(position, part.line);
    }
    if (parts.size() > 1) {
      const IpAddress& from = *parts.front().address;
      const IpAddress& to = *parts.back().address;
      auto network = written_network(plan_.networks, from, to);
      network = network ? network : exact_network(from, to);
      (is_inbound(first) ? opening.source : opening.destination) =
          network ? network->to_string() : from.to_string() + "-" + to.to_string();
    }
    openings_.emplace_back(position, std::move(opening));
  }

  const Plan& plan_;
  const std::vector<Line>& lines_;
  std::vector<std::vector<Part>> groups_;
  std::vector<std::pair<std::size_t, Opening>> openings_;
};

}  // namespace

OwnNames own_names(const Plan& plan) {
  OwnNames names;
  for (const Check& check : plan.checks) {
    if (check.ends && plan.probes[check.probe].type->transport == Transport::local) {
      names.insert(check.ends->host);
    }
  }
  return names;
}

std::vector<Opening> openings(const Plan& plan, const std::vector<const Check*>& checks) {
  return openings(plan, checks, own_names(plan));
}

std::vector<Opening> openings(const Plan& plan, const std::vector<const Check*>& checks,
                              const OwnNames& names) {
  Lines lines(plan, names);
  for (const Check* check : checks) {
    lines.add(*check);
  }
  return Gathering(plan, lines.all()).result();
}

}  // namespace reachd::config
