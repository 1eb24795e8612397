#include "daemon/platform/event_log.hpp"

#include "probes/core/utf8.hpp"

namespace reachd::platform {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

std::string event_log_string(std::string_view text, std::size_t most) {
  const std::string whole = repair_utf8(cut_utf8(text, most));  // nothing below makes it shorter
  std::string result;
  result.reserve(whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const char c = whole[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      result += "\r\n";
    } else if (c == '\r') {
      continue;
    } else if (byte < 0x20 || byte == 0x7F) {
      result += ' ';
    } else {
      result += c;
      if (c == '%' && i + 1 < whole.size() && is_digit(whole[i + 1])) {
        result += ' ';
      }
    }
  }
  result.resize(cut_utf8(result, most).size());
  return result;
}

}  // namespace reachd::platform
