#include <boost/asio/error.hpp>
#include <cerrno>

#include "tests/net/errors_fixture.hpp"

namespace reachd::net {
namespace {

TEST_F(Errors, WithoutIcmpTheCallsOwnErrorDecides) {
  const struct {
    int error_number;
    bool immediate;
    Reason reason;
  } cases[] = {
      {EPERM, true, Reason::local_firewall},
      {EACCES, true, Reason::local_permission},
      {EHOSTUNREACH, true, Reason::local_route},
      {ENETUNREACH, true, Reason::local_route},
      {EINVAL, true, Reason::local_route},
      {ENETDOWN, true, Reason::local_route},
      {EADDRNOTAVAIL, true, Reason::local_address},
      {EADDRINUSE, true, Reason::local_address},
      {ENOBUFS, true, Reason::local_descriptors},
      {ECONNREFUSED, false, Reason::refused},
      {ECONNRESET, false, Reason::reset},
      {ETIMEDOUT, false, Reason::timeout},
      {EHOSTUNREACH, false, Reason::host_unreachable},
      {ENETUNREACH, false, Reason::net_unreachable},
      {EXDEV, true, Reason::local_error},
  };
  for (const auto& row : cases) {
    SCOPED_TRACE(row.error_number);
    const Failure failure = connect(system_error(row.error_number), row.immediate);
    EXPECT_EQ(failure.reason, row.reason);
    EXPECT_EQ(failure.error_number, row.error_number);
    EXPECT_FALSE(failure.message.empty());
  }
  EXPECT_EQ(connect(system_error(ECONNREFUSED)).message,
            "10.0.0.1:443 refused the connection: nothing listens there, or a firewall says so");
}

TEST_F(Errors, LocalErrorsSayWhoseFaultTheyAre) {
  EXPECT_EQ(local_failure(system_error(EMFILE)).reason, Reason::local_descriptors);
  EXPECT_EQ(local_failure(system_error(ENFILE)).reason, Reason::local_descriptors);
  EXPECT_EQ(local_failure(system_error(ENOBUFS)).reason, Reason::local_descriptors);
  EXPECT_EQ(local_failure(system_error(EACCES)).reason, Reason::local_permission);
  EXPECT_EQ(local_failure(system_error(EPERM)).reason, Reason::local_permission);
  EXPECT_EQ(local_failure(system_error(EADDRNOTAVAIL)).reason, Reason::local_address);
  EXPECT_EQ(local_failure(system_error(EADDRINUSE)).reason, Reason::local_address);
  EXPECT_EQ(local_failure(system_error(EAFNOSUPPORT)).reason, Reason::local_route);
  EXPECT_EQ(local_failure(system_error(EIO)).reason, Reason::local_error);
}

}  // namespace
}  // namespace reachd::net
