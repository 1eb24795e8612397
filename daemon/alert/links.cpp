#include "daemon/alert/links.hpp"

#include <cctype>

namespace reachd::alert {
namespace {

/// One wrong link makes an Alertmanager refuse all alerts of a request, so none is better.
bool is_well_escaped(std::string_view url) {
  const auto is_hex = [&](std::size_t at) {
    return at < url.size() && std::isxdigit(static_cast<unsigned char>(url[at])) != 0;
  };
  for (std::size_t at = url.find('%'); at != std::string_view::npos; at = url.find('%', at + 1)) {
    if (!is_hex(at + 1) || !is_hex(at + 2)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string percent_encoded(std::string_view text, std::string_view also) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kMarks = "-._~";
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kMarks.contains(c) || also.contains(c);
    if (plain) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 0x0FU];
    }
  }
  return result;
}

std::string link_to(const std::string& external_url, const event::Identity* check) {
  if (!is_well_escaped(external_url)) {
    return {};
  }
  if (external_url.empty() || check == nullptr || check->probe.empty()) {
    return external_url;
  }
  return external_url + "?check=" + percent_encoded(check->id, "/:");
}

}  // namespace reachd::alert
