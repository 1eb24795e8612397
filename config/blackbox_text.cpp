// A module as debug=true shows it: what was written, without its secrets.
#include <algorithm>

#include "config/blackbox_reader.hpp"
#include "probes/core/utf8.hpp"
#include "probes/core/words.hpp"

namespace reachd::config::blackbox {
namespace {

constexpr std::array<std::string_view, 8> kSecretKeys{
    "password", "credentials",   "bearer_token",           "key",
    "secrets",  "client_secret", "client_certificate_key", "proxy_connect_header"};
// All other headers may be what lets somebody in.
constexpr std::array<std::string_view, 8> kOpenHeaders{
    "Accept", "Accept-Encoding", "Accept-Language", "Content-Type",
    "Host",   "Origin",          "Referer",         "User-Agent"};

bool is_headers(std::string_view key) noexcept {
  return key == "headers" || key == "http_headers" || key == "metadata";
}

/// What a plain scalar may be made of without meaning anything else in YAML.
bool is_plain(std::string_view text) noexcept {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && letter(text.front()) && std::ranges::all_of(text, [&](char c) {
    return letter(c) || c == '.' || c == '-' || c == '/' || c == ';';
  });
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool is_text = is_utf8(text);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && !is_text)) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += '"';
}

/// A URL without its password.
std::string without_password(std::string_view url) {
  const std::size_t begin = std::min(url.find("://"), url.size());
  const std::size_t at = url.rfind('@');
  const std::size_t colon = url.find(':', std::min(begin + 3, url.size()));
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) {
    return std::string(url);
  }
  return std::string(url.substr(0, colon + 1)) + "xxxxx" + std::string(url.substr(at));
}

class Writer {
 public:
  void members(const Value& map, std::size_t depth, bool in_headers) {
    for (const Value::Member& member : map.members) {
      indent(depth);
      key(member.key);
      const auto same = [&](std::string_view word) { return same_word(word, member.key); };
      const bool hidden = in_headers ? std::ranges::none_of(kOpenHeaders, same)
                                     : std::ranges::any_of(kSecretKeys, same);
      if (hidden && member.value.kind != Value::Kind::null) {
        out_ += std::string(": ") + Secret::masked() + "\n";
      } else if (member.key == "proxy_url") {
        out_ += ": ";
        append_quoted(out_, without_password(member.value.scalar));
        out_ += '\n';
      } else {
        out_ += ':';
        value(member.value, depth + 1, !in_headers && is_headers(member.key));
      }
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void indent(std::size_t depth) { out_.append(depth * 2, ' '); }

  void key(std::string_view text) { scalar(text, false); }

  void scalar(std::string_view text, bool quoted) {
    if (!quoted && is_plain(text)) {
      out_ += text;
    } else {
      append_quoted(out_, text);
    }
  }

  /// What stands behind a colon or a dash.
  void value(const Value& value, std::size_t depth, bool in_headers) {
    switch (value.kind) {
      case Value::Kind::null:
        out_ += '\n';
        break;
      case Value::Kind::scalar:
        out_ += ' ';
        scalar(value.scalar, value.quoted);
        out_ += '\n';
        break;
      case Value::Kind::list:
        out_ += value.items.empty() ? " []\n" : "\n";
        for (const Value& item : value.items) {
          indent(depth);
          out_ += '-';
          this->value(item, depth + 1, false);
        }
        break;
      case Value::Kind::map:
        out_ += value.members.empty() ? " {}\n" : "\n";
        members(value, depth, in_headers);
        break;
    }
  }

  std::string out_;
};

}  // namespace

std::string masked_yaml(const Value& module) {
  Writer writer;
  writer.members(module, 0, false);
  return writer.take();
}

}  // namespace reachd::config::blackbox
