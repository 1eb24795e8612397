#include <windows.h>
// After it.
#include <psapi.h>

#include "daemon/metrics/process.hpp"

namespace reachd::metrics {
namespace {

/// A span of time that Windows counts in units of 100 ns.
Duration duration_of(const FILETIME& time) noexcept {
  const std::uint64_t units =
      (std::uint64_t{time.dwHighDateTime} << 32U) | std::uint64_t{time.dwLowDateTime};
  return Duration(static_cast<std::int64_t>(units * 100));
}

WallTime wall_time_of(const FILETIME& time) noexcept {
  const std::uint64_t units =
      (std::uint64_t{time.dwHighDateTime} << 32U) | std::uint64_t{time.dwLowDateTime};
  constexpr std::uint64_t kUnitsTo1970 = 116'444'736'000'000'000;  // it counts from 1601
  return WallTime(Duration(static_cast<std::int64_t>((units - kUnitsTo1970) * 100)));
}

}  // namespace

ProcessFacts read_process_facts() {
  ProcessFacts facts;
  const HANDLE self = ::GetCurrentProcess();
  FILETIME created{};
  FILETIME ended{};
  FILETIME system{};
  FILETIME user{};
  if (::GetProcessTimes(self, &created, &ended, &system, &user) != 0) {
    facts.cpu = duration_of(system) + duration_of(user);
    facts.start = wall_time_of(created);
  }
  PROCESS_MEMORY_COUNTERS memory{};
  if (::K32GetProcessMemoryInfo(self, &memory, sizeof memory) != 0) {
    facts.resident_bytes = memory.WorkingSetSize;
    // What it has been promised, be it in memory or in the page file.
    facts.virtual_bytes = memory.PagefileUsage;
  }
  DWORD handles = 0;
  if (::GetProcessHandleCount(self, &handles) != 0) {
    facts.open_descriptors = handles;
  }
  return facts;  // there is no such limit of handles that one could come near
}

}  // namespace reachd::metrics
