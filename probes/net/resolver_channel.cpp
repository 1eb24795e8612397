#include "probes/net/resolver_channel.hpp"

#include <ares.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

#include "probes/net/route.hpp"

namespace reachd::net {
namespace {

using Kind = FamilyAnswer::Kind;

bool library_ready() {
  static const bool kReady = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return kReady;
}

std::optional<IpAddress> address_of(const ares_addrinfo_node& node) {
  IpAddress address;
  if (node.ai_family == AF_INET && node.ai_addrlen >= static_cast<int>(sizeof(sockaddr_in))) {
    sockaddr_in raw{};
    std::memcpy(&raw, node.ai_addr, sizeof raw);
    std::memcpy(address.bytes.data(), &raw.sin_addr, 4);
    return address;
  }
  if (node.ai_family == AF_INET6 && node.ai_addrlen >= static_cast<int>(sizeof(sockaddr_in6))) {
    sockaddr_in6 raw{};
    std::memcpy(&raw, node.ai_addr, sizeof raw);
    address.family = IpAddress::Family::v6;
    std::memcpy(address.bytes.data(), &raw.sin6_addr, 16);
    address.scope = raw.sin6_scope_id;
    return address;
  }
  return std::nullopt;
}

/// The addresses with the lowest TTL on the way to them.
FamilyAnswer addresses_of(const ares_addrinfo& info) {
  FamilyAnswer answer;
  int ttl = std::numeric_limits<int>::max();
  for (const auto* alias = info.cnames; alias != nullptr; alias = alias->next) {
    ttl = std::min(ttl, alias->ttl);
  }
  for (const auto* node = info.nodes; node != nullptr; node = node->ai_next) {
    const auto address = address_of(*node);
    if (address && std::ranges::find(answer.addresses, *address) == answer.addresses.end()) {
      answer.addresses.push_back(*address);
      ttl = std::min(ttl, node->ai_ttl);
    }
  }
  answer.kind = answer.addresses.empty() ? Kind::no_data : Kind::addresses;
  answer.ttl = std::chrono::seconds(std::max(ttl, 0));
  return answer;
}

Kind kind_of(int status) noexcept {
  switch (status) {
    case ARES_ENOTFOUND:
      return Kind::nxdomain;
    case ARES_ENODATA:
      return Kind::no_data;
    case ARES_ETIMEOUT:
      return Kind::timeout;
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
      return Kind::unusable;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return Kind::cancelled;
    default:
      return Kind::failure;
  }
}

class Channel final : public AresChannel {
 public:
  explicit Channel(Poller& poller) : poller_(poller) {}

  ~Channel() override {
    if (channel_ != nullptr) {
      ares_destroy(channel_);
    }
  }

  bool begin(const Options& options) {
    ares_options wanted{};
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
               ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT;
    wanted.timeout = static_cast<int>(options.server_timeout.count());
    wanted.tries = options.rounds;
    wanted.udp_port = options.port;
    wanted.tcp_port = options.port;
    std::string only_servers = "b";  // the hosts file is read by HostsFile
    wanted.lookups = only_servers.data();
    wanted.sock_state_cb = [](void* self, ares_socket_t socket, int readable, int writable) {
      static_cast<Channel*>(self)->socket_changed(socket, readable != 0, writable != 0);
    };
    wanted.sock_state_cb_data = this;
    std::string config_file = options.config_file;
    if (!config_file.empty()) {
      mask |= ARES_OPT_RESOLVCONF;
      wanted.resolvconf_path = config_file.data();
    }
    if (!options.servers.empty()) {
      mask |= ARES_OPT_FLAGS;
      wanted.flags = ARES_FLAG_NOSEARCH;
    }
    if (!library_ready() || ares_init_options(&channel_, &wanted, mask) != ARES_SUCCESS) {
      channel_ = nullptr;
      return false;
    }
    return options.servers.empty() || set_servers(options.servers);
  }

  void ask(const std::string& name, IpAddress::Family family, Done done) override {
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NOSORT;  // sorting would open a socket for every address
    hints.ai_family = family == IpAddress::Family::v4 ? AF_INET : AF_INET6;
    auto question = std::make_unique<Question>(Question{this, std::move(done)});
    ++open_;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Channel::answered,
                     question.release());
  }

  bool owns(NativeSocket socket) const noexcept override { return sockets_.contains(socket); }

