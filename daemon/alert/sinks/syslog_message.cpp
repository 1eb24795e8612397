#include "daemon/alert/sinks/syslog_message.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/alert/sinks/wording.hpp"
#include "daemon/json/time.hpp"
#include "probes/core/printable.hpp"
#include "probes/core/utf8.hpp"

namespace reachd::alert {
namespace {

constexpr std::size_t kLongestHost = 255;   // RFC 5424, 6
constexpr std::size_t kLongestValue = 255;  // keeps any message below the 8 KiB that rsyslog reads
constexpr std::size_t kLongestSentence = 2048;
constexpr std::size_t kLeastSentence = 160;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 20> kFacilities{{
    {"kern", 0},      {"user", 1},    {"mail", 2},    {"daemon", 3},  {"auth", 4},
    {"syslog", 5},    {"lpr", 6},     {"news", 7},    {"uucp", 8},    {"cron", 9},
    {"authpriv", 10}, {"ftp", 11},    {"local0", 16}, {"local1", 17}, {"local2", 18},
    {"local3", 19},   {"local4", 20}, {"local5", 21}, {"local6", 22}, {"local7", 23},
}};

int severity_of(const event::Event& event) noexcept {
  if (is_recovery(event)) {
    return 5;
  }
  switch (event.severity) {
    case config::Severity::critical:
      return 2;
    case config::Severity::warning:
      return 4;
    case config::Severity::info:
      break;
  }
  return 6;
}

/// PRINTUSASCII without blanks (RFC 5424, 6), and none of what a receiver's file names are made of.
std::string host_name(std::string_view text) {
  std::string name(text.substr(0, kLongestHost));
  std::ranges::replace_if(
      name,
      [](char c) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':';
        return !fits;
      },
      '-');
  return name.empty() ? "-" : name;
}

/// `name="value"` with the three characters that need it escaped (RFC 5424, 6.3.3).
std::string parameter(std::string_view name, std::string_view value) {
  std::string text = " ";
  text += name;
  text += "=\"";
  for (const char c : plain_line(value, kLongestValue)) {
    if (c == '"' || c == '\\' || c == ']') {
      text += '\\';
    }
    text += c;
  }
  return text + '"';
}

/// What tells most first: the last go where the room is short.
std::vector<std::pair<std::string_view, std::string>> parameters(const event::Event& event) {
  const event::Identity nobody;
  const event::Identity& check = event.check ? *event.check : nobody;
  const auto& attempts = event.evidence.attempts;
  std::vector<std::pair<std::string_view, std::string>> list{
      {"id", event.id},
      {"check", check.id},
      {"severity", std::string(config::to_string(event.severity))},
      {"from", event.from ? std::string(to_string(*event.from)) : std::string()},
      {"to", event.to ? std::string(to_string(*event.to)) : std::string()},
      {"reason", event.reason ? std::string(to_string(*event.reason)) : std::string()},
      {"phase", std::string(to_string(event.phase))},
      {"suppressed_by", std::string(to_string(event.suppressed_by))},
      {"target", check.target},
      {"address", attempts.empty() ? std::string() : attempts.back().address},
      {"offender", event.evidence.offender},
      {"since", event.since ? json::rfc3339(*event.since) : std::string()},
      {"product", check.product},
      {"requirement", check.requirement},
  };
  std::erase_if(list, [](const auto& entry) { return entry.second.empty(); });
  return list;
}

}  // namespace

std::optional<std::uint8_t> parse_facility(std::string_view word) noexcept {
  const auto found =
      std::ranges::find(kFacilities, word, &std::pair<std::string_view, std::uint8_t>::first);
  return found == kFacilities.end() ? std::nullopt : std::optional(found->second);
}

std::string syslog_message(const event::Event& event, const SyslogSender& sender,
                           std::size_t most) {
  std::string message = "<" + std::to_string(sender.facility * 8 + severity_of(event)) + ">1 " +
                        json::rfc3339(event.time) + " " + host_name(sender.host) + " reachd " +
                        (sender.process.empty() ? "-" : sender.process) + " " +
                        std::string(event::to_string(event.kind)) + " [reachd@" +
                        std::to_string(sender.enterprise);
  std::string sentence = plain_line(event.message, kLongestSentence);
  const bool ascii =
      std::ranges::all_of(sentence, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) {
    sentence.insert(0, kByteOrderMark);
  }
  const std::size_t reserved = std::min(sentence.size(), kLeastSentence) + 2;
  for (const auto& [name, value] : parameters(event)) {
    const std::string text = parameter(name, value);
    if (message.size() + text.size() + reserved > most) {
      break;
    }
    message += text;
  }
  message += "] ";
  message += cut_utf8(sentence, most - std::min(most, message.size()));
  return message;
}

}  // namespace reachd::alert
