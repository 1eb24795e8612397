#include "probes/core/send_expect.hpp"

#include <algorithm>
#include <utility>

#include "probes/core/bytes.hpp"

namespace reachd {
namespace {

constexpr std::size_t kMostSent = 1400;

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The bytes of `key` or of `key`_hex.
std::vector<std::byte> read_bytes(Reader& params, std::string_view key, std::string_view hex_key) {
  const std::string text = params.text(key);
  const std::string hex = params.text(hex_key);
  if (params.has(key) && params.has(hex_key)) {
    params.error(hex_key, std::string(key) + " and " + std::string(hex_key) + " are one too many");
  }
  const auto parsed = parse_hex(hex);
  if (!parsed) {
    params.error(hex_key,
                 std::string(hex_key) + " is pairs of hexadecimal digits, not \"" + hex + "\"");
    return {};
  }
  const auto raw = std::as_bytes(std::span(text));
  return hex.empty() ? std::vector<std::byte>(raw.begin(), raw.end()) : *parsed;
}

}  // namespace

std::optional<std::vector<std::byte>> parse_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] == ' ' || text[index] == ':') {
      continue;
    }
    const int high = digit(text[index]);
    const int low = index + 1 < text.size() ? digit(text[index + 1]) : -1;
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
    ++index;
  }
  return bytes;
}

bool SendExpect::met_by(std::span<const std::byte> answer) const {
  if (expect && !expect->found_in(as_text(answer))) {
    return false;
  }
  return !std::ranges::search(answer, expect_bytes).empty() || expect_bytes.empty();
}

SendExpect read_send_expect(Reader& params) {
  SendExpect result;
  result.send = read_bytes(params, "send", "send_hex");
  if (result.send.size() > kMostSent) {
    params.error(params.has("send") ? "send" : "send_hex",
                 "at most " + std::to_string(kMostSent) + " bytes can be sent");
  }
  if (const std::string pattern = params.text("expect"); !pattern.empty()) {
    auto compiled = Pattern::compile(pattern);
    if (compiled) {
      result.expect = std::move(*compiled);
    } else {
      params.error("expect", "expect: " + compiled.error());
    }
  }
  if (params.has("expect_hex")) {
    if (params.has("expect")) {
      params.error("expect_hex", "expect and expect_hex are one too many");
    }
    auto bytes = parse_hex(params.text("expect_hex"));
    if (!bytes || bytes->empty()) {
      params.error("expect_hex", "expect_hex is pairs of hexadecimal digits, not \"" +
                                     params.text("expect_hex") + "\"");
    } else {
      result.expect_bytes = std::move(*bytes);
    }
  }
  return result;
}

}  // namespace reachd
