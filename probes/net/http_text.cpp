#include "probes/net/http_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "probes/net/http.hpp"

namespace reachd::net {
namespace {

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F) {
      result += c;
    } else {
      result += '%';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 0x0FU];
    }
  }
  return result;
}

/// True for "mailto:..." and the like: a scheme stands before the first slash (RFC 3986, 3.1).
bool has_scheme(std::string_view text) {
  const std::size_t end = text.find_first_of(":/?");
  return end != std::string_view::npos && end > 0 && text[end] == ':';
}

/// RFC 3986, 5.2.4, for a path that starts with a slash.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> segments;
  bool folder = false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    folder = segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) {
      segments.pop_back();
    } else if (!folder) {
      segments.push_back(segment);
    }
  }
  std::string result;
  for (const std::string_view segment : segments) {
    result.append("/").append(segment);
  }
  return folder || result.empty() ? result + "/" : result;
}

std::string normalised(std::string_view path_and_query) {
  const std::size_t query = std::min(path_and_query.find('?'), path_and_query.size());
  return without_dots(path_and_query.substr(0, query)) + std::string(path_and_query.substr(query));
}

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc{} || end != digits.data() + digits.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

/// 1994 for 94: a year more than 50 years ahead is the last one with these digits.
int whole_year(int digits) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const int now = static_cast<int>(std::chrono::year_month_day(today).year());
  const int year = now - now % 100 + digits;
  return year > now + 50 ? year - 100 : year;
}

/// A date in one of the two obsolete forms, which recipients must read too, in today's; as it is
/// if it is in neither.
std::string modern_date(std::string_view text) {
  const auto made = [&](const std::string& day, std::string_view month, const std::string& year,
                        std::string_view time) {
    return std::string(text.substr(0, 3)) + ", " + day + " " + std::string(month) + " " + year +
           " " + std::string(time) + " GMT";
  };
  constexpr std::size_t kRest = std::string_view("06-Nov-94 08:49:37 GMT").size();
  const std::size_t comma = text.find(", ");
  if (comma != std::string_view::npos && comma > 3 && text.size() == comma + 2 + kRest) {
    const std::string_view rest = text.substr(comma + 2);
    const auto digits = number(rest.substr(7, 2));
    if (digits && rest[2] == '-' && rest[6] == '-' && rest.ends_with(" GMT")) {
      return made(std::string(rest.substr(0, 2)), rest.substr(3, 3),
                  std::to_string(whole_year(*digits)), rest.substr(10, 8));
    }
  }
  if (text.size() == std::string_view("Sun Nov  6 08:49:37 1994").size() && text[3] == ' ') {
    std::string day(text.substr(8, 2));
    std::ranges::replace(day, ' ', '0');
    return made(day, text.substr(4, 3), std::string(text.substr(20, 4)), text.substr(11, 8));
  }
  return std::string(text);
}

}  // namespace

std::expected<Target, std::string> resolve_location(const Target& base, std::string_view location) {
  std::string text = encoded(location.substr(0, location.find('#')));
  const std::string origin = base.scheme + "://" + authority(base.host, base.port);
  if (text.starts_with("//")) {
    text.insert(0, base.scheme + ":");
  } else if (text.starts_with('/')) {
    text = origin + normalised(text);
  } else if (text.empty() || text.starts_with('?')) {
    text = origin + base.path.substr(0, base.path.find('?')) + text;
  } else if (!has_scheme(text)) {
    const std::string path = base.path.substr(0, base.path.find('?'));
    text = origin + normalised(path.substr(0, path.rfind('/') + 1) + text);
  }
  auto target = parse_target(text);
  if (target && target->scheme != "http" && target->scheme != "https") {
    return std::unexpected("it leads to neither http nor https");
  }
  return target;
}

std::string url_text(const Target& target, bool with_query) {
  return target.scheme + "://" + authority(target.host, shown_port(target)) +
         (with_query ? target.path : target.path.substr(0, target.path.find('?')));
}

std::uint16_t shown_port(const Target& target) noexcept {
  const std::uint16_t usual = target.scheme == "https" ? 443 : 80;
  return target.port == usual ? std::uint16_t{0} : target.port;
}

std::optional<WallTime> parse_http_date(std::string_view written) {
  const std::string date_text = modern_date(written);
  const std::string_view text = date_text;
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT") ||
      text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day = number(text.substr(5, 2));
  const auto year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second || *hour > 23 ||
      *minute > 59 || *second > 60 || *year < 1970 || *year > 2261) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year(*year),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace reachd::net
