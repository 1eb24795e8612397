#include "probes/net/winsock_codes.hpp"

#include <algorithm>
#include <array>

// Plain numbers, so that this is tested wherever the tests run.
namespace reachd::net {
namespace {

namespace errc = boost::system::errc;

constexpr int kAccessDenied = 5;  // ERROR_ACCESS_DENIED
constexpr int kNoAccess = 10013;  // WSAEACCES

struct Row {
  int code;
  errc::errc_t meaning;
};

// In order of the numbers: System Error Codes and Windows Sockets Error Codes of the Windows SDK.
constexpr std::array kTable = std::to_array<Row>({
    {4, errc::too_many_files_open},  // ERROR_TOO_MANY_OPEN_FILES
    {kAccessDenied, errc::permission_denied},
    {6, errc::bad_file_descriptor},       // ERROR_INVALID_HANDLE
    {8, errc::not_enough_memory},         // ERROR_NOT_ENOUGH_MEMORY
    {14, errc::not_enough_memory},        // ERROR_OUTOFMEMORY
    {50, errc::operation_not_supported},  // ERROR_NOT_SUPPORTED
    {53, errc::network_unreachable},      // ERROR_BAD_NETPATH
    {64, errc::connection_reset},         // ERROR_NETNAME_DELETED
    {68, errc::address_in_use},           // ERROR_TOO_MANY_NAMES: no port is left
    {87, errc::invalid_argument},         // ERROR_INVALID_PARAMETER
    {109, errc::broken_pipe},             // ERROR_BROKEN_PIPE
    {121, errc::timed_out},               // ERROR_SEM_TIMEOUT
    {995, errc::operation_canceled},      // ERROR_OPERATION_ABORTED
    {1214, errc::address_not_available},  // ERROR_INVALID_NETNAME
    {1225, errc::connection_refused},     // ERROR_CONNECTION_REFUSED
    {1227, errc::address_in_use},         // ERROR_ADDRESS_ALREADY_ASSOCIATED
    {1231, errc::network_unreachable},    // ERROR_NETWORK_UNREACHABLE
    {1232, errc::host_unreachable},       // ERROR_HOST_UNREACHABLE
    {1233, errc::network_unreachable},    // ERROR_PROTOCOL_UNREACHABLE
    {1234, errc::connection_refused},     // ERROR_PORT_UNREACHABLE
    {1235, errc::operation_canceled},     // ERROR_REQUEST_ABORTED
    {1236, errc::connection_aborted},     // ERROR_CONNECTION_ABORTED
    {1450, errc::no_buffer_space},        // ERROR_NO_SYSTEM_RESOURCES
    {1453, errc::no_buffer_space},        // ERROR_WORKING_SET_QUOTA
    {1455, errc::no_buffer_space},        // ERROR_COMMITMENT_LIMIT
    {1816, errc::no_buffer_space},        // ERROR_NOT_ENOUGH_QUOTA
    {10004, errc::interrupted},
    {10009, errc::bad_file_descriptor},
    {kNoAccess, errc::permission_denied},
    {10014, errc::bad_address},
    {10022, errc::invalid_argument},
    {10024, errc::too_many_files_open},
    {10035, errc::operation_would_block},
    {10038, errc::not_a_socket},
    {10040, errc::message_size},
    {10045, errc::operation_not_supported},
    {10047, errc::address_family_not_supported},
    {10048, errc::address_in_use},
    {10049, errc::address_not_available},
    {10050, errc::network_down},
    {10051, errc::network_unreachable},
    {10052, errc::network_reset},
    {10053, errc::connection_aborted},
    {10054, errc::connection_reset},
    {10055, errc::no_buffer_space},
    {10057, errc::not_connected},
    {10058, errc::broken_pipe},  // WSAESHUTDOWN
    {10060, errc::timed_out},
    {10061, errc::connection_refused},
    {10064, errc::host_unreachable},  // WSAEHOSTDOWN
    {10065, errc::host_unreachable},
});
static_assert(std::ranges::is_sorted(kTable, {}, &Row::code));

}  // namespace

errc::errc_t winsock_meaning(int code) noexcept {
  const auto* const found = std::ranges::lower_bound(kTable, code, {}, &Row::code);
  return found != kTable.end() && found->code == code ? found->meaning : errc::not_supported;
}

bool is_filter_refusal(int code) noexcept { return code == kAccessDenied || code == kNoAccess; }

}  // namespace reachd::net
