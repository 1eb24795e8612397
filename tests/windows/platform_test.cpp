#include <gtest/gtest.h>
#include <windows.h>
// after windows.h
#include <shellapi.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "daemon/platform/paths.hpp"
#include "daemon/platform/service_host.hpp"
#include "daemon/platform/service_text.hpp"
#include "daemon/platform/windows/console_event.hpp"
#include "daemon/platform/windows/folder_access.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

namespace fs = std::filesystem;

class PlatformWindows : public ::testing::Test {
 protected:
  PlatformWindows() { fs::remove_all(folder_); }
  ~PlatformWindows() override { fs::remove_all(folder_); }

  const fs::path folder_ =
      fs::temp_directory_path() / ("reachd-platform-" + std::to_string(process_id()));
};

// What Windows makes of a command line is what counts.
TEST_F(PlatformWindows, TakesTheServicesCommandLineApartAsItWasMeant) {
  const std::string executable = "C:\\Program Files\\b\xc3\xbc\\reachd.exe";
  const std::string config = "D:\\a \"b\" c\\\\\\\"d\\";
  const std::wstring line = to_wide(service_command_line(executable, config));
  int count = 0;
  wchar_t** const found = ::CommandLineToArgvW(line.c_str(), &count);
  ASSERT_NE(found, nullptr);
  const std::vector<std::wstring> arguments(found, found + count);
  ::LocalFree(found);
  EXPECT_EQ(arguments, (std::vector<std::wstring>{to_wide(executable), L"run", L"--service",
                                                  L"--config", to_wide(config)}));
}

TEST_F(PlatformWindows, KeepsEverythingInProgramData) {
  EXPECT_TRUE(default_config_file().ends_with("\\ProgramData\\reachd\\reachd.yaml"));
  EXPECT_EQ(default_log_file(), "") << "this is no service";
}

TEST_F(PlatformWindows, MakesPrivateFoldersAllTheWayAndTwice) {
  const fs::path inner = folder_ / "one" / "two";
  EXPECT_FALSE(make_private_folder(inner.string()));
  EXPECT_TRUE(fs::is_directory(inner));
  EXPECT_FALSE(make_private_folder(inner.string()));
  std::ofstream(inner / "file") << "text";
  EXPECT_TRUE(fs::exists(inner / "file")) << "whoever made it may use it";
  EXPECT_TRUE(make_private_folder((inner / "file" / "below").string()));
}

TEST_F(PlatformWindows, AdmitsAServiceToAFolder) {
  fs::create_directories(folder_);
  const std::string first = service_sid("reachd");
  EXPECT_FALSE(admit_to_folder(folder_.string(), first, FolderRights::full));
  EXPECT_FALSE(admit_to_folder(folder_.string(), service_sid("reachd2"), FolderRights::read));
  EXPECT_TRUE(admit_to_folder((folder_ / "missing").string(), first, FolderRights::read));
  EXPECT_TRUE(admit_to_folder(folder_.string(), "no identifier", FolderRights::read));
}

// wine gives a test no console that could send these; the handler is what Windows would call.
TEST(ConsoleEvents, EachStopsTheDaemon) {
  for (const int event : {CTRL_C_EVENT, CTRL_BREAK_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT}) {
    boost::asio::io_context context;
    const auto host = make_service_host(context);
    bool stopped = false;
    host->on_requests(
        [&] {
          stopped = true;
          host->close();
        },
        [] {});
    // It does not return while a console closes, and ends with the process.
    std::thread(&on_console_event, static_cast<DWORD>(event)).detach();
    context.run_for(std::chrono::seconds(30));
    EXPECT_TRUE(stopped) << event;
  }
}

}  // namespace
}  // namespace reachd::platform
