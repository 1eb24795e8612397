#include <winsock2.h>
#include <ws2tcpip.h>

#include <gtest/gtest.h>
#include <iphlpapi.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "probes/net/poller.hpp"
#include "probes/net/resolver.hpp"

namespace reachd::net {
namespace {

/// The IPv4 name servers of all interfaces that are up.
std::vector<IpAddress> servers_of_interfaces() {
  ULONG size = 256 * 1024;
  std::vector<IP_ADAPTER_ADDRESSES> adapters(size / sizeof(IP_ADAPTER_ADDRESSES));
  std::vector<IpAddress> found;
  if (::GetAdaptersAddresses(AF_INET, 0, nullptr, adapters.data(), &size) != NO_ERROR) {
    return found;
  }
  for (const auto* adapter = adapters.data(); adapter != nullptr; adapter = adapter->Next) {
    const bool up = adapter->OperStatus == IfOperStatusUp;
    for (const auto* server = adapter->FirstDnsServerAddress; up && server != nullptr;
         server = server->Next) {
      sockaddr_in v4{};
      std::memcpy(&v4, server->Address.lpSockaddr, sizeof v4);
      if (v4.sin_family == AF_INET) {
        found.push_back(IpAddress::v4(ntohl(v4.sin_addr.s_addr)));
      }
    }
  }
  return found;
}

TEST(ResolverWindows, AsksTheNameServersOfTheInterfaces) {
  const auto resolver = make_resolver();
  std::vector<IpAddress> asked;
  for (const Endpoint& server : resolver->system_servers()) {
    EXPECT_EQ(server.port, 53);
    asked.push_back(server.address);
  }
  for (const IpAddress& server : servers_of_interfaces()) {
    EXPECT_TRUE(std::ranges::find(asked, server) != asked.end()) << server.to_string();
  }
}

TEST(ResolverWindows, TheTableOfHostsIsInTheSystemsFolder) {
  const std::string file = system_hosts_file();
  EXPECT_TRUE(file.ends_with("\\system32\\drivers\\etc\\hosts")) << file;
}

}  // namespace
}  // namespace reachd::net
