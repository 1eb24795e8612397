#include <boost/asio/detail/socket_option.hpp>

#include "daemon/web/listening.hpp"

namespace reachd::web {

// SO_REUSEADDR is another thing here: any program could listen on the same port beside us and take
// our connections ("Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE", Microsoft Learn). Without it a
// restart gets its address all the same.
void claim_address(boost::asio::ip::tcp::acceptor& acceptor, boost::system::error_code& error) {
  using Exclusive = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_EXCLUSIVEADDRUSE>;
  acceptor.set_option(Exclusive(true), error);
}

std::string why_not_listening(const boost::system::error_code& error) {
  std::string code = " (Windows error " + std::to_string(error.value()) + ")";
  switch (error.value()) {
    case WSAEADDRINUSE:
    case WSAEACCES:  // exclusively; or Windows keeps the port, for which there is no other code
      return "the address is in use by another program, or reserved" + code;
    case WSAEADDRNOTAVAIL:
      return "this is no address of this host" + code;
    default:
      return error.message() + code;
  }
}

}  // namespace reachd::web
