#include "daemon/alert/sinks/mail_message.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "daemon/alert/sinks/wording.hpp"
#include "daemon/json/time.hpp"
#include "probes/core/address.hpp"
#include "probes/core/printable.hpp"
#include "probes/core/target.hpp"
#include "probes/core/utf8.hpp"
#include "probes/core/words.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestAddress = 254;  // RFC 5321, 4.5.3.1.3, without the brackets
constexpr std::size_t kLongestSubject = 240;
constexpr std::size_t kLongestLine = 76;  // RFC 2045, 6.7, and RFC 2047, 2
constexpr std::string_view kWordBegin = "=?UTF-8?Q?";
constexpr std::string_view kWordEnd = "?=";
constexpr std::string_view kHex = "0123456789ABCDEF";

bool is_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// RFC 5322, 3.2.3: atext and dots.
bool is_atom(char c) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~.";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.contains(c);
}

bool is_mail_domain(std::string_view text) noexcept {
  if (!text.starts_with('[')) {
    return is_host(text);
  }
  if (!text.ends_with(']')) {
    return false;
  }
  text = text.substr(1, text.size() - 2);
  constexpr std::string_view kV6 = "IPv6:";
  const bool v6 = text.starts_with(kV6);
  const auto address = IpAddress::parse(v6 ? text.substr(kV6.size()) : text);
  return address && address->is_v4() != v6;
}

void append_hex(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += kHex[byte >> 4U];
  out += kHex[byte & 0x0FU];
}

/// The bytes of the character at the front: `text` is UTF-8 and not empty.
std::size_t character_size(std::string_view text) noexcept {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
    ++size;
  }
  return size;
}

/// A line of a body without its end. Blanks at its end would get lost on the way.
void append_line(std::string& out, std::string_view line) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const bool plain = c > 0x20 && c < 0x7F && c != '=';
    const std::size_t size = plain || (c == ' ' && !last) ? 1 : 3;
    // One place is kept for the "=" of a soft line break.
    if (column + size > kLongestLine - (last ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
    }
    if (size == 1) {
      out += c;
    } else {
      append_hex(out, c);
    }
    column += size;
  }
}

/// "Sun, 22 Nov 2026 10:54:45 +0000" (RFC 5322, 3.3)
std::string date_text(WallTime time) {
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::string clock = json::rfc3339(time).substr(11, 8);
  return std::string(kDays[std::chrono::weekday(day).c_encoding()]) + ", " +
         std::to_string(static_cast<unsigned>(date.day())) + " " +
         std::string(kMonths[static_cast<unsigned>(date.month()) - 1]) + " " +
         std::to_string(static_cast<int>(date.year())) + " " + clock + " +0000";
}

/// What may stand on the right of a Message-ID's "@" (RFC 5322, 3.6.4).
std::string id_domain(std::string_view vantage) {
  std::string domain;
  for (const char c : vantage.substr(0, 200)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || (c == '.' && !domain.empty() && !domain.ends_with('.'));
    domain += fits ? c : '-';
  }
  while (domain.ends_with('.')) {
    domain.pop_back();
  }
  return domain.empty() ? "reachd.invalid" : domain;
}

/// An encoded-word's form of a character (RFC 2047, 4.2 and 5, rule 3).
std::string encoded_character(std::string_view character) {
  if (character == " ") {
    return "_";
  }
  const char first = character.front();
  const bool plain = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') ||
                     (first >= '0' && first <= '9');
  if (plain) {
    return std::string(character);
  }
  std::string encoded;
  for (const char c : character) {
    append_hex(encoded, c);
  }
  return encoded;
}

void append_encoded(std::string& out, std::string_view line) {
  std::size_t column = out.size() + kWordBegin.size();
  out += kWordBegin;
  while (!line.empty()) {
    const std::size_t size = character_size(line);
    const std::string encoded = encoded_character(line.substr(0, size));
    if (column + encoded.size() + kWordEnd.size() > kLongestLine) {
      out += kWordEnd;
      out += "\r\n ";
      out += kWordBegin;
      column = 1 + kWordBegin.size();
    }
    out += encoded;
    column += encoded.size();
    line.remove_prefix(size);
  }
  out += kWordEnd;
}

/// Folds before a blank.
void append_folded(std::string& out, std::string_view line) {
  std::size_t column = out.size();
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' ', 1), line.size());
    if (column + end > kLongestLine && line.starts_with(' ')) {
      out += "\r\n";
      column = 0;
    }
    out += line.substr(0, end);
    column += end;
    line.remove_prefix(end);
  }
}

std::string severity_tag(std::span<const Delivery> events) {
  config::Severity worst = config::Severity::info;
  bool all_recovered = true;
  for (const Delivery& delivery : events) {
    worst = std::max(worst, delivery.event.severity);
    all_recovered = all_recovered && is_recovery(delivery.event);
  }
  return all_recovered ? "[resolved] " : "[" + std::string(config::to_string(worst)) + "] ";
}

std::string subject_text(const Mail& mail, std::span<const Delivery> events) {
  std::string text = severity_tag(events) + headline(events.front().event);
  if (events.size() > 1) {
    text = severity_tag(events) + std::to_string(events.size()) + " events at " + mail.vantage +
           ", the first: " + headline(events.front().event);
  }
  text = plain_line(text, kLongestSubject);
  return mail.prefix.empty() ? text : mail.prefix + " " + text;
}

/// "What        words", for what there is.
void add(std::string& text, std::string_view name, std::string_view value) {
  constexpr std::size_t kColumn = 14;
  if (!value.empty()) {
    text += name;
    text.append(kColumn - std::min(name.size(), kColumn - 1), ' ');
    text += value;
    text += '\n';
  }
}

