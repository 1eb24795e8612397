// proc(5): /proc/self/stat, /proc/self/fd, /proc/stat.
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/metrics/process.hpp"

namespace reachd::metrics {
namespace {

/// Fields of /proc/self/stat counted from 1 as proc(5) does; those before 3 are left out, because
/// the second may hold spaces.
class StatFields {
 public:
  StatFields() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) {
      return;
    }
    std::string_view rest = std::string_view(line).substr(name_end + 1);
    while (!rest.empty()) {
      const auto begin = rest.find_first_not_of(' ');
      if (begin == std::string_view::npos) {
        return;
      }
      rest.remove_prefix(begin);
      const auto end = rest.find(' ');
      fields_.emplace_back(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    }
  }

  std::optional<std::uint64_t> number(std::size_t field) const {
    if (field < 3 || field - 3 >= fields_.size()) {
      return std::nullopt;
    }
    const std::string& text = fields_[field - 3];
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc() ? std::optional(value) : std::nullopt;
  }

 private:
  std::vector<std::string> fields_;
};

std::optional<std::uint64_t> boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    std::uint64_t value = 0;
    if (word == "btime" && file >> value) {
      return value;
    }
    std::getline(file, word);
  }
  return std::nullopt;
}

Duration from_ticks(std::uint64_t ticks) {
  static const auto kTicksPerSecond = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return Duration(static_cast<std::int64_t>(ticks * (1'000'000'000 / kTicksPerSecond)));
}

}  // namespace

ProcessFacts read_process_facts() {
  ProcessFacts facts;
  const StatFields stat;
  const auto user = stat.number(14);
  const auto system = stat.number(15);
  if (user && system) {
    facts.cpu = from_ticks(*user + *system);
  }
  facts.virtual_bytes = stat.number(23);
  if (const auto pages = stat.number(24)) {
    facts.resident_bytes = *pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
  static const auto kBootTime = boot_time();
  const auto started = stat.number(22);
  if (kBootTime && started) {
    facts.start = WallTime(std::chrono::seconds(static_cast<std::int64_t>(*kBootTime))) +
                  from_ticks(*started);
  }
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (!error) {
    // One of them is the iterator's own.
    facts.open_descriptors = static_cast<std::uint64_t>(
        std::distance(begin(descriptors), std::filesystem::directory_iterator()) - 1);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    facts.max_descriptors = limit.rlim_cur;
  }
  return facts;
}

}  // namespace reachd::metrics
