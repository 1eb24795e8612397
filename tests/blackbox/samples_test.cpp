#include "daemon/blackbox/samples.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace reachd::blackbox {
namespace {

std::string number(double value) {
  std::string text;
  append_go_number(text, value);
  return text;
}

/// Without the lines of comments.
std::string series(const Samples& samples) {
  std::string all;
  samples.render(all);
  std::string kept;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = all.find('\n', at) + 1;
    kept += all[at] == '#' ? "" : all.substr(at, end - at);
    at = end;
  }
  return kept;
}

TEST(Samples, NumbersReadAsGoWritesThem) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(1), "1");
  EXPECT_EQ(number(-1), "-1");
  EXPECT_EQ(number(0.5), "0.5");
  EXPECT_EQ(number(0.000170897), "0.000170897");
  EXPECT_EQ(number(0.0001), "0.0001");
  EXPECT_EQ(number(0.00001), "1e-05");
  EXPECT_EQ(number(1.1413e-05), "1.1413e-05");
  EXPECT_EQ(number(999999), "999999");
  EXPECT_EQ(number(1000000), "1e+06");
  EXPECT_EQ(number(3668918509), "3.668918509e+09");
  EXPECT_EQ(number(-62135596800), "-6.21355968e+10");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(Samples, AFamilyHasItsHelpItsTypeAndItsSeries) {
  Samples samples;
  samples.set(Family::success, 1);
  std::string text;
  samples.render(text);
  EXPECT_EQ(text,
            "# HELP probe_success Whether the probe succeeded\n"
            "# TYPE probe_success gauge\n"
            "probe_success 1\n");
}

TEST(Samples, FamiliesAreSortedByNameAndSeriesByLabels) {
  Samples samples;
  samples.set(Family::success, 0);
  samples.set(Family::icmp_duration_seconds, "phase", "setup", 0.25);
  samples.set(Family::ip_protocol, 4);
  samples.set(Family::icmp_duration_seconds, "phase", "resolve", 0);
  samples.set(Family::icmp_duration_seconds, "phase", "rtt", 2);
  samples.set(Family::duration_seconds, 0.125);
  EXPECT_EQ(series(samples),
            "probe_duration_seconds 0.125\n"
            "probe_icmp_duration_seconds{phase=\"resolve\"} 0\n"
            "probe_icmp_duration_seconds{phase=\"rtt\"} 2\n"
            "probe_icmp_duration_seconds{phase=\"setup\"} 0.25\n"
            "probe_ip_protocol 4\n"
            "probe_success 0\n");
}

TEST(Samples, ALaterValueReplacesAnEarlierOneAndAddedOnesAddUp) {
  Samples samples;
  samples.set(Family::success, 0);
  samples.set(Family::success, 1);
  samples.set(Family::http_duration_seconds, "phase", "tls", 1);
  samples.set(Family::http_duration_seconds, "phase", "tls", 2);
  samples.add(Family::http_duration_seconds, "phase", "connect", 1);
  samples.add(Family::http_duration_seconds, "phase", "connect", 2);
  EXPECT_EQ(series(samples),
            "probe_http_duration_seconds{phase=\"connect\"} 3\n"
            "probe_http_duration_seconds{phase=\"tls\"} 2\n"
            "probe_success 1\n");
  EXPECT_EQ(samples.value(Family::success), 1);
  EXPECT_TRUE(samples.has(Family::http_duration_seconds));
  EXPECT_FALSE(samples.has(Family::dns_serial));
}

TEST(Samples, LabelsAreSortedByNameAndEscaped) {
  Samples samples;
  samples.set_info(Family::ssl_last_chain_info,
                   {{"subject", "CN=\"a\\b\"\nx"}, {"issuer", "\xff"}});
  EXPECT_EQ(
      series(samples),
      "probe_ssl_last_chain_info{issuer=\"\xef\xbf\xbd\",subject=\"CN=\\\"a\\\\b\\\"\\nx\"} 1\n");
}

}  // namespace
}  // namespace reachd::blackbox
