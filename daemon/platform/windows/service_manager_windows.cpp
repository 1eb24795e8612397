#include <windows.h>
// after windows.h
#include <winsvc.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "daemon/platform/service_manager.hpp"
#include "daemon/platform/service_text.hpp"
#include "daemon/platform/windows/folder_access.hpp"
#include "daemon/platform/windows/replaced_command.hpp"
#include "daemon/platform/windows/wide.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::platform {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLongestWait = std::chrono::seconds(60);
/// The manager tells of changes by asking only.
constexpr DWORD kAskEvery = 50;  // ms
/// How long a process may take to end after it said that it has stopped.
constexpr DWORD kLongestEnd = 10'000;  // ms
/// A stop flushes the outbox for 3 s at most; what the disk and the probes need comes on top.
constexpr DWORD kPreshutdown = 20'000;  // ms

class Handle {
 public:
  /// Right after the call that opens it: it keeps why that failed.
  explicit Handle(SC_HANDLE handle) noexcept
      : handle_(handle), error_(handle == nullptr ? ::GetLastError() : ERROR_SUCCESS) {}
  Handle(Handle&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), error_(other.error_) {}
  Handle(SC_HANDLE handle, DWORD error) noexcept : handle_(handle), error_(error) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (handle_ != nullptr) {
      ::CloseServiceHandle(handle_);
    }
  }
  explicit operator bool() const noexcept { return handle_ != nullptr; }
  SC_HANDLE get() const noexcept { return handle_; }
  DWORD error() const noexcept { return error_; }

 private:
  SC_HANDLE handle_;
  DWORD error_;
};

std::unexpected<std::string> failed(ServiceAction action, const std::string& name, DWORD code) {
  return std::unexpected(explain_service_error(action, name, code));
}

std::string own_executable() {
  std::wstring path(32'768, L'\0');  // the longest there is
  const DWORD size = ::GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size()));
  path.resize(size);
  return to_utf8(path);
}

std::optional<SERVICE_STATUS_PROCESS> status_of(const Handle& service) {
  std::array<BYTE, sizeof(SERVICE_STATUS_PROCESS)> buffer{};
  DWORD needed = 0;
  if (::QueryServiceStatusEx(service.get(), SC_STATUS_PROCESS_INFO, buffer.data(),
                             static_cast<DWORD>(buffer.size()), &needed) == 0) {
    return std::nullopt;
  }
  return std::bit_cast<SERVICE_STATUS_PROCESS>(buffer);
}

ServiceState state_of(DWORD state) noexcept {
  switch (state) {
    case SERVICE_STOPPED:
      return ServiceState::stopped;
    case SERVICE_START_PENDING:
      return ServiceState::starting;
    case SERVICE_RUNNING:
      return ServiceState::running;
    case SERVICE_STOP_PENDING:
      return ServiceState::stopping;
    default:
      return ServiceState::other;
  }
}

/// Waits until it is neither starting nor stopping; what it is then, or at the end of the time.
std::optional<SERVICE_STATUS_PROCESS> settled(const Handle& service) {
  const auto until = Clock::now() + kLongestWait;
  auto status = status_of(service);
  while (status && Clock::now() < until &&
         (status->dwCurrentState == SERVICE_START_PENDING ||
          status->dwCurrentState == SERVICE_STOP_PENDING)) {
    ::Sleep(kAskEvery);
    status = status_of(service);
  }
  return status;
}

/// Where state and logs are kept unless the configuration says otherwise. The settings may be read
/// by the service, state and logs are its own.
std::expected<void, std::string> prepare_folders(const std::string& sid) {
  const std::string root = program_data_folder() + "\\reachd";
  struct Folder {
    std::string path;
    FolderRights rights;
  };
  for (const Folder& folder :
       {Folder{root, FolderRights::read}, Folder{root + "\\state", FolderRights::full},
        Folder{root + "\\logs", FolderRights::full}}) {
    std::error_code error;
    std::filesystem::create_directories(to_path(folder.path), error);
    if (!error) {
      error = admit_to_folder(folder.path, sid, folder.rights);
    }
    if (error) {
      return std::unexpected("can't set who may use the folder " + folder.path +
                             " (Windows error " + std::to_string(error.value()) + ")");
    }
  }
  return {};
}

