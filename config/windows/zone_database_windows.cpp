#include <date/tz.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

#include "config/zone_database.hpp"
#include "zone_files.hpp"

namespace reachd::config {
namespace {

namespace fs = std::filesystem;

/// A folder of our own that goes with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    path_ = fs::temp_directory_path() /
            ("reachd-zones-" + std::to_string(random()) + std::to_string(random()));
    if (!fs::create_directory(path_)) {
      throw std::runtime_error("the folder for temporary files can't be used");
    }
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

/// The library reads files only, and all of them at once.
const date::tzdb& unpack_and_read() {
  const TemporaryFolder folder;
  for (const EmbeddedFile& file : embedded::zone_files()) {
    std::ofstream out(folder.path() / std::string(file.name), std::ios::binary);
    out << file.content;
    if (!out.flush()) {
      throw std::runtime_error("the folder for temporary files is full");
    }
  }
  date::set_install(folder.path().string());
  return date::get_tzdb();
}

const date::tzdb& database() {
  static const date::tzdb& read = unpack_and_read();
  return read;
}

}  // namespace

const date::time_zone* find_zone(std::string_view name) {
  const auto& zones = database().zones;
  const auto& links = database().links;
  const auto link = std::ranges::find(links, name, &date::time_zone_link::name);
  const std::string_view real = link == links.end() ? name : link->target();
  const auto found = std::ranges::find(zones, real, &date::time_zone::name);
  return found == zones.end() ? nullptr : &*found;
}

std::vector<std::string_view> zone_names() {
  std::vector<std::string_view> names;
  for (const date::time_zone& zone : database().zones) {
    names.push_back(zone.name());
  }
  for (const date::time_zone_link& link : database().links) {
    names.push_back(link.name());
  }
  return names;
}

}  // namespace reachd::config
