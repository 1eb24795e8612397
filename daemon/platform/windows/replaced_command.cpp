#include "daemon/platform/windows/replaced_command.hpp"

#include <windows.h>

#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

constexpr const wchar_t* kValue = L"ReplacedCommand";

std::wstring key_of(const std::string& service) {
  return L"SYSTEM\\CurrentControlSet\\Services\\" + to_wide(service) + L"\\Parameters";
}

}  // namespace

std::uint32_t remember_replaced(const std::string& service, const std::wstring& command) {
  const std::size_t bytes = (command.size() + 1) * sizeof(wchar_t);
  return static_cast<std::uint32_t>(::RegSetKeyValueW(HKEY_LOCAL_MACHINE, key_of(service).c_str(),
                                                      kValue, REG_SZ, command.c_str(),
                                                      static_cast<DWORD>(bytes)));
}

std::wstring replaced_command(const std::string& service) {
  std::wstring text(32'768, L'\0');  // the longest command line
  auto bytes = static_cast<DWORD>(text.size() * sizeof(wchar_t));
  if (::RegGetValueW(HKEY_LOCAL_MACHINE, key_of(service).c_str(), kValue, RRF_RT_REG_SZ, nullptr,
                     text.data(), &bytes) != ERROR_SUCCESS) {
    return {};
  }
  return text.c_str();  // up to its end
}

}  // namespace reachd::platform
