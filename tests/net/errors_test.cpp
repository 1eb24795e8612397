#include "probes/net/errors.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <ostream>
#include <span>

#include "tests/net/errors_fixture.hpp"

namespace reachd {

// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's
void PrintTo(Reason reason, std::ostream* out) { *out << to_string(reason); }

namespace net {
namespace {

const IpAddress kRouter = *IpAddress::parse("10.1.0.1");
const IpAddress kRouter6 = *IpAddress::parse("2001:db8::1");

struct IcmpCase {
  int error_number;
  int type;
  int code;
  Reason tcp;
  Reason udp;
};

// Every destination unreachable of RFC 792 and RFC 1812 5.2.7.1 with the errno that Linux gives it
// (112 is EHOSTDOWN, 64 is ENONET).
constexpr IcmpCase kV4[] = {
    {ENETUNREACH, 3, 0, Reason::net_unreachable, Reason::net_unreachable},
    {EHOSTUNREACH, 3, 1, Reason::host_unreachable, Reason::host_unreachable},
    {ENOPROTOOPT, 3, 2, Reason::admin_prohibited, Reason::admin_prohibited},
    {ECONNREFUSED, 3, 3, Reason::admin_prohibited, Reason::refused},
    {EMSGSIZE, 3, 4, Reason::host_unreachable, Reason::host_unreachable},
    {EOPNOTSUPP, 3, 5, Reason::host_unreachable, Reason::host_unreachable},
    {ENETUNREACH, 3, 6, Reason::net_unreachable, Reason::net_unreachable},
    {112, 3, 7, Reason::host_unreachable, Reason::host_unreachable},
    {64, 3, 8, Reason::host_unreachable, Reason::host_unreachable},
    {ENETUNREACH, 3, 9, Reason::admin_prohibited, Reason::admin_prohibited},
    {EHOSTUNREACH, 3, 10, Reason::admin_prohibited, Reason::admin_prohibited},
    {ENETUNREACH, 3, 11, Reason::net_unreachable, Reason::net_unreachable},
    {EHOSTUNREACH, 3, 12, Reason::host_unreachable, Reason::host_unreachable},
    {EHOSTUNREACH, 3, 13, Reason::admin_prohibited, Reason::admin_prohibited},
    {EHOSTUNREACH, 3, 14, Reason::admin_prohibited, Reason::admin_prohibited},
    {EHOSTUNREACH, 3, 15, Reason::admin_prohibited, Reason::admin_prohibited},
    {EHOSTUNREACH, 11, 0, Reason::host_unreachable, Reason::host_unreachable},
    {EPROTO, 12, 0, Reason::host_unreachable, Reason::host_unreachable},
};

// RFC 4443 3.1 and 3.3.
constexpr IcmpCase kV6[] = {
    {ENETUNREACH, 1, 0, Reason::net_unreachable, Reason::net_unreachable},
    {EACCES, 1, 1, Reason::admin_prohibited, Reason::admin_prohibited},
    {EHOSTUNREACH, 1, 2, Reason::host_unreachable, Reason::host_unreachable},
    {EHOSTUNREACH, 1, 3, Reason::host_unreachable, Reason::host_unreachable},
    {ECONNREFUSED, 1, 4, Reason::admin_prohibited, Reason::refused},
    {EACCES, 1, 5, Reason::admin_prohibited, Reason::admin_prohibited},
    {EACCES, 1, 6, Reason::admin_prohibited, Reason::admin_prohibited},
    {EHOSTUNREACH, 3, 0, Reason::host_unreachable, Reason::host_unreachable},
};

TEST_F(Errors, IcmpFromTheWayNamesTheOffender) {
  for (const auto family : {IpAddress::Family::v4, IpAddress::Family::v6}) {
    const bool v4 = family == IpAddress::Family::v4;
    const IpAddress router = v4 ? kRouter : kRouter6;
    for (const IcmpCase& row : v4 ? std::span<const IcmpCase>(kV4) : std::span(kV6)) {
      SCOPED_TRACE(std::string(v4 ? "ICMP " : "ICMPv6 ") + std::to_string(row.type) + "/" +
                   std::to_string(row.code));
      const IcmpError icmp{family, row.type, row.code, false, router};
      const Failure tcp = connect(system_error(row.error_number), false, icmp);
      EXPECT_EQ(tcp.reason, row.tcp);
      EXPECT_EQ(tcp.error_number, row.error_number);
      EXPECT_EQ(tcp.offender, router);
      EXPECT_NE(tcp.message.find(router.to_string()), std::string::npos) << tcp.message;
      const Failure udp = connect(system_error(row.error_number), false, icmp, Transport::udp);
      EXPECT_EQ(udp.reason, row.udp);
      EXPECT_EQ(udp.offender, router);
      const Failure echo = connect(system_error(row.error_number), false, icmp, Transport::icmp);
      EXPECT_EQ(echo.reason, row.tcp);
    }
  }
}

TEST_F(Errors, OwnIcmpIsTheOwnFirewallUnlessANeighbourIsDead) {
  const IpAddress own = *IpAddress::parse("10.0.0.9");
  for (const IcmpCase& row : kV4) {
    SCOPED_TRACE(std::to_string(row.type) + "/" + std::to_string(row.code));
    const IcmpError icmp{IpAddress::Family::v4, row.type, row.code, true, own};
    const Failure failure = connect(system_error(row.error_number), false, icmp);
    if (row.tcp == Reason::host_unreachable) {
      EXPECT_EQ(failure.reason, Reason::host_unreachable);
      EXPECT_EQ(failure.offender, std::nullopt);
    } else {
      EXPECT_EQ(failure.reason, Reason::local_firewall);
      EXPECT_EQ(failure.offender, own);
    }
  }
  const IcmpError dead{IpAddress::Family::v4, 3, 1, true, own};
  EXPECT_EQ(connect(system_error(EHOSTUNREACH), false, dead).message,
            "10.0.0.1:443: a neighbour did not answer");
  const IcmpError dead6{IpAddress::Family::v6, 1, 3, true, kRouter6};
  EXPECT_EQ(connect(system_error(EHOSTUNREACH), false, dead6).reason, Reason::host_unreachable);
  EXPECT_EQ(connect(system_error(EHOSTUNREACH), false, dead6).offender, std::nullopt);
  const IcmpError port6{IpAddress::Family::v6, 1, 4, true, kRouter6};
  EXPECT_EQ(connect(system_error(ECONNREFUSED), false, port6).reason, Reason::local_firewall);
  // A closed UDP port of this very host is refused, not firewalled.
  const IcmpError port{IpAddress::Family::v4, 3, 3, true, own};
  EXPECT_EQ(connect(system_error(ECONNREFUSED), false, port, Transport::udp).reason,
            Reason::refused);
}

TEST_F(Errors, AnAbortedConnectIsSilenceOrAStop) {
  EXPECT_EQ(connect(asio::error::operation_aborted).reason, Reason::timeout);
  deadline.stop();
  EXPECT_EQ(connect(asio::error::operation_aborted).reason, Reason::local_error);
  // What really answered at the same moment still counts.
  EXPECT_EQ(connect(asio::error::connection_refused).reason, Reason::refused);
}

TEST_F(Errors, StreamErrorsFollowThePhase) {
  const error_code aborted = asio::error::operation_aborted;
  EXPECT_EQ(stream_failure(aborted, Phase::resolve, deadline).reason, Reason::dns_timeout);
  EXPECT_EQ(stream_failure(aborted, Phase::connect, deadline).reason, Reason::timeout);
  EXPECT_EQ(stream_failure(aborted, Phase::proxy, deadline).reason, Reason::stalled);
  EXPECT_EQ(stream_failure(aborted, Phase::tls, deadline).reason, Reason::stalled);
  EXPECT_EQ(stream_failure(aborted, Phase::request, deadline).reason, Reason::stalled);
  const error_code eof = asio::error::eof;
  EXPECT_EQ(stream_failure(eof, Phase::request, deadline).reason, Reason::closed_early);
  const error_code truncated = asio::ssl::error::stream_truncated;
  EXPECT_EQ(stream_failure(truncated, Phase::request, deadline).reason, Reason::closed_early);
  EXPECT_EQ(stream_failure(asio::error::connection_reset, Phase::tls, deadline).reason,
            Reason::reset);
  EXPECT_EQ(stream_failure(asio::error::broken_pipe, Phase::tls, deadline).reason, Reason::reset);
  EXPECT_EQ(stream_failure(asio::error::timed_out, Phase::tls, deadline).reason, Reason::stalled);
  deadline.stop();
  EXPECT_EQ(stream_failure(aborted, Phase::tls, deadline).reason, Reason::local_error);
}

}  // namespace
}  // namespace net
}  // namespace reachd
