#include <winsock2.h>
#include <ws2tcpip.h>

#include <algorithm>
#include <array>
#include <climits>
#include <string>
#include <system_error>

#include "probes/net/poller.hpp"
#include "probes/net/socket_handle.hpp"

namespace reachd::net {
namespace {

/// The address that a socket is bound to. Throws what keeps it from being known.
sockaddr_in local_address(NativeSocket socket) {
  sockaddr_in local{};
  int size = sizeof local;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    throw std::system_error(::WSAGetLastError(), std::system_category(), "getsockname");
  }
  return local;
}

/// WSAPoll() takes sockets only, so what wakes it is a datagram socket that is connected to itself:
/// nobody else's datagram gets in.
SocketHandle make_wake_socket() {
  SocketHandle handle(::socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  u_long non_blocking = 1;
  if (!handle.is_open() ||
      ::bind(handle.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    throw std::system_error(::WSAGetLastError(), std::system_category(), "wake socket");
  }
  local = local_address(handle.get());
  if (::connect(handle.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0 ||
      ::ioctlsocket(handle.get(), static_cast<long>(FIONBIO), &non_blocking) != 0) {
    throw std::system_error(::WSAGetLastError(), std::system_category(), "wake socket");
  }
  return handle;
}

class WindowsPoller final : public Poller {
 public:
  WindowsPoller() : wake_(make_wake_socket()) { sockets_.push_back({wake_.get(), POLLRDNORM, 0}); }

  void watch(NativeSocket socket, bool readable, bool writable) override {
    const auto found = std::ranges::find(sockets_, socket, &WSAPOLLFD::fd);
    if (!readable && !writable) {
      if (found != sockets_.end()) {
        *found = sockets_.back();
        sockets_.pop_back();
      }
      return;
    }
    const auto events =
        static_cast<short>((readable ? int{POLLRDNORM} : 0) | (writable ? int{POLLWRNORM} : 0));
    if (found != sockets_.end()) {
      found->events = events;
    } else {
      sockets_.push_back({socket, events, 0});
    }
  }

  void wait(std::optional<std::chrono::nanoseconds> limit, std::vector<Ready>& ready) override {
    ready.clear();
    int milliseconds = -1;
    if (limit) {
      const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*limit).count();
      milliseconds = static_cast<int>(std::clamp<long long>(whole, 0, INT_MAX));
    }
    if (::WSAPoll(sockets_.data(), static_cast<ULONG>(sockets_.size()), milliseconds) <= 0) {
      return;
    }
    if (sockets_.front().revents != 0) {
      std::array<char, 64> drained{};
      while (::recv(wake_.get(), drained.data(), static_cast<int>(drained.size()), 0) > 0) {
      }
    }
    for (std::size_t index = 1; index < sockets_.size(); ++index) {
      const int events = sockets_[index].revents;
      if (events != 0) {
        ready.push_back(
            {sockets_[index].fd, (events & ~POLLWRNORM) != 0, (events & POLLWRNORM) != 0});
      }
    }
  }

  void wake() noexcept override {
    // A full buffer wakes just as well.
    const char byte = 0;
    ::send(wake_.get(), &byte, 1, 0);
  }

 private:
  SocketHandle wake_;
  std::vector<WSAPOLLFD> sockets_;  ///< the first is the one that wakes
};

}  // namespace

std::unique_ptr<Poller> make_poller() { return std::make_unique<WindowsPoller>(); }

const char* system_hosts_file() noexcept {
  static const std::string kFile = [] {
    std::array<char, MAX_PATH> folder{};
    const UINT size = ::GetSystemDirectoryA(folder.data(), static_cast<UINT>(folder.size()));
    return std::string(folder.data(), std::min<std::size_t>(size, folder.size())) +
           "\\drivers\\etc\\hosts";
  }();
  return kFile.c_str();
}
// The name servers are in the registry, one set an interface; c-ares asks the system for them.
const char* system_resolver_file() noexcept { return ""; }

}  // namespace reachd::net