std::string milliseconds(Duration duration) {
  const auto tenths = std::chrono::duration_cast<std::chrono::microseconds>(duration).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

std::string attempt_line(const event::Evidence::Attempt& attempt) {
  std::string text = "  " + clock_text(attempt.time) + "  ";
  text += attempt.address.empty() ? "no address" : attempt.address;
  text += "  " + attempt.reason;
  text += attempt.phase.empty() ? "" : " (" + attempt.phase + ")";
  text += attempt.error_number == 0 ? "" : ", error " + std::to_string(attempt.error_number);
  return text + ", after " + milliseconds(attempt.duration) + "\n";
}

std::string change_text(const event::Event& event) {
  if (!event.from || !event.to) {
    return {};
  }
  return std::string(to_string(*event.from)) + " to " + std::string(to_string(*event.to)) + " at " +
         clock_text(event.time);
}

std::string affected_text(const event::Event& event) {
  std::string text = join(event.affected, ", ");
  if (event.affected_count > event.affected.size()) {
    text += " and " + std::to_string(event.affected_count - event.affected.size()) + " more";
  }
  return text;
}

/// The event for somebody who has just been woken by it.
std::string event_text(const event::Event& event) {
  std::string text = event.message + ".\n\n";
  add(text, "Seen from", event.vantage);
  if (event.check) {
    const event::Identity& check = *event.check;
    add(text, "Target", check.target + (check.transport.empty() ? "" : ", " + check.transport));
    add(text, "Product", check.product);
    add(text, "Required by",
        check.requirement + (check.necessity.empty() || check.requirement.empty()
                                 ? std::string()
                                 : " (" + check.necessity + ")"));
    add(text, "Device", check.device);
  }
  add(text, "Change", change_text(event));
  add(text, "Time", change_text(event).empty() ? clock_text(event.time) : std::string());
  add(text, is_recovery(event) ? "Ended" : "Since",
      event.since ? clock_text(*event.since) : std::string());
  if (event.reason && *event.reason != Reason::ok) {
    const std::string_view phase = to_string(event.phase);
    add(text, "Reason",
        std::string(to_string(*event.reason)) +
            (phase.empty() ? std::string() : " in phase " + std::string(phase)));
  }
  add(text, "In the way", event.evidence.offender);
  add(text, "Listening", event.evidence.process);
  add(text, "Held back by", to_string(event.suppressed_by));
  add(text, "Down with it", affected_text(event));
  if (!event.evidence.attempts.empty()) {
    text += "\nTried:\n";
    for (const event::Evidence::Attempt& attempt : event.evidence.attempts) {
      text += attempt_line(attempt);
    }
  }
  const std::string what_to_do = advice(event);
  if (!what_to_do.empty()) {
    text += "\n" + what_to_do + "\n";
  }
  return text + "\nEvent " + event.id + (event.check ? " of check " + event.check->id : "") + "\n";
}

std::string body_text(const Mail& mail, std::span<const Delivery> events) {
  std::string text;
  if (events.size() > 1) {
    text = std::to_string(events.size()) + " events, in their order:\n\n";
    for (const Delivery& delivery : events) {
      text += "  " + clock_text(delivery.event.time) + "  " + headline(delivery.event) + "\n";
    }
    text += '\n';
  }
  for (const Delivery& delivery : events) {
    text += events.size() > 1 ? "----\n" : "";
    text += event_text(delivery.event) + "\n";
  }
  if (!mail.external_url.empty()) {
    text += "More: " + mail.external_url + "\n";
  }
  return text;
}

/// "To: a@example.com,\r\n b@example.com\r\n": one a line, so that no line gets too long.
std::string recipients(const std::vector<std::string>& to) {
  std::string text = "To: ";
  for (std::size_t i = 0; i < to.size(); ++i) {
    text += (i == 0 ? "" : ",\r\n ") + to[i];
  }
  return text + "\r\n";
}

}  // namespace

bool is_mail_address(std::string_view text) noexcept {
  const std::size_t at = text.rfind('@');
  if (text.size() > kLongestAddress || at == std::string_view::npos || at == 0 || at > 64) {
    return false;
  }
  const std::string_view local = text.substr(0, at);
  return std::ranges::all_of(local, is_atom) && !local.starts_with('.') && !local.ends_with('.') &&
         !local.contains("..") && is_mail_domain(text.substr(at + 1));
}

std::string header(std::string_view name, std::string_view text) {
  const std::string line = plain_line(text, text.size());
  std::string result = std::string(name) + ": ";
  // "=?" of somebody else's making would be decoded by readers.
  if (is_ascii(line) && !line.contains("=?")) {
    append_folded(result, line);
  } else {
    append_encoded(result, line);
  }
  return result + "\r\n";
}

std::string quoted_printable(std::string_view text) {
  std::string clean = repair_utf8(text);
  std::ranges::replace_if(
      clean,
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n') || byte == 0x7F;
      },
      ' ');
  std::string out;
  std::string_view rest = clean;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    append_line(out, rest.substr(0, end));
    out += "\r\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::string mail_text(const Mail& mail, std::span<const Delivery> events, WallTime now) {
  const std::string& first = events.front().event.id;
  const std::string& last = events.back().event.id;
  std::string text = "Date: " + date_text(now) + "\r\n";
  text += "From: <" + mail.from + ">\r\n";
  text += recipients(mail.to);
  text += header("Subject", subject_text(mail, events));
  text += "Message-ID: <" + first + (events.size() > 1 ? "." + last : "") + "@" +
          id_domain(mail.vantage) + ">\r\n";
  // RFC 3834, 5: nobody's holiday reply comes back.
  text += "Auto-Submitted: auto-generated\r\n";
  text += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n";
  text += "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
  return text + quoted_printable(body_text(mail, events));
}

}  // namespace reachd::alert
