// What the tests ask of the Windows service manager and `reachd service` does not tell; one line of
// JSON each:
//   query NAME         its status
//   control NAME CODE  sends a control; then its status
//   config NAME        how it is started
//   stop NAME          asks it to stop; its status each time that it differs, until it has stopped,
//                      with the milliseconds since it was asked
#include <windows.h>
// after windows.h
#include <winsvc.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr DWORD kGuard = 30'000;  // ms

SERVICE_STATUS_PROCESS status_of(SC_HANDLE service) {
  SERVICE_STATUS_PROCESS status{};
  std::array<BYTE, sizeof(status)> buffer{};
  DWORD needed = 0;
  ::QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, buffer.data(),
                         static_cast<DWORD>(buffer.size()), &needed);
  std::memcpy(&status, buffer.data(), sizeof(status));
  return status;
}

void print(const SERVICE_STATUS_PROCESS& status, DWORD error, DWORD elapsed = 0) {
  std::printf(
      R"({"state": %lu, "accepted": %lu, "code": %lu, "specific": %lu, "checkpoint": %lu, "wait": %lu, "error": %lu, "elapsed": %lu})"
      "\n",
      status.dwCurrentState, status.dwControlsAccepted, status.dwWin32ExitCode,
      status.dwServiceSpecificExitCode, status.dwCheckPoint, status.dwWaitHint, error, elapsed);
}

DWORD control(SC_HANDLE service, DWORD code) {
  SERVICE_STATUS answer{};
  return ::ControlService(service, code, &answer) != 0 ? ERROR_SUCCESS : ::GetLastError();
}

int watch_stop(SC_HANDLE service) {
  const DWORD began = ::GetTickCount();
  const DWORD error = control(service, SERVICE_CONTROL_STOP);
  SERVICE_STATUS_PROCESS last = status_of(service);
  print(last, error);
  while (last.dwCurrentState != SERVICE_STOPPED && ::GetTickCount() - began < kGuard) {
    ::Sleep(10);
    const SERVICE_STATUS_PROCESS now = status_of(service);
    if (std::memcmp(&now, &last, sizeof(now)) != 0) {
      print(now, ERROR_SUCCESS, ::GetTickCount() - began);
      last = now;
    }
  }
  return last.dwCurrentState == SERVICE_STOPPED ? 0 : 1;
}

int print_config(SC_HANDLE service) {
  DWORD needed = 0;
  ::QueryServiceConfigW(service, nullptr, 0, &needed);
  std::vector<std::byte> buffer(needed);
  void* const start = buffer.data();
  auto* const config = static_cast<QUERY_SERVICE_CONFIGW*>(start);
  if (needed == 0 || ::QueryServiceConfigW(service, config, needed, &needed) == 0) {
    return 1;
  }
  // Neither name holds what JSON would want to have escaped, but for the account's one backslash.
  std::wstring account = config->lpServiceStartName;
  if (const std::size_t at = account.find(L'\\'); at != std::wstring::npos) {
    account.insert(at, L"\\");
  }
  std::printf(R"({"start": %lu, "type": %lu, "account": "%ls", "display_name": "%ls"})"
              "\n",
              config->dwStartType, config->dwServiceType, account.c_str(), config->lpDisplayName);
  return 0;
}

int run(const std::string& what, const std::string& name, DWORD code) {
  const SC_HANDLE manager = ::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT);
  const std::wstring wide(name.begin(), name.end());  // ASCII
  const SC_HANDLE service = ::OpenServiceW(manager, wide.c_str(), SERVICE_ALL_ACCESS);
  if (service == nullptr) {
    std::printf("{\"error\": %lu}\n", ::GetLastError());
    return 1;
  }
  if (what == "stop") {
    return watch_stop(service);
  }
  if (what == "config") {
    return print_config(service);
  }
  const DWORD error = what == "control" ? control(service, code) : ERROR_SUCCESS;
  print(status_of(service), error);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    return 2;
  }
  return run(argv[1], argv[2],
             argc > 3 ? static_cast<DWORD>(std::strtoul(argv[3], nullptr, 10)) : 0);
}
