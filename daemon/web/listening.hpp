#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace reachd::web {

/// Before bind: what lets a restart have its address again at once, and nobody else have it, too.
void claim_address(boost::asio::ip::tcp::acceptor& acceptor, boost::system::error_code& error);

/// Why an address could not be listened on, in words.
std::string why_not_listening(const boost::system::error_code& error);

}  // namespace reachd::web
