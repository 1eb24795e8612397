// What one scrape of 10,000 checks costs: processor time and memory at its peak, through the real
// server over loopback, with gzip. The limits are 60 ms and 15 MB; nothing here fails.
#include <malloc.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/metrics/self_metrics.hpp"
#include "daemon/web/server.hpp"
#include "probes/registry.hpp"
#include "tests/daemon/board_fixture.hpp"

namespace {

namespace asio = boost::asio;
using namespace reachd;

constexpr int kScrapes = 15;

double processor_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// A line of /proc/self/status in MB: VmRSS now, VmHWM at the peak since it was reset.
double status_mb(const std::string& name) {
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word) {
    double kilobytes = 0;
    if (word == name + ":" && file >> kilobytes) {
      return kilobytes / 1024;
    }
  }
  return 0;
}

void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

/// Bytes that came.
std::size_t scrape(const Endpoint& server, const std::string& headers) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::make_address(server.address.to_string()), server.port});
  asio::write(socket,
              asio::buffer("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                           headers + "\r\n"));
  static std::array<char, std::size_t{64} * 1024> bytes;
  std::size_t total = 0;
  boost::system::error_code error;
  while (!error) {
    total += socket.read_some(asio::buffer(bytes), error);
  }
  return total;
}

void measure(const char* what, const Endpoint& server, const std::string& headers) {
  std::vector<double> times;
  double extra = 0;
  std::size_t bytes = 0;
  for (int round = 0; round < kScrapes; ++round) {
    // What the last scrape gave back must not hide what this one takes.
    malloc_trim(0);
    const double resident = status_mb("VmRSS");
    reset_peak();
    const double before = processor_ms();
    bytes = scrape(server, headers);
    times.push_back(processor_ms() - before);
    extra = std::max(extra, status_mb("VmHWM") - resident);
  }
  std::printf("%-22s first %6.1f ms, ", what, times.front());
  std::ranges::sort(times);
  std::printf("median %6.1f ms, best %6.1f ms, %5.2f MB sent, peak +%4.1f MB\n",
              times[times.size() / 2], times.front(), static_cast<double>(bytes) / 1e6, extra);
}

void bench(const char* what, std::size_t checks, test::Names names) {
  const auto board = test::large_board(checks, names);
  const auto own = metrics::make_self_metrics(build_facts(), probe_types());
  web::Callbacks callbacks;
  callbacks.board = [&]() -> std::shared_ptr<const engine::Board> { return board; };
  callbacks.healthy = callbacks.ready = [] { return true; };
  callbacks.own_series = [&](metrics::Format format, const metrics::StateCounts& states) {
    return own->render(format, "bench", states, 0);
  };
  Target local;
  local.text = "127.0.0.1:0";
  local.host = "127.0.0.1";
  const auto server = web::start_server({local}, callbacks);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().c_str());
    return;
  }
  const Endpoint& endpoint = (*server)->endpoints().front();
  std::printf("%zu checks %s (processor time of server and client)\n", checks, what);
  measure("text, gzip", endpoint, "Accept-Encoding: gzip\r\n");
  measure("OpenMetrics, gzip", endpoint,
          "Accept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n");
  measure("text", endpoint, "");
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t checks = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10'000;
  bench("with brief names", checks, test::Names::brief);
  bench("of a product", checks, test::Names::of_a_product);
  return 0;
}