class WindowsServiceManager final : public ServiceManager {
 public:
  std::expected<Notes, std::string> install(const ServiceSetup& setup) override {
    constexpr auto kAction = ServiceAction::install;
    if (setup.update) {
      const Handle service = open(setup.name, SERVICE_QUERY_CONFIG | SERVICE_CHANGE_CONFIG);
      if (service) {
        return update(service, setup);
      }
      if (service.error() != ERROR_SERVICE_DOES_NOT_EXIST) {
        return failed(kAction, setup.name, service.error());
      }
    }
    const Handle manager(
        ::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE));
    if (!manager) {
      return failed(kAction, setup.name, manager.error());
    }
    if (auto prepared = prepare_folders(service_sid(setup.name)); !prepared) {
      return std::unexpected(prepared.error());
    }
    const std::string command = service_command_line(own_executable(), setup.config_file);
    const Handle service(::CreateServiceW(
        manager.get(), to_wide(setup.name).c_str(), to_wide(setup.display_name).c_str(),
        SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
        to_wide(command).c_str(), nullptr, nullptr, nullptr,
        to_wide("NT SERVICE\\" + setup.name).c_str(), nullptr));
    if (!service) {
      return failed(kAction, setup.name, service.error());
    }
    return configure(service);
  }

  Result undo_install(const std::string& name) override {
    constexpr auto kAction = ServiceAction::uninstall;
    const std::wstring former = replaced_command(name);
    if (former.empty()) {
      return uninstall(name);
    }
    const Handle service = open(name, SERVICE_CHANGE_CONFIG | SERVICE_STOP | SERVICE_QUERY_STATUS);
    if (!service) {
      return failed(kAction, name, service.error());
    }
    if (auto stopped = stop(service, name, kAction); !stopped) {
      return stopped;
    }
    if (const DWORD code = set_command(service, former); code != ERROR_SUCCESS) {
      return failed(kAction, name, code);
    }
    return {};
  }

  Result uninstall(const std::string& name) override {
    constexpr auto kAction = ServiceAction::uninstall;
    const Handle service = open(name, DELETE | SERVICE_STOP | SERVICE_QUERY_STATUS);
    if (!service) {
      return failed(kAction, name, service.error());
    }
    if (auto stopped = stop(service, name, kAction); !stopped) {
      return stopped;
    }
    if (::DeleteService(service.get()) == 0) {
      return failed(kAction, name, ::GetLastError());
    }
    return {};
  }

  Result start(const std::string& name) override {
    constexpr auto kAction = ServiceAction::start;
    const Handle service = open(name, SERVICE_START | SERVICE_QUERY_STATUS);
    if (!service) {
      return failed(kAction, name, service.error());
    }
    if (::StartServiceW(service.get(), 0, nullptr) == 0) {
      return failed(kAction, name, ::GetLastError());
    }
    const auto status = settled(service);
    if (!status) {
      return failed(kAction, name, ::GetLastError());
    }
    if (status->dwCurrentState == SERVICE_RUNNING) {
      return {};
    }
    if (status->dwCurrentState == SERVICE_START_PENDING) {
      return std::unexpected(name + " is still starting after a minute; its log says more");
    }
    const std::string ended =
        explain_service_end(status->dwWin32ExitCode, status->dwServiceSpecificExitCode);
    return std::unexpected(name + " did not start: it " + (ended.empty() ? "stopped" : ended) +
                           "; its log says more");
  }

  Result stop(const std::string& name) override {
    constexpr auto kAction = ServiceAction::stop;
    const Handle service = open(name, SERVICE_STOP | SERVICE_QUERY_STATUS);
    if (!service) {
      return failed(kAction, name, service.error());
    }
    const auto status = status_of(service);
    if (status && status->dwCurrentState == SERVICE_STOPPED) {
      return std::unexpected(explain_service_error(kAction, name, ERROR_SERVICE_NOT_ACTIVE));
    }
    return stop(service, name, kAction);
  }

  Result reload(const std::string& name) override {
    constexpr auto kAction = ServiceAction::reload;
    const Handle service = open(name, SERVICE_PAUSE_CONTINUE);  // the right that this takes
    if (!service) {
      return failed(kAction, name, service.error());
    }
    SERVICE_STATUS answer{};
    if (::ControlService(service.get(), SERVICE_CONTROL_PARAMCHANGE, &answer) == 0) {
      return failed(kAction, name, ::GetLastError());
    }
    return {};
  }

  std::expected<ServiceFacts, std::string> look(const std::string& name) override {
    const Handle service = open(name, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG);
    if (service.error() == ERROR_SERVICE_DOES_NOT_EXIST) {
      return ServiceFacts();
    }
    if (!service) {
      return failed(ServiceAction::look, name, service.error());
    }
    const auto status = status_of(service);
    if (!status) {
      return failed(ServiceAction::look, name, ::GetLastError());
    }
    ServiceFacts facts;
    facts.state = state_of(status->dwCurrentState);
    facts.process_id = status->dwProcessId;
    if (facts.state == ServiceState::stopped) {
      facts.ended = explain_service_end(status->dwWin32ExitCode, status->dwServiceSpecificExitCode);
    }
    facts.command_line = command_line_of(service);
    return facts;
  }

 private:
  static Handle open(const std::string& name, DWORD access) {
    const Handle manager(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
    if (!manager) {
      return {nullptr, manager.error()};
    }
    return Handle(::OpenServiceW(manager.get(), to_wide(name).c_str(), access));
  }

  static std::expected<Notes, std::string> update(const Handle& service,
                                                  const ServiceSetup& setup) {
    const std::string former = command_line_of(service);
    if (const DWORD code = remember_replaced(setup.name, to_wide(former)); code != ERROR_SUCCESS) {
      return failed(ServiceAction::install, setup.name, code);
    }
    if (auto prepared = prepare_folders(service_sid(setup.name)); !prepared) {
      return std::unexpected(prepared.error());
    }
    const std::string command = service_command_line(own_executable(), setup.config_file);
    if (const DWORD code = set_command(service, to_wide(command)); code != ERROR_SUCCESS) {
      return failed(ServiceAction::install, setup.name, code);
    }
    return former == command ? Notes() : Notes{"it ran " + former + " before"};
  }

  static DWORD set_command(const Handle& service, const std::wstring& command) {
    return ::ChangeServiceConfigW(service.get(), SERVICE_NO_CHANGE, SERVICE_NO_CHANGE,
                                  SERVICE_NO_CHANGE, command.c_str(), nullptr, nullptr, nullptr,
                                  nullptr, nullptr, nullptr) != 0
               ? ERROR_SUCCESS
               : ::GetLastError();
  }

  /// Nothing if it was stopped already. Its process has ended then, too, so that its files can be
  /// replaced or removed.
  static Result stop(const Handle& service, const std::string& name, ServiceAction action) {
    const auto before = status_of(service);
    const DWORD process_id = before ? before->dwProcessId : 0;
    const std::unique_ptr<void, decltype(&::CloseHandle)> process(
        process_id == 0 ? nullptr : ::OpenProcess(SYNCHRONIZE, FALSE, process_id), &::CloseHandle);
    SERVICE_STATUS answer{};
    if (::ControlService(service.get(), SERVICE_CONTROL_STOP, &answer) == 0) {
      const DWORD code = ::GetLastError();
      if (code == ERROR_SERVICE_NOT_ACTIVE) {
        return {};
      }
      // Whoever asked first is waited for, too.
      if (code != ERROR_SERVICE_CANNOT_ACCEPT_CTRL ||
          answer.dwCurrentState != SERVICE_STOP_PENDING) {
        return failed(action, name, code);
      }
    }
    const auto status = settled(service);
    if (!status) {
      return failed(action, name, ::GetLastError());
    }
    if (status->dwCurrentState != SERVICE_STOPPED) {
      return std::unexpected(name + " has not stopped within a minute");
    }
    if (process) {
      ::WaitForSingleObject(process.get(), kLongestEnd);
    }
    return {};
  }

  static std::string command_line_of(const Handle& service) {
    DWORD needed = 0;
    ::QueryServiceConfigW(service.get(), nullptr, 0, &needed);
    std::vector<std::byte> buffer(needed);
    void* const start = buffer.data();
    auto* const config = static_cast<QUERY_SERVICE_CONFIGW*>(start);
    return needed > 0 && ::QueryServiceConfigW(service.get(), config, needed, &needed) != 0
               ? to_utf8(config->lpBinaryPathName)
               : std::string();
  }

  /// What a service can be without; whatever Windows does not take is told.
  static Notes configure(const Handle& service) {
    Notes notes;
    const auto set = [&](DWORD level, void* value, const char* what) {
      if (::ChangeServiceConfig2W(service.get(), level, value) == 0) {
        notes.push_back(std::string("Windows did not take ") + what + " (error " +
                        std::to_string(::GetLastError()) + ")");
      }
    };
    std::wstring text =
        L"Watches the ports that products need and says which of them can't be reached, since when "
        L"and why.";
    SERVICE_DESCRIPTIONW description{.lpDescription = text.data()};
    set(SERVICE_CONFIG_DESCRIPTION, &description, "the description");
    SERVICE_DELAYED_AUTO_START_INFO delayed{.fDelayedAutostart = TRUE};
    set(SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, "the delayed automatic start");
    SERVICE_SID_INFO sid{.dwServiceSidType = SERVICE_SID_TYPE_UNRESTRICTED};
    set(SERVICE_CONFIG_SERVICE_SID_INFO, &sid, "the type of the service's identifier");
    std::array<SC_ACTION, 3> restarts{{{.Type = SC_ACTION_RESTART, .Delay = 5'000},
                                       {.Type = SC_ACTION_RESTART, .Delay = 30'000},
                                       {.Type = SC_ACTION_RESTART, .Delay = 60'000}}};
    SERVICE_FAILURE_ACTIONSW failures{};
    failures.dwResetPeriod = 24 * 60 * 60;  // s
    failures.cActions = static_cast<DWORD>(restarts.size());
    failures.lpsaActions = restarts.data();
    set(SERVICE_CONFIG_FAILURE_ACTIONS, &failures, "the restart after a failure");
    // Without it Windows restarts after a crash only, not after an exit code.
    SERVICE_FAILURE_ACTIONS_FLAG flag{.fFailureActionsOnNonCrashFailures = TRUE};
    set(SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag, "the restart after an exit code");
    SERVICE_PRESHUTDOWN_INFO preshutdown{.dwPreshutdownTimeout = kPreshutdown};
    set(SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown, "the time to stop in at a shutdown");
    return notes;
  }
};

}  // namespace

std::unique_ptr<ServiceManager> make_service_manager() {
  return std::make_unique<WindowsServiceManager>();
}

}  // namespace reachd::platform
