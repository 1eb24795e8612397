#include <windows.h>
// after windows.h
#include <shellapi.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/platform/program.hpp"
#include "daemon/platform/windows/service_link.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

/// The console as it was found goes back to whoever called.
class Console {
 public:
  Console() : code_page_(::GetConsoleOutputCP()) {
    ::SetConsoleOutputCP(CP_UTF8);
    for (const DWORD stream : {STD_OUTPUT_HANDLE, STD_ERROR_HANDLE}) {
      DWORD mode = 0;
      if (::GetConsoleMode(::GetStdHandle(stream), &mode) != 0) {
        ::SetConsoleMode(::GetStdHandle(stream), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
      }
    }
  }
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console() {
    if (code_page_ != 0) {
      ::SetConsoleOutputCP(code_page_);
    }
  }

 private:
  const UINT code_page_;
};

/// The arguments of main are in the code page of the machine; these are what was written.
std::vector<std::string> utf8_arguments() {
  int count = 0;
  const std::unique_ptr<wchar_t*, decltype(&::LocalFree)> wide(
      ::CommandLineToArgvW(::GetCommandLineW(), &count), &::LocalFree);
  std::vector<std::string> arguments;
  for (int i = 0; wide && i < count; ++i) {
    arguments.push_back(to_utf8(wide.get()[i]));
  }
  return arguments;
}

/// What is run; ServiceMain is given nothing that would lead to it.
struct Call {
  std::vector<std::string> arguments;
  Program program = nullptr;
  int exit_code = 0;

  int run() const {
    std::vector<const char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) {
      pointers.push_back(argument.c_str());
    }
    pointers.push_back(nullptr);
    return program(static_cast<int>(arguments.size()), pointers.data());
  }
};
Call& call() {
  static Call instance;
  return instance;
}

void WINAPI service_main(DWORD count, wchar_t** arguments) {
  ServiceLink& link = ServiceLink::instance();
  if (!link.open(count > 0 ? arguments[0] : L"reachd")) {
    return;
  }
  call().exit_code = call().run();
  link.stopped(call().exit_code);
}

/// Returns once the service has ended. Nothing if no service manager started this process.
std::optional<int> run_as_service() {
  std::wstring name;  // a service that has its process to itself is found without one
  const SERVICE_TABLE_ENTRYW services[] = {{name.data(), &service_main}, {nullptr, nullptr}};
  if (::StartServiceCtrlDispatcherW(services) == 0) {
    return std::nullopt;
  }
  return call().exit_code;
}

/// Takes the flag away: the program behind does not know it.
bool take_service_flag(std::vector<std::string>& arguments) {
  return arguments.size() > 1 && arguments[1] == "run" && std::erase(arguments, "--service") > 0;
}

}  // namespace

int run_program(int /*argc*/, char** /*argv*/, Program program) {
  call().arguments = utf8_arguments();
  call().program = program;
  if (take_service_flag(call().arguments)) {
    if (const std::optional<int> exit_code = run_as_service()) {
      return *exit_code;
    }
  }
  const Console console;
  return call().run();
}

}  // namespace reachd::platform
