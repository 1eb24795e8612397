#include "probes/net/socket_table.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>

namespace reachd::net {
namespace {

using Family = IpAddress::Family;

/// Builds a table as Windows would: numbers in this machine's order, ports in the network's.
class Table {
 public:
  explicit Table(std::uint32_t rows) { number(rows); }
  Table& number(std::uint32_t value) {
    const std::size_t end = bytes_.size();
    bytes_.resize(end + sizeof value);
    std::memcpy(bytes_.data() + end, &value, sizeof value);
    return *this;
  }
  Table& octets(std::initializer_list<int> values) {
    for (const int value : values) {
      bytes_.push_back(static_cast<std::byte>(value));
    }
    return *this;
  }
  /// Windows leaves what it likes in the other two.
  Table& port(int value) { return octets({value >> 8, value & 0xff, 0xab, 0xcd}); }
  Table& address6(const IpAddress& address) {
    for (const std::uint8_t byte : address.bytes) {
      octets({byte});
    }
    return *this;
  }
  Table& tcp4(std::initializer_list<int> address, int at, std::uint32_t process) {
    return number(2).octets(address).port(at).number(0).number(0).number(process);
  }
  Table& tcp6(const IpAddress& address, int at, std::uint32_t process) {
    address6(address).number(address.scope).port(at);
    return address6({}).number(0).number(0).number(2).number(process);
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

constexpr std::size_t kMost = 64;

TEST(SocketTable, FindsTheListenersOfAPort) {
  const Table table =
      Table(3).tcp4({0, 0, 0, 0}, 80, 4).tcp4({127, 0, 0, 1}, 8080, 77).tcp4({10, 1, 2, 3}, 80, 88);
  const auto found = read_socket_table(table.bytes(), Transport::tcp, Family::v4, 80, kMost);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].endpoint, (Endpoint{*IpAddress::parse("0.0.0.0"), 80}));
  EXPECT_EQ(found[0].process, 4u);
  EXPECT_EQ(found[1].endpoint, (Endpoint{*IpAddress::parse("10.1.2.3"), 80}));
  EXPECT_EQ(found[1].process, 88u);
}

TEST(SocketTable, ReadsIPv6WithItsScope) {
  IpAddress link = *IpAddress::parse("fe80::1");
  link.scope = 12;
  const Table table = Table(2).tcp6(*IpAddress::parse("::"), 443, 4).tcp6(link, 443, 1234);
  const auto found = read_socket_table(table.bytes(), Transport::tcp, Family::v6, 443, kMost);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].endpoint, (Endpoint{*IpAddress::parse("::"), 443}));
  EXPECT_EQ(found[1].endpoint, (Endpoint{link, 443}));
  EXPECT_EQ(found[1].process, 1234u);
}

TEST(SocketTable, AnIpv4AddressOnASocketOfIpv6IsIpv4) {
  const Table table = Table(1).tcp6(*IpAddress::parse("::ffff:10.1.2.3"), 443, 7);
  const auto found = read_socket_table(table.bytes(), Transport::tcp, Family::v6, 443, kMost);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].endpoint, (Endpoint{*IpAddress::parse("10.1.2.3"), 443}));
}

TEST(SocketTable, ReadsUdpOfBothFamilies) {
  const Table v4 = Table(1).octets({10, 0, 0, 9}).port(514).number(99);
  const auto found = read_socket_table(v4.bytes(), Transport::udp, Family::v4, 514, kMost);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].endpoint, (Endpoint{*IpAddress::parse("10.0.0.9"), 514}));
  EXPECT_EQ(found[0].process, 99u);
  const IpAddress any = *IpAddress::parse("2001:db8::5");
  const Table v6 = Table(1).address6(any).number(0).port(514).number(98);
  const auto found6 = read_socket_table(v6.bytes(), Transport::udp, Family::v6, 514, kMost);
  ASSERT_EQ(found6.size(), 1u);
  EXPECT_EQ(found6[0].endpoint, (Endpoint{any, 514}));
  EXPECT_EQ(found6[0].process, 98u);
}

TEST(SocketTable, PortsAboveTheHalfAreRead) {
  const Table table = Table(1).tcp4({0, 0, 0, 0}, 0xfedc, 5);
  EXPECT_EQ(read_socket_table(table.bytes(), Transport::tcp, Family::v4, 0xfedc, kMost).size(), 1u);
  EXPECT_TRUE(read_socket_table(table.bytes(), Transport::tcp, Family::v4, 0xdcfe, kMost).empty());
}

TEST(SocketTable, NeverReadsPastItsEnd) {
  const Table table = Table(0xffffffff).tcp4({0, 0, 0, 0}, 80, 4).tcp4({0, 0, 0, 0}, 80, 5);
  const auto all = table.bytes();
  EXPECT_EQ(read_socket_table(all, Transport::tcp, Family::v4, 80, kMost).size(), 2u);
  for (std::size_t size = 0; size < all.size(); ++size) {
    // A copy of its own, so that the sanitizer sees a byte too many.
    const std::vector<std::byte> cut(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
    const auto found = read_socket_table(cut, Transport::tcp, Family::v4, 80, kMost);
    EXPECT_EQ(found.size(), size < 28 ? 0u : 1u) << size;
    read_socket_table(cut, Transport::tcp, Family::v6, 80, kMost);
    read_socket_table(cut, Transport::udp, Family::v4, 80, kMost);
    read_socket_table(cut, Transport::udp, Family::v6, 80, kMost);
  }
}

TEST(SocketTable, BytesBehindTheLastRowAreNotRows) {
  const Table table = Table(1).tcp4({0, 0, 0, 0}, 80, 4).tcp4({0, 0, 0, 0}, 80, 5);
  EXPECT_EQ(read_socket_table(table.bytes(), Transport::tcp, Family::v4, 80, kMost).size(), 1u);
}

TEST(SocketTable, GivesNoMoreThanAskedFor) {
  const Table table = Table(2).tcp4({0, 0, 0, 0}, 80, 4).tcp4({10, 0, 0, 1}, 80, 5);
  EXPECT_EQ(read_socket_table(table.bytes(), Transport::tcp, Family::v4, 80, 1).size(), 1u);
}

}  // namespace
}  // namespace reachd::net
