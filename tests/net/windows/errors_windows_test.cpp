#include "tests/net/errors_fixture.hpp"

// Codes that wine never returns, or Windows only in places where a test does not get.
namespace reachd::net {
namespace {

TEST_F(Errors, WithoutIcmpTheCallsOwnErrorDecides) {
  const struct {
    int error_number;
    bool immediate;
    Reason reason;
  } cases[] = {
      {10013, true, Reason::local_firewall},
      {5, false, Reason::local_firewall},
      {10065, true, Reason::local_route},
      {10051, true, Reason::local_route},
      {10022, true, Reason::local_route},
      {10050, true, Reason::local_route},
      {10047, true, Reason::local_route},
      {10049, true, Reason::local_address},
      {10048, true, Reason::local_address},
      {68, false, Reason::local_address},
      {10024, true, Reason::local_descriptors},
      {10055, true, Reason::local_descriptors},
      {1450, false, Reason::local_descriptors},
      {10061, false, Reason::refused},
      {1225, false, Reason::refused},
      {10054, false, Reason::reset},
      {64, false, Reason::reset},
      {10053, false, Reason::reset},
      {1236, false, Reason::reset},
      {10060, false, Reason::timeout},
      {121, false, Reason::timeout},
      {995, false, Reason::timeout},
      {10065, false, Reason::host_unreachable},
      {1232, false, Reason::host_unreachable},
      {10051, false, Reason::net_unreachable},
      {1231, false, Reason::net_unreachable},
      {10091, true, Reason::local_error},
  };
  for (const auto& row : cases) {
    SCOPED_TRACE(row.error_number);
    const Failure failure = connect(system_error(row.error_number), row.immediate);
    EXPECT_EQ(failure.reason, row.reason) << failure.message;
    EXPECT_FALSE(failure.message.empty());
  }
}

TEST_F(Errors, ADatagramsAnswerIsReadFromTheNextCall) {
  const auto datagram = [this](int code) {
    return connect(system_error(code), false, std::nullopt, Transport::udp).reason;
  };
  EXPECT_EQ(datagram(10054), Reason::refused);
  EXPECT_EQ(datagram(64), Reason::refused);
  EXPECT_EQ(datagram(1234), Reason::refused);
  EXPECT_EQ(datagram(10052), Reason::host_unreachable);
  EXPECT_EQ(datagram(10065), Reason::host_unreachable);
  EXPECT_EQ(datagram(10013), Reason::local_firewall);
}

TEST_F(Errors, LocalErrorsSayWhoseFaultTheyAre) {
  EXPECT_EQ(local_failure(system_error(10024)).reason, Reason::local_descriptors);
  EXPECT_EQ(local_failure(system_error(10055)).reason, Reason::local_descriptors);
  EXPECT_EQ(local_failure(system_error(8)).reason, Reason::local_descriptors);
  EXPECT_EQ(local_failure(system_error(10013)).reason, Reason::local_permission);
  EXPECT_EQ(local_failure(system_error(5)).reason, Reason::local_permission);
  EXPECT_EQ(local_failure(system_error(10049)).reason, Reason::local_address);
  EXPECT_EQ(local_failure(system_error(10048)).reason, Reason::local_address);
  EXPECT_EQ(local_failure(system_error(10047)).reason, Reason::local_route);
  EXPECT_EQ(local_failure(system_error(10051)).reason, Reason::local_route);
  EXPECT_EQ(local_failure(system_error(10038)).reason, Reason::local_error);
}

TEST_F(Errors, ABrokenStreamSaysHow) {
  const auto stream = [this](int code) {
    return stream_failure(system_error(code), Phase::request, deadline).reason;
  };
  EXPECT_EQ(stream(10054), Reason::reset);
  EXPECT_EQ(stream(64), Reason::reset);
  EXPECT_EQ(stream(10053), Reason::reset);
  EXPECT_EQ(stream(10058), Reason::reset);
  EXPECT_EQ(stream(10060), Reason::stalled);
  EXPECT_EQ(stream(10052), Reason::stalled);
  EXPECT_EQ(stream(995), Reason::stalled);
}

}  // namespace
}  // namespace reachd::net
