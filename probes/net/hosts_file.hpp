#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/clock.hpp"

namespace reachd::net {

using HostsTable = std::unordered_map<std::string, std::vector<IpAddress>>;

/// Reads hosts(5): an address and its names a line, '#' begins a comment. Names become lower case;
/// lines without an address are skipped.
HostsTable parse_hosts(std::string_view text);

/// Tells when a file was replaced or written to; looks at most once a second. One thread.
class FileWatch {
 public:
  explicit FileWatch(std::filesystem::path path) : path_(std::move(path)) {}

  /// True at the first call and whenever the file differs from what the last call saw, also when it
  /// has come or gone.
  bool changed(TimePoint now);
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  struct Stamp {
    std::filesystem::file_time_type written;
    std::uintmax_t size = 0;
    bool operator==(const Stamp&) const = default;
  };

  std::filesystem::path path_;
  std::optional<TimePoint> looked_;
  std::optional<Stamp> seen_;
};

/// The system's table of hosts, read again when the file changes; at most 8 MB of it. One thread.
class HostsFile {
 public:
  explicit HostsFile(std::filesystem::path path) : watch_(std::move(path)) {}

  /// The addresses of a lower-case name, null if the file does not have it.
  const std::vector<IpAddress>* find(const std::string& name, TimePoint now);

 private:
  FileWatch watch_;
  HostsTable table_;
};

}  // namespace reachd::net
