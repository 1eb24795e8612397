#include "probes/core/address.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <ranges>

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

/// Four decimal numbers without leading zeros, before the system's parser sees them: that of
/// Windows takes "10.1", "010.0.0.1" and even "10.0.0.1:80" for an address.
bool is_dotted_quad(std::string_view text) {
  int numbers = 0;
  for (const auto part : std::views::split(text, '.')) {
    const std::string_view number(part.begin(), part.end());
    const bool digits = std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || number.empty() || (number.size() > 1 && number.front() == '0')) {
      return false;
    }
    ++numbers;
  }
  return numbers == 4;
}

std::optional<IpAddress> parse_v4(const std::string& text) {
  boost::system::error_code error;
  const address_v4 parsed = boost::asio::ip::make_address_v4(text, error);
  if (error || !is_dotted_quad(text)) {
    return std::nullopt;
  }
  IpAddress result;
  std::ranges::copy(parsed.to_bytes(), result.bytes.begin());
  return result;
}

std::optional<IpAddress> parse_v6(const std::string& text) {
  boost::system::error_code error;
  const address_v6 parsed = boost::asio::ip::make_address_v6(text, error);
  if (error || text.front() == '[') {
    return std::nullopt;
  }
  IpAddress result;
  result.family = IpAddress::Family::v6;
  result.bytes = parsed.to_bytes();
  result.scope = static_cast<std::uint32_t>(parsed.scope_id());
  return result;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.empty() || text.size() > 64) {
    return std::nullopt;
  }
  const bool v6 = text.find(':') != std::string_view::npos;
  return v6 ? parse_v6(std::string(text)) : parse_v4(std::string(text));
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
  if (port == 0) {
    return address.to_string();
  }
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
