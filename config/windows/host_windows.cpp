#include <windows.h>

#include <array>

#include "config/host.hpp"

namespace reachd::config {

std::string host_name() {
  std::array<wchar_t, 256> wide{};
  auto length = static_cast<DWORD>(wide.size());
  if (::GetComputerNameExW(ComputerNameDnsHostname, wide.data(), &length) == 0 || length == 0) {
    return "localhost";
  }
  std::array<char, 768> name{};
  const int size =
      ::WideCharToMultiByte(CP_UTF8, 0, wide.data(), static_cast<int>(length), name.data(),
                            static_cast<int>(name.size()), nullptr, nullptr);
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : "localhost";
}

// The heap of Windows gives large blocks back by itself.
void release_free_memory() noexcept {}

bool has_unix_sockets() noexcept { return false; }

bool can_forbid_fragments() noexcept { return false; }

}  // namespace reachd::config
