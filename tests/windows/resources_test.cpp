// What the linked resources make of a program: its code page, its version, the texts of its entries
// in the Event Log.
#include <windows.h>
// after windows.h
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/platform/event_log.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

std::wstring own_path() {
  std::wstring path(MAX_PATH, L'\0');
  path.resize(::GetModuleFileNameW(nullptr, path.data(), MAX_PATH));
  return path;
}

TEST(Resources, TheCodePageIsUtf8) { EXPECT_EQ(::GetACP(), static_cast<UINT>(CP_UTF8)); }

TEST(Resources, NamesOfFilesAreUtf8) {
  const auto folder = std::filesystem::temp_directory_path() / u8"reachd Prüfung \u65e5";
  std::filesystem::create_directories(folder);
  {
    std::ofstream(folder.string() + "/x.txt") << "here";
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "x.txt"));
  std::filesystem::remove_all(folder);
}

TEST(Resources, TheVersionIsThatOfTheProject) {
  const std::wstring path = own_path();
  std::vector<std::byte> block(::GetFileVersionInfoSizeW(path.c_str(), nullptr));
  ASSERT_NE(::GetFileVersionInfoW(path.c_str(), 0, static_cast<DWORD>(block.size()), block.data()),
            0);
  void* value = nullptr;
  UINT size = 0;
  ASSERT_NE(
      ::VerQueryValueW(block.data(), L"\\StringFileInfo\\040904b0\\ProductVersion", &value, &size),
      0);
  EXPECT_EQ(to_utf8(static_cast<const wchar_t*>(value)), REACHD_VERSION);
}

/// What an event viewer would show.
std::string shown(DWORD id, std::vector<std::wstring> strings) {
  std::array<DWORD_PTR, 8> arguments{};
  for (std::size_t i = 0; i < strings.size(); ++i) {
    arguments.at(i) = std::bit_cast<DWORD_PTR>(strings[i].data());
  }
  std::wstring text(2000, L'\0');
  text.resize(::FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY, nullptr,
                               id, 0x409, text.data(), static_cast<DWORD>(text.size()),
                               std::bit_cast<va_list*>(arguments.data())));
  return to_utf8(text);
}

TEST(Resources, EntriesHaveTexts) {
  EXPECT_EQ(shown(1, {L"watching 12 checks"}), "The service runs: watching 12 checks\r\n");
  EXPECT_EQ(shown(4, {L"Käse"}), "Käse\r\n");
  EXPECT_EQ(shown(100, {L"erp is down", L"details", L"{}"}), "erp is down\r\n\r\ndetails\r\n");
  EXPECT_EQ(shown(401, {L"a", L"b", L"{}"}), "a\r\n\r\nb\r\n");
  EXPECT_EQ(shown(99, {}), "");
}

TEST(EventLog, TakesEntriesOfEachLevel) {
  const auto log = make_event_log();
  ASSERT_TRUE(log);
  for (const auto level :
       {LogEntry::Level::information, LogEntry::Level::warning, LogEntry::Level::error}) {
    const auto written =
        log->write({.id = 100, .level = level, .strings = {"erp is down: Käse", "details", "{}"}});
    EXPECT_TRUE(written) << written.error();
  }
}

TEST(EventLog, TakesTheLongestEntry) {
  const auto log = make_event_log();
  const auto written = log->write(
      {.id = 100,
       .strings = {std::string(1'000, 'a'), std::string(8'000, 'b'), std::string(18'000, 'c')}});
  EXPECT_TRUE(written) << written.error();
}

}  // namespace
}  // namespace reachd::platform
