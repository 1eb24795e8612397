#include "probes/net/windows/echo_series.hpp"

#include <winsock2.h>
#include <ws2tcpip.h>
// After them; icmpapi.h then declares the callback with its real type.
#include <bcrypt.h>
#include <winternl.h>
#define PIO_APC_ROUTINE_DEFINED
#include <iphlpapi.h>

#include <icmpapi.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "probes/net/error_queue.hpp"
#include "probes/net/icmp.hpp"
#include "probes/net/ip_status.hpp"

namespace reachd::net {
namespace {

/// More than any plan keeps under way; memory is what it costs.
constexpr std::size_t kMostUnderWay = 4096;

/// The reply with its options (RFC 791), an ICMP error that quotes our packet, and what the
/// documentation of IcmpSendEcho2 asks for besides.
std::size_t buffer_size(std::size_t payload) noexcept {
  return sizeof(ICMP_ECHO_REPLY) + MAX_OPT_SIZE + payload + 8 + sizeof(IO_STATUS_BLOCK);
}

DWORD milliseconds_until(TimePoint until) noexcept {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - system_clock().steady_now());
  // Zero is refused, and the largest number could mean for ever.
  return static_cast<DWORD>(
      std::clamp<std::int64_t>(left.count(), 1, std::numeric_limits<std::int32_t>::max()));
}

std::vector<std::byte> make_payload(std::size_t size) {
  std::vector<std::byte> payload(std::max(size, kMinEchoPayload));
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<std::byte>(i);
  }
  // The token. Not for secrecy, so a random source that fails does no harm.
  std::array<unsigned char, kMinEchoPayload> token{};
  if (::BCryptGenRandom(nullptr, token.data(), static_cast<ULONG>(token.size()),
                        BCRYPT_USE_SYSTEM_PREFERRED_RNG) >= 0) {
    std::memcpy(payload.data(), token.data(), token.size());
  }
  return payload;
}

sockaddr_in6 socket_address(const IpAddress& address) noexcept {
  sockaddr_in6 result{};
  result.sin6_family = AF_INET6;
  std::memcpy(&result.sin6_addr, address.bytes.data(), address.bytes.size());
  result.sin6_scope_id = address.scope;
  return result;
}

}  // namespace

/// What a series and the sending thread share.
struct EchoSeries::Mailbox {
  // Constant after construction.
  IpAddress to;
  std::vector<std::byte> payload;
  // Loop thread only; null once the series has gone.
  asio::steady_timer* waiter = nullptr;
  // Under the mutex.
  std::mutex mutex;
  std::optional<asio::any_io_executor> executor;  ///< none once the series has gone
  std::deque<EchoAnswer> answers;
};

/// Sends the echo requests of the whole process. Its thread waits alertably, because IcmpSendEcho2
/// calls back the thread that called it: any number is under way without a thread for each.
class EchoSeries::Sender {
 public:
  /// Throws std::system_error if there can be no thread. Lives to the end of the process: requests
  /// can't be taken back from the system, so an orderly end would have to wait for them.
  static Sender& instance() {
    static Sender& sender = *new Sender;
    return sender;
  }

  /// False if too many are under way.
  bool send(const std::shared_ptr<Mailbox>& mailbox, int key, int hop_limit, TimePoint until) {
    {
      const std::scoped_lock lock(mutex_);
      if (count_ >= kMostUnderWay) {
        return false;
      }
      ++count_;
      queue_.push_back({mailbox, key, hop_limit, until, {}, {}, {}});
    }
    ::SetEvent(wake_);
    return true;
  }

 private:
  struct Request {
    std::shared_ptr<Mailbox> mailbox;
    int key;
    int hop_limit;
    TimePoint until;
    TimePoint began;
    // The system's while it is under way.
    std::vector<std::byte> payload;
    std::vector<std::byte> buffer;
  };

  Sender() : wake_(::CreateEventW(nullptr, FALSE, FALSE, nullptr)) {
    if (wake_ == nullptr) {
      throw std::system_error(static_cast<int>(::GetLastError()), std::system_category());
    }
    try {
      std::thread([this] { run(); }).detach();
    } catch (...) {
      ::CloseHandle(wake_);
      throw;
    }
  }

  [[noreturn]] void run() {
    for (;;) {
      std::deque<Request> queue;
      {
        const std::scoped_lock lock(mutex_);
        queue.swap(queue_);
      }
      for (Request& request : queue) {
        begin(std::move(request));
      }
      ::WaitForSingleObjectEx(wake_, INFINITE, TRUE);
    }
  }

