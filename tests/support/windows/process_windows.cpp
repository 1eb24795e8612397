#include <windows.h>

#include <cstdlib>

#include "tests/support/process.hpp"

namespace reachd::test {

std::size_t open_descriptors() {
  DWORD count = 0;
  ::GetProcessHandleCount(::GetCurrentProcess(), &count);
  return count;
}

void set_environment(const char* name, const std::optional<std::string>& value) {
  ::_putenv_s(name, value.value_or("").c_str());  // an empty value takes it away
}

}  // namespace reachd::test
