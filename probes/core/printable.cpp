#include "probes/core/printable.hpp"

#include "probes/core/utf8.hpp"

namespace reachd {

std::string printable(std::string_view bytes, std::size_t most) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : bytes.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      result += "\\r";
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte >= 0x20 && byte < 0x7F) {
      result += c;
    } else {
      result += "\\x";
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 0x0FU];
    }
  }
  return result + (bytes.size() > most ? "...\"" : "\"");
}

std::string plain_line(std::string_view bytes, std::size_t most) {
  std::string text = repair_utf8(bytes.substr(0, most));
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls are two bytes, of which terminals read the second as one (U+009B begins an
    // escape).
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) {
      text.erase(i + 1, 1);
    }
    if (c1 || byte < 0x20 || byte == 0x7F) {
      text[i] = ' ';
    }
  }
  text.erase(text.find_last_not_of(' ') + 1);
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

}  // namespace reachd
