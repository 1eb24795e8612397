#include <windows.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/platform/event_log.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

/// The name below which the installer registers the file of the texts.
constexpr const wchar_t* kSource = L"reachd";
constexpr std::size_t kMostStrings = 8;
/// What ReportEventW takes of one string.
constexpr std::size_t kLongestString = 31'839;

WORD type_of(LogEntry::Level level) noexcept {
  constexpr std::array<WORD, 3> kTypes{EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE,
                                       EVENTLOG_ERROR_TYPE};
  return kTypes[static_cast<std::size_t>(level)];
}

class WindowsEventLog final : public EventLog {
 public:
  WindowsEventLog() = default;
  WindowsEventLog(const WindowsEventLog&) = delete;
  WindowsEventLog& operator=(const WindowsEventLog&) = delete;
  ~WindowsEventLog() override { close(); }

  std::expected<void, std::string> write(const LogEntry& entry) override {
    if (source_ == nullptr) {
      source_ = ::RegisterEventSourceW(nullptr, kSource);
      if (source_ == nullptr) {
        return failed("can't open the event log");
      }
    }
    std::vector<std::wstring> wide;
    for (const std::string& text : entry.strings) {
      wide.push_back(to_wide(text).substr(0, kLongestString));
    }
    std::array<const wchar_t*, kMostStrings> strings{};
    const std::size_t count = std::min(wide.size(), strings.size());
    for (std::size_t i = 0; i < count; ++i) {
      strings[i] = wide[i].c_str();
    }
    if (::ReportEventW(source_, type_of(entry.level), 0, entry.id, nullptr,
                       static_cast<WORD>(count), 0, strings.data(), nullptr) == 0) {
      auto error = failed("can't write to the event log");
      close();  // the handle may be one of a service that was started again since
      return error;
    }
    return {};
  }

 private:
  static std::unexpected<std::string> failed(const std::string& what) {
    return std::unexpected(what + " (error " + std::to_string(::GetLastError()) + ")");
  }
  void close() noexcept {
    if (source_ != nullptr) {
      ::DeregisterEventSource(std::exchange(source_, nullptr));
    }
  }

  HANDLE source_ = nullptr;
};

}  // namespace

bool has_event_log() noexcept { return true; }

std::unique_ptr<EventLog> make_event_log() { return std::make_unique<WindowsEventLog>(); }

}  // namespace reachd::platform
