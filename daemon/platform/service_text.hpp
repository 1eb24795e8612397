#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// What the command `reachd service` says to Windows and to people: pure text.
namespace reachd::platform {

/// Letters, digits, '.', '_' and '-', at most 80 of them: such a name needs no quotes anywhere, and
/// is a file's name, too.
bool is_service_name(std::string_view name) noexcept;

/// One argument of a command line, in quotes, as CommandLineToArgvW takes it apart.
std::string quote_argument(std::string_view argument);

/// What the service manager starts: `"EXE" run --service --config "FILE"`. A path without quotes
/// would let Windows try C:\Program.exe first.
std::string service_command_line(std::string_view executable, std::string_view config_file);

/// The security identifier of `NT SERVICE\NAME`, which follows from the name alone (SHA-1 of it in
/// upper case and UTF-16). The name is one that is_service_name() takes.
std::string service_sid(std::string_view name);

enum class ServiceAction : std::uint8_t { install, uninstall, start, stop, reload, look };

/// One sentence for an error code of the service manager.
std::string explain_service_error(ServiceAction action, std::string_view name, std::uint32_t code);

/// How a stopped service ended, from its two exit codes (SERVICE_STATUS); empty: as it should.
std::string explain_service_end(std::uint32_t code, std::uint32_t specific);

}  // namespace reachd::platform