  void on_socket(const Poller::Ready& ready) override {
    ares_process_fd(channel_, ready.readable ? ready.socket : ARES_SOCKET_BAD,
                    ready.writable ? ready.socket : ARES_SOCKET_BAD);
  }

  void on_time() override { ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

  std::optional<std::chrono::nanoseconds> next_timeout() override {
    timeval storage{};
    const timeval* left = ares_timeout(channel_, nullptr, &storage);
    if (left == nullptr) {
      return std::nullopt;
    }
    return std::chrono::seconds(left->tv_sec) + std::chrono::microseconds(left->tv_usec);
  }

  std::size_t open_questions() const noexcept override { return open_; }

  std::vector<Endpoint> servers(std::uint16_t default_port) const {
    std::vector<Endpoint> result;
    ares_addr_port_node* first = nullptr;
    if (ares_get_servers_ports(channel_, &first) != ARES_SUCCESS) {
      return result;
    }
    for (const auto* node = first; node != nullptr; node = node->next) {
      Endpoint& server = result.emplace_back();
      server.port = node->udp_port == 0 ? default_port : static_cast<std::uint16_t>(node->udp_port);
      if (node->family == AF_INET6) {
        server.address.family = IpAddress::Family::v6;
        std::memcpy(server.address.bytes.data(), &node->addr.addr6, 16);
      } else {
        std::memcpy(server.address.bytes.data(), &node->addr.addr4, 4);
      }
    }
    ares_free_data(first);
    return result;
  }

 private:
  struct Question {
    Channel* channel;
    Done done;
  };

  static void answered(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    FamilyAnswer answer;
    if (status == ARES_SUCCESS && info != nullptr) {
      answer = addresses_of(*info);
    } else {
      answer.kind = kind_of(status);
      answer.detail = ares_strerror(status);
      if (answer.kind == Kind::unusable) {
        answer.own_fault = question->channel->own_fault();
      }
    }
    if (info != nullptr) {
      ares_freeaddrinfo(info);
    }
    --question->channel->open_;
    question->done(std::move(answer));
  }

  /// c-ares takes its own failure to open a socket for a server that is not there.
  std::optional<Failure> own_fault() const {
    std::optional<Failure> fault;
    for (const Endpoint& server : servers(0)) {
      fault = sending_fault(server.address);
      if (!fault) {
        break;
      }
    }
    return fault;
  }

  void socket_changed(NativeSocket socket, bool readable, bool writable) {
    poller_.watch(socket, readable, writable);
    if (readable || writable) {
      sockets_.insert(socket);
    } else {
      sockets_.erase(socket);
    }
  }

  bool set_servers(const std::vector<Endpoint>& servers) {
    std::vector<ares_addr_port_node> nodes(servers.size());
    for (std::size_t index = 0; index < servers.size(); ++index) {
      const Endpoint& server = servers[index];
      ares_addr_port_node& node = nodes[index];
      node.next = index + 1 < nodes.size() ? &nodes[index + 1] : nullptr;
      node.udp_port = server.port;
      node.tcp_port = server.port;
      if (server.address.is_v4()) {
        node.family = AF_INET;
        std::memcpy(&node.addr.addr4, server.address.bytes.data(), 4);
      } else {
        node.family = AF_INET6;
        std::memcpy(&node.addr.addr6, server.address.bytes.data(), 16);
      }
    }
    return ares_set_servers_ports(channel_, nodes.data()) == ARES_SUCCESS;
  }

  Poller& poller_;
  ares_channel channel_ = nullptr;
  std::set<NativeSocket> sockets_;
  std::size_t open_ = 0;
};

}  // namespace

std::unique_ptr<AresChannel> make_ares_channel(const AresChannel::Options& options,
                                               Poller& poller) {
  auto channel = std::make_unique<Channel>(poller);
  if (!channel->begin(options)) {
    return nullptr;
  }
  return channel;
}

std::vector<Endpoint> configured_name_servers(const std::string& config_file, std::uint16_t port) {
  const auto poller = make_poller();
  Channel channel(*poller);
  const AresChannel::Options options{{}, config_file, port, std::chrono::seconds(1), 1};
  return channel.begin(options) ? channel.servers(port) : std::vector<Endpoint>();
}

}  // namespace reachd::net
