#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alert/sinks/file.hpp"
#include "probes/core/file_path.hpp"
#include "tests/daemon/delivery_lab.hpp"
#include "tests/support/temporary_folder.hpp"

namespace reachd::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline std::string line(const event::Event& event) { return json::event_text(event) + "\n"; }

/// A file sink in a folder of its own.
class FileSinkTest : public testing::Test {
 protected:
  std::shared_ptr<alert::Sink> make(const std::filesystem::path& to) {
    return lab.make(alert::file_sink(), params({{"path", text(to_text(to))}}));
  }
  std::string deliver(const std::vector<event::Event>& events) {
    const auto receipts = lab.deliver(*sink, events);
    why = receipts.front().why;
    return hows(receipts);
  }

 private:
  TemporaryFolder temporary_;

 protected:
  DeliveryLab lab;
  std::filesystem::path folder = temporary_.path();
  std::filesystem::path path = folder / "events.jsonl";
  std::shared_ptr<alert::Sink> sink = make(path);
  std::string why;
};

}  // namespace reachd::test
