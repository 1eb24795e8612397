#include "probes/net/hosts_file.hpp"

#include <algorithm>
#include <fstream>

#include "probes/core/words.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kMaxBytes = 8u << 20;
constexpr std::string_view kBlank = " \t\r\f\v";

/// Takes the first word off `line`.
std::string_view next_word(std::string_view& line) {
  const std::size_t start = std::min(line.find_first_not_of(kBlank), line.size());
  const std::size_t end = std::min(line.find_first_of(kBlank, start), line.size());
  const std::string_view word = line.substr(start, end - start);
  line.remove_prefix(end);
  return word;
}

}  // namespace

HostsTable parse_hosts(std::string_view text) {
  HostsTable table;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const auto address = IpAddress::parse(next_word(line));
    if (!address) {
      continue;
    }
    for (auto name = next_word(line); !name.empty(); name = next_word(line)) {
      auto& addresses = table[lower(name)];
      if (std::ranges::find(addresses, *address) == addresses.end()) {
        addresses.push_back(*address);
      }
    }
  }
  return table;
}

bool FileWatch::changed(TimePoint now) {
  if (looked_ && now - *looked_ < std::chrono::seconds(1)) {
    return false;
  }
  const bool first = !looked_;
  looked_ = now;
  std::optional<Stamp> stamp;
  std::error_code gone;
  const auto written = std::filesystem::last_write_time(path_, gone);
  if (!gone) {
    const auto size = std::filesystem::file_size(path_, gone);
    stamp = Stamp{written, gone ? 0 : size};
  }
  const bool differs = first || stamp != seen_;
  seen_ = stamp;
  return differs;
}

const std::vector<IpAddress>* HostsFile::find(const std::string& name, TimePoint now) {
  if (watch_.changed(now)) {
    std::error_code gone;
    const auto size = std::filesystem::file_size(watch_.path(), gone);
    std::string text(gone ? 0 : std::min<std::uintmax_t>(size, kMaxBytes), '\0');
    std::ifstream file(watch_.path(), std::ios::binary);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    table_ = parse_hosts(text);
  }
  const auto found = table_.find(name);
  return found == table_.end() ? nullptr : &found->second;
}

}  // namespace reachd::net
