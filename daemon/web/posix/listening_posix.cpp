#include "daemon/web/listening.hpp"

namespace reachd::web {

// Connections of the run before that have not timed out don't count then; a listener does.
void claim_address(boost::asio::ip::tcp::acceptor& acceptor, boost::system::error_code& error) {
  acceptor.set_option(boost::asio::ip::tcp::acceptor::reuse_address(true), error);
}

std::string why_not_listening(const boost::system::error_code& error) { return error.message(); }

}  // namespace reachd::web
