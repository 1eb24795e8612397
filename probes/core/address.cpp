#include "probes/core/address.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace reachd {
namespace {

using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

std::size_t length(IpAddress::Family family) { return family == IpAddress::Family::v4 ? 4 : 16; }

/// True if all bits after `prefix` are zero in `address`; clears them in `address` too.
bool clear_host_bits(IpAddress& address, std::uint8_t prefix) {
  bool clean = true;
  for (std::size_t index = 0; index < length(address.family); ++index) {
    const int bits = std::clamp(static_cast<int>(prefix) - static_cast<int>(index) * 8, 0, 8);
    const auto mask = static_cast<std::uint8_t>(0xff00u >> bits);
    const auto masked = static_cast<std::uint8_t>(address.bytes[index] & mask);
    clean = clean && masked == address.bytes[index];
    address.bytes[index] = masked;
  }
  return clean;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.empty() || text.size() > 64) {
    return std::nullopt;
  }
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(std::string(text), error);
  if (error) {
    return std::nullopt;
  }
  IpAddress result;
  if (parsed.is_v4()) {
    std::ranges::copy(parsed.to_v4().to_bytes(), result.bytes.begin());
    return result;
  }
  result.family = Family::v6;
  result.bytes = parsed.to_v6().to_bytes();
  result.scope = static_cast<std::uint32_t>(parsed.to_v6().scope_id());
  return result;
}

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress result;
  std::ranges::copy(address_v4(host_order).to_bytes(), result.bytes.begin());
  return result;
}

std::string IpAddress::to_string() const {
  if (is_v4()) {
    return address_v4(v4_number()).to_string();
  }
  return address_v6(bytes, scope).to_string();
}

bool IpAddress::is_loopback() const noexcept {
  return is_v4() ? bytes[0] == 127 : address_v6(bytes).is_loopback();
}

std::uint32_t IpAddress::v4_number() const noexcept {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
         (std::uint32_t{bytes[2]} << 8) | std::uint32_t{bytes[3]};
}

std::string Endpoint::to_string() const {
  const std::string number = std::to_string(port);
  return address.is_v4() ? address.to_string() + ":" + number
                         : "[" + address.to_string() + "]:" + number;
}

std::expected<Cidr, std::string> Cidr::parse(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return std::unexpected("\"" + std::string(text.substr(0, 80)) + "\" is not a network: " + why);
  };
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return wrong("expected an address and a prefix length, such as 10.20.0.0/28");
  }
  Cidr result{*address, static_cast<std::uint8_t>(length(address->family) * 8)};
  if (slash == std::string_view::npos) {
    return result;
  }
  const std::string_view bits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), prefix);
  if (error != std::errc{} || end != bits.data() + bits.size() || prefix > result.prefix) {
    return wrong("the prefix length is 0 to " + std::to_string(result.prefix));
  }
  result.prefix = static_cast<std::uint8_t>(prefix);
  if (!clear_host_bits(result.network, result.prefix)) {
    return wrong("host bits are set, the network is " + result.to_string());
  }
  return result;
}

bool Cidr::contains(const IpAddress& address) const noexcept {
  if (address.family != network.family) {
    return false;
  }
  IpAddress copy = address;
  clear_host_bits(copy, prefix);
  return copy.bytes == network.bytes;
}

std::string Cidr::to_string() const { return network.to_string() + "/" + std::to_string(prefix); }

}  // namespace reachd
