#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>

#include "probes/net/errors.hpp"

namespace reachd::net {

inline error_code system_error(int number) { return {number, boost::system::system_category()}; }

/// A deadline that has not ended, and what failing to connect to a target means meanwhile.
class Errors : public testing::Test {
 protected:
  Failure connect(error_code ec, bool immediate = false, std::optional<IcmpError> icmp = {},
                  Transport transport = Transport::tcp) {
    const bool v6 = icmp && icmp->family == IpAddress::Family::v6;
    return connect_failure(v6 ? target6 : target, ec, immediate, icmp, deadline, transport);
  }

  const Endpoint target{*IpAddress::parse("10.0.0.1"), 443};
  const Endpoint target6{*IpAddress::parse("2001:db8:1::5"), 443};
  asio::io_context context{1};
  DeadlineQueue queue{context.get_executor()};
  Deadline deadline{queue, std::chrono::steady_clock::now() + std::chrono::hours(1)};
};

}  // namespace reachd::net
