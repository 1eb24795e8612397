#include "daemon/json/writer.hpp"

#include <array>

#include "daemon/json/time.hpp"
#include "probes/core/decimal.hpp"
#include "probes/core/utf8.hpp"

namespace reachd::json {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
          out += "\\u00";
          out += kHex[byte >> 4];
          out += kHex[byte & 15u];
        } else {
          out += c;
        }
      }
    }
  }
}

}  // namespace

Writer& Writer::key(std::string_view name) {
  value(name);
  out_ += ':';
  comma_ = false;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  out_ += '"';
  if (is_utf8(text)) {
    append_escaped(out_, text);
  } else {
    append_escaped(out_, repair_utf8(text));
  }
  out_ += '"';
  return *this;
}

Writer& Writer::value(Duration duration) {
  separate();
  append_seconds(out_, duration, 6);
  return *this;
}

Writer& Writer::value(WallTime time) { return value(rfc3339(time)); }

Writer& Writer::begin(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

Writer& Writer::end(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

Writer& Writer::raw(std::string_view text) {
  separate();
  out_ += text;
  return *this;
}

Writer& Writer::integer(std::int64_t number) {
  separate();
  append_integer(out_, number);
  return *this;
}

Writer& Writer::natural(std::uint64_t number) {
  separate();
  append_integer(out_, number);
  return *this;
}

void Writer::separate() {
  if (comma_) {
    out_ += ',';
  }
  comma_ = true;
}

}  // namespace reachd::json