  void begin(Request request) {
    {
      const std::scoped_lock lock(request.mailbox->mutex);
      if (!request.mailbox->executor) {
        finished();
        return;
      }
    }
    const std::uintptr_t number = next_++;
    Request& kept = under_way_.emplace(number, std::move(request)).first->second;
    kept.payload = kept.mailbox->payload;
    kept.buffer.resize(buffer_size(kept.payload.size()));
    kept.began = system_clock().steady_now();
    const bool v4 = kept.mailbox->to.is_v4();
    const DWORD error = v4 ? call_v4(kept, number) : call_v6(kept, number);
    if (error == ERROR_SUCCESS) {
      read(number);
    } else if (error != ERROR_IO_PENDING) {
      EchoAnswer answer;
      answer.sent = false;
      answer.status = error;
      finish(number, std::move(answer));
    }
  }

  /// Both return the error of the call; ERROR_IO_PENDING is what is hoped for.
  DWORD call_v4(Request& request, std::uintptr_t number) {
    if (handle4_ == INVALID_HANDLE_VALUE) {
      handle4_ = ::IcmpCreateFile();
    }
    if (handle4_ == INVALID_HANDLE_VALUE) {
      return ::GetLastError();
    }
    IPAddr to = 0;
    std::memcpy(&to, request.mailbox->to.bytes.data(), sizeof to);
    IP_OPTION_INFORMATION options{};
    options.Ttl = static_cast<UCHAR>(request.hop_limit);
    const DWORD done = ::IcmpSendEcho2(
        handle4_, nullptr, &ended, std::bit_cast<void*>(number), to, request.payload.data(),
        static_cast<WORD>(request.payload.size()), request.hop_limit > 0 ? &options : nullptr,
        request.buffer.data(), static_cast<DWORD>(request.buffer.size()),
        milliseconds_until(request.until));
    return done == 0 ? ::GetLastError() : DWORD{ERROR_SUCCESS};
  }

  DWORD call_v6(Request& request, std::uintptr_t number) {
    if (handle6_ == INVALID_HANDLE_VALUE) {
      handle6_ = ::Icmp6CreateFile();
    }
    if (handle6_ == INVALID_HANDLE_VALUE) {
      return ::GetLastError();
    }
    sockaddr_in6 from{};  // any address of this host
    from.sin6_family = AF_INET6;
    sockaddr_in6 to = socket_address(request.mailbox->to);
    IP_OPTION_INFORMATION options{};
    options.Ttl = static_cast<UCHAR>(request.hop_limit);
    const DWORD done = ::Icmp6SendEcho2(
        handle6_, nullptr, &ended, std::bit_cast<void*>(number), &from, &to, request.payload.data(),
        static_cast<WORD>(request.payload.size()), request.hop_limit > 0 ? &options : nullptr,
        request.buffer.data(), static_cast<DWORD>(request.buffer.size()),
        milliseconds_until(request.until));
    return done == 0 ? ::GetLastError() : DWORD{ERROR_SUCCESS};
  }

  /// The system calls it on this thread while it waits.
  static void WINAPI ended(void* context, IO_STATUS_BLOCK*, ULONG) noexcept {
    instance().read(std::bit_cast<std::uintptr_t>(context));
  }

  void read(std::uintptr_t number) {
    const auto found = under_way_.find(number);
    if (found == under_way_.end()) {
      return;
    }
    Request& request = found->second;
    EchoAnswer answer;
    const auto size = static_cast<DWORD>(request.buffer.size());
    const bool v4 = request.mailbox->to.is_v4();
    const DWORD replies = v4 ? ::IcmpParseReplies(request.buffer.data(), size)
                             : ::Icmp6ParseReplies(request.buffer.data(), size);
    if (replies == 0) {
      const DWORD error = ::GetLastError();
      answer.status = error == 0 ? kIpRequestTimedOut : error;
    } else if (v4) {
      read_v4(request, answer);
    } else {
      read_v6(request, answer);
    }
    finish(number, std::move(answer));
  }

