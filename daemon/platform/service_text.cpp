#include "daemon/platform/service_text.hpp"

#include <algorithm>
#include <array>
#include <boost/uuid/detail/sha1.hpp>
#include <utility>

namespace reachd::platform {
namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view words(ServiceAction action) noexcept {
  constexpr std::array<std::string_view, 6> kWords{"install", "uninstall", "start",
                                                   "stop",    "reload",    "look at"};
  return kWords[static_cast<std::size_t>(action)];
}

// winerror.h; the Windows half of the code is where that header can be seen.
constexpr std::uint32_t kServiceSpecificError = 1066;
constexpr std::uint32_t kNeverStarted = 1077;

/// The cause behind a code, as it continues "can't start reachd: ".
std::string_view cause(std::uint32_t code) noexcept {
  struct Row {
    std::uint32_t code;
    std::string_view text;
  };
  constexpr auto kRows = std::to_array<Row>({
      {2, "its executable is gone; uninstall it and install it from where reachd.exe is now"},
      {5, "access denied; run this as an administrator"},
      {1051, "other services that depend on it are running; stop them first"},
      {1053, "it did not answer the service manager in time"},
      {1055, "the service manager is busy with another service; try again in a moment"},
      {1056, "it is already running"},
      {1057, "Windows does not know its account"},
      {1058, "it is disabled"},
      {1060, "it is not installed"},
      {1061, "it is just starting or stopping; try again in a moment"},
      {1062, "it is not running"},
      {1068, "a service that it depends on did not start"},
      {1069,
       "its account may not log on as a service; see \"Log on as a service\" in the local "
       "security policy"},
      {1072, "it is being removed; close the Services window and whatever else has it open"},
      {1073, "it is installed already; uninstall it first, or change it with --update"},
      {1078, "another service has this display name or name; choose one with --display-name"},
      {1115, "Windows is shutting down"},
  });
  const auto* const row = std::ranges::find(kRows, code, &Row::code);
  return row == kRows.end() ? std::string_view() : row->text;
}

}  // namespace

bool is_service_name(std::string_view name) noexcept {
  constexpr std::size_t kLongest = 80;
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

std::string quote_argument(std::string_view argument) {
  // Backslashes mean themselves, but for those before a quote (ours at the end is one).
  std::string quoted = "\"";
  std::size_t backslashes = 0;
  for (const char c : argument) {
    if (c == '\\') {
      ++backslashes;
    } else {
      if (c == '"') {
        quoted.append(backslashes + 1, '\\');
      }
      backslashes = 0;
    }
    quoted += c;
  }
  quoted.append(backslashes, '\\');
  return quoted + '"';
}

std::string service_command_line(std::string_view executable, std::string_view config_file) {
  return quote_argument(executable) + " run --service --config " + quote_argument(config_file);
}

std::string service_sid(std::string_view name) {
  boost::uuids::detail::sha1 hash;
  for (const char c : name) {
    hash.process_byte(static_cast<unsigned char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
    hash.process_byte(0);
  }
  boost::uuids::detail::sha1::digest_type digest{};
  hash.get_digest(digest);
  std::string sid = "S-1-5-80";
  for (const std::uint32_t word : digest) {  // big-endian words of a hash, little-endian of a SID
    sid += "-" + std::to_string(__builtin_bswap32(word));
  }
  return sid;
}

std::string explain_service_error(ServiceAction action, std::string_view name, std::uint32_t code) {
  std::string text = "can't " + std::string(words(action)) + " the service " + std::string(name);
  if (const std::string_view known = cause(code); !known.empty()) {
    text += ": " + std::string(known);
  }
  return text + " (Windows error " + std::to_string(code) + ")";
}

std::string explain_service_end(std::uint32_t code, std::uint32_t specific) {
  if (code == 0 || code == kNeverStarted) {
    return {};
  }
  if (code != kServiceSpecificError) {
    return "ended with Windows error " + std::to_string(code);
  }
  const std::string_view known = specific == 1   ? " (it can't start: an address in use, no memory)"
                                 : specific == 2 ? " (bad configuration or usage)"
                                                 : "";
  return "ended with exit code " + std::to_string(specific) + std::string(known);
}

}  // namespace reachd::platform
