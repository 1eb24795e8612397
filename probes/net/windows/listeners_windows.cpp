#include "probes/net/listeners.hpp"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <iphlpapi.h>
#include <tlhelp32.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "probes/net/errors.hpp"
#include "probes/net/socket_table.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kMaxListeners = 64;

// What read_socket_table() relies on.
static_assert(sizeof(MIB_TCPROW_OWNER_PID) == 24 &&
              offsetof(MIB_TCPROW_OWNER_PID, dwLocalAddr) == 4 &&
              offsetof(MIB_TCPROW_OWNER_PID, dwLocalPort) == 8 &&
              offsetof(MIB_TCPROW_OWNER_PID, dwOwningPid) == 20);
static_assert(sizeof(MIB_TCP6ROW_OWNER_PID) == 56 &&
              offsetof(MIB_TCP6ROW_OWNER_PID, ucLocalAddr) == 0 &&
              offsetof(MIB_TCP6ROW_OWNER_PID, dwLocalScopeId) == 16 &&
              offsetof(MIB_TCP6ROW_OWNER_PID, dwLocalPort) == 20 &&
              offsetof(MIB_TCP6ROW_OWNER_PID, dwOwningPid) == 52);
static_assert(sizeof(MIB_UDPROW_OWNER_PID) == 12 &&
              offsetof(MIB_UDPROW_OWNER_PID, dwLocalAddr) == 0 &&
              offsetof(MIB_UDPROW_OWNER_PID, dwLocalPort) == 4 &&
              offsetof(MIB_UDPROW_OWNER_PID, dwOwningPid) == 8);
static_assert(sizeof(MIB_UDP6ROW_OWNER_PID) == 28 &&
              offsetof(MIB_UDP6ROW_OWNER_PID, ucLocalAddr) == 0 &&
              offsetof(MIB_UDP6ROW_OWNER_PID, dwLocalScopeId) == 16 &&
              offsetof(MIB_UDP6ROW_OWNER_PID, dwLocalPort) == 20 &&
              offsetof(MIB_UDP6ROW_OWNER_PID, dwOwningPid) == 24);

DWORD read_table(std::span<std::byte> table, DWORD& size, Transport transport, ULONG family) {
  if (transport == Transport::tcp) {
    return ::GetExtendedTcpTable(table.data(), &size, FALSE, family, TCP_TABLE_OWNER_PID_LISTENER,
                                 0);
  }
  return ::GetExtendedUdpTable(table.data(), &size, FALSE, family, UDP_TABLE_OWNER_PID, 0);
}

Result<std::vector<SocketRow>> rows_of(Transport transport, IpAddress::Family family,
                                       std::uint16_t port) {
  const ULONG number = family == IpAddress::Family::v4 ? AF_INET : AF_INET6;
  std::vector<std::byte> table(std::size_t{16} * 1024);
  DWORD result = ERROR_INSUFFICIENT_BUFFER;
  // The table may grow between two calls.
  for (int attempt = 0; attempt < 4 && result == ERROR_INSUFFICIENT_BUFFER; ++attempt) {
    auto size = static_cast<DWORD>(table.size());
    result = read_table(table, size, transport, number);
    if (result == ERROR_INSUFFICIENT_BUFFER) {
      table.resize(size + std::size_t{4} * 1024);
    }
  }
  if (result != NO_ERROR) {
    return std::unexpected(
        local_failure({static_cast<int>(result), boost::system::system_category()}));
  }
  return read_socket_table(table, transport, family, port, kMaxListeners);
}

std::string utf8(const wchar_t* text) {
  const int size = ::WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  if (size <= 1) {
    return {};
  }
  std::string result(static_cast<std::size_t>(size), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text, -1, result.data(), size, nullptr, nullptr);
  result.pop_back();  // its zero
  return result;
}

struct CloseHandleOf {
  using pointer = HANDLE;
  void operator()(HANDLE handle) const noexcept { ::CloseHandle(handle); }
};

/// The names of all processes, which a snapshot tells to an account that may open none of them.
std::map<std::uint32_t, std::string> process_names() {
  std::map<std::uint32_t, std::string> names;
  const HANDLE taken = ::CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  if (taken == INVALID_HANDLE_VALUE) {
    return names;
  }
  const std::unique_ptr<HANDLE, CloseHandleOf> snapshot(taken);
  PROCESSENTRY32W entry{};
  entry.dwSize = sizeof entry;
  for (BOOL more = ::Process32FirstW(taken, &entry); more != 0;
       more = ::Process32NextW(taken, &entry)) {
    names.emplace(entry.th32ProcessID, utf8(entry.szExeFile));
  }
  return names;
}

}  // namespace

Result<std::vector<Listener>> find_listeners(Transport transport, std::uint16_t port,
                                             Owners /*owners*/) {
  constexpr std::uint32_t kSystem = 4;  // its drivers: http.sys for IIS, srv2.sys for shares
  std::vector<Listener> found;
  std::map<std::uint32_t, std::string> names;
  for (const auto family : {IpAddress::Family::v4, IpAddress::Family::v6}) {
    const auto rows = rows_of(transport, family, port);
    if (!rows) {
      return std::unexpected(rows.error());
    }
    if (!rows->empty() && names.empty()) {
      names = process_names();
    }
    for (const SocketRow& row : *rows) {
      // A socket for both families is in both tables.
      Listener listener;
      listener.endpoint = row.endpoint;
      listener.for_others = row.process == kSystem;
      const auto name = names.find(row.process);
      if (row.process != 0 && name != names.end() && !name->second.empty()) {
        listener.processes.push_back(name->second);
      }
      if (found.size() < kMaxListeners) {
        found.push_back(std::move(listener));
      }
    }
  }
  return found;
}

}  // namespace reachd::net