  static void read_v4(const Request& request, EchoAnswer& answer) {
    ICMP_ECHO_REPLY reply{};
    std::memcpy(&reply, request.buffer.data(), sizeof reply);
    answer.status = reply.Status;
    if (reply.Address != 0) {
      answer.from.emplace();
      std::memcpy(answer.from->bytes.data(), &reply.Address, sizeof reply.Address);
    }
    answer.intact = reply.Status == kIpSuccess && reply.Data != nullptr &&
                    reply.DataSize == request.payload.size() &&
                    std::memcmp(reply.Data, request.payload.data(), request.payload.size()) == 0;
  }

  static void read_v6(const Request& request, EchoAnswer& answer) {
    const auto reply = parse_icmp6_reply(request.buffer);
    if (!reply) {
      answer.status = kIpRequestTimedOut;
      return;
    }
    answer.status = reply->status;
    answer.from = reply->from;
    answer.intact =
        reply->status == kIpSuccess && reply->payload.size() >= request.payload.size() &&
        std::ranges::equal(reply->payload.first(request.payload.size()), request.payload);
  }

  void finish(std::uintptr_t number, EchoAnswer answer) {
    const auto found = under_way_.find(number);
    Request& request = found->second;
    answer.key = request.key;
    answer.began = request.began;
    answer.ended = system_clock().steady_now();
    deliver(request.mailbox, std::move(answer));
    under_way_.erase(found);
    finished();
  }

  /// Nothing is posted once the series has gone, and its loop maybe with it.
  static void deliver(const std::shared_ptr<Mailbox>& mailbox, EchoAnswer answer) {
    const std::scoped_lock lock(mailbox->mutex);
    if (!mailbox->executor) {
      return;
    }
    mailbox->answers.push_back(std::move(answer));
    asio::post(*mailbox->executor, [mailbox] {
      if (mailbox->waiter != nullptr) {
        mailbox->waiter->cancel();
      }
    });
  }

  void finished() {
    const std::scoped_lock lock(mutex_);
    --count_;
  }

  // Constant after construction.
  const HANDLE wake_;
  // Under the mutex.
  std::mutex mutex_;
  std::deque<Request> queue_;
  std::size_t count_ = 0;  ///< queued and under way
  // The thread's own.
  HANDLE handle4_ = INVALID_HANDLE_VALUE;
  HANDLE handle6_ = INVALID_HANDLE_VALUE;
  std::map<std::uintptr_t, Request> under_way_;
  std::uintptr_t next_ = 1;
};

std::optional<Failure> failure_of(const EchoAnswer& answer, const IpAddress& to) {
  if (answer.status == kIpSuccess || answer.status == kIpRequestTimedOut) {
    return std::nullopt;
  }
  const OwnPart own{answer.from && is_own_address(*answer.from), source_address(to)};
  return echo_failure(answer.status, to, answer.from, own);
}

EchoSeries::EchoSeries(const Network& network, const IpAddress& to, std::size_t payload)
    : timer_(network.executor), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->to = to;
  mailbox_->payload = make_payload(payload);
  mailbox_->waiter = &timer_;
  mailbox_->executor = network.executor;
}

EchoSeries::~EchoSeries() {
  mailbox_->waiter = nullptr;
  const std::scoped_lock lock(mailbox_->mutex);
  mailbox_->executor.reset();
}

Result<void> EchoSeries::ask(int key, int hop_limit, TimePoint until) {
  try {
    if (Sender::instance().send(mailbox_, key, hop_limit, until)) {
      return {};
    }
    return std::unexpected(Failure{Reason::local_descriptors,
                                   "this host has too many echo requests under way", 0,
                                   std::nullopt});
  } catch (const std::system_error& error) {
    return std::unexpected(Failure{Reason::local_descriptors,
                                   "this host has no thread left for echo requests",
                                   error.code().value(), std::nullopt});
  }
}

std::optional<EchoAnswer> EchoSeries::take() {
  const std::scoped_lock lock(mailbox_->mutex);
  if (mailbox_->answers.empty()) {
    return std::nullopt;
  }
  EchoAnswer answer = std::move(mailbox_->answers.front());
  mailbox_->answers.pop_front();
  return answer;
}

asio::awaitable<void> EchoSeries::wait(TimePoint until, Deadline& deadline) {
  timer_.expires_at(until);
  const Watch watch = deadline.watch(*this);
  bool answered = false;
  {
    // A later answer cancels the timer.
    const std::scoped_lock lock(mailbox_->mutex);
    answered = !mailbox_->answers.empty();
  }
  if (!answered && deadline.ended() == Deadline::Ended::no) {
    error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace reachd::net
