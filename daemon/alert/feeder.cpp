#include "daemon/alert/feeder.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <unordered_set>
#include <utility>

#include "daemon/log/log.hpp"

namespace reachd::alert {
namespace {

/// So many events of a sink are in memory at most, and are read at once.
constexpr std::size_t kWindow = 256;
/// A gap in the numbers that is wider is the journal numbering anew, and nothing is missing.
constexpr std::int64_t kNumberedAnew = 1'000'000'000;
/// How soon it is looked again what is too old by now, or what the journal could not give before.
constexpr Duration kLookAgain = std::chrono::seconds(5);
constexpr Duration kNothingToDo = std::chrono::hours(1);

constexpr std::string_view kLost = "the journal lost them";

std::uint64_t missing_between(std::int64_t before, std::int64_t after) noexcept {
  const std::int64_t gap = after - before - 1;
  return gap > 0 && gap < kNumberedAnew ? static_cast<std::uint64_t>(gap) : 0;
}

std::string_view check_of(const event::Event& event) noexcept {
  return event.check ? std::string_view(event.check->id) : std::string_view();
}

}  // namespace

Feeder::Feeder(std::shared_ptr<DeliveryOffice> office, FeederSettings settings, std::int64_t cursor,
               std::int64_t released)
    : office_(std::move(office)),
      settings_(std::move(settings)),
      wake_(office_->network.executor),
      released_(std::max(released, cursor)),
      read_to_(cursor),
      counted_to_(cursor),
      told_cursor_(cursor),
      backoff_(office_->times.first_retry, office_->times.longest_retry, office_->seeds()) {}

void Feeder::start() {
  fetch_->ready = [this] { wake_.call(); };  // the feeder's own: it goes with it
  office_->spawn(run(shared_from_this()));
}

void Feeder::configure(FeederSettings settings) {
  next_settings_ = std::move(settings);
  wake_.call();
}

void Feeder::release(std::int64_t sequence) {
  if (sequence > released_) {
    released_ = sequence;
    wake_.call();
  }
}

void Feeder::finish() {
  finishing_ = true;
  wake_.call();
}

void Feeder::forget() {
  gone_ = true;
  office_->pending.remove(this);
  abort();
}

void Feeder::abort() {
  aborted_ = true;
  if (deadline_ != nullptr) {
    deadline_->stop();
  }
  wake_.call();
}

asio::awaitable<void> Feeder::run(std::shared_ptr<Feeder> /*self*/) {
  while (!aborted_) {
    take_settings();
    const bool more = look_ahead();
    drop_overdue();
    tell();
    Indices chosen = choose(office_->network.clock.steady_now());
    if (!chosen.empty()) {
      co_await deliver(std::move(chosen));
      if (finishing_ && last_failed_) {
        break;
      }
    } else if (!more) {
      if (finishing_ && !waits_for_disk_) {
        break;
      }
      co_await wake_.wait(wake_at_);
      continue;
    }
    // There may be a long way to go without any wait, and others want to get on too.
    co_await asio::post(office_->network.executor, asio::use_awaitable);
  }
  tell();
}

void Feeder::take_settings() {
  if (!next_settings_) {
    return;
  }
  settings_ = std::move(*std::exchange(next_settings_, std::nullopt));
  std::erase_if(window_, [this](const Item& item) { return !is_for_this(item.numbered); });
  for (Item& item : window_) {
    item.tried = false;
  }
  behind_ = 0;
  counted_to_ = read_to_;
  backoff_.reset();
  not_before_ = {};
  held_until_ = {};
}

bool Feeder::look_ahead() {
  waits_for_disk_ = false;
  if (released_ == read_to_) {
    return false;
  }
  // Not for each one that leaves the window: those that are far behind are read from the disk.
  return window_.size() <= kWindow / 2 ? fill() : count_behind();
}

/// None where the disk has them, until it gives them.
std::vector<NumberedEvent> Feeder::read(std::int64_t after) {
  auto events = office_->reader.read(fetch_, after, released_, kWindow / 2);
  waits_for_disk_ = !events;
  return std::move(events).value_or(std::vector<NumberedEvent>{});
}

bool Feeder::fill() {
  const auto events = read(read_to_);
  for (const NumberedEvent& numbered : events) {
    if (numbered.sequence > counted_to_) {
      count_to(numbered.sequence);
    } else if (is_for_this(numbered) && behind_ > 0) {
      --behind_;
    }
    read_to_ = numbered.sequence;
    if (!numbered.event) {
      drop(1, "they can't be read");
    } else if (is_for_this(numbered)) {
      window_.push_back({.numbered = numbered});
    }
  }
  if (read_to_ == counted_to_) {
    drop(std::exchange(behind_, 0), kLost);
  }
  return !events.empty() && read_to_ < released_;
}

bool Feeder::count_behind() {
  if (counted_to_ == released_) {
    return false;
  }
  const auto events = read(counted_to_);
  for (const NumberedEvent& numbered : events) {
    count_to(numbered.sequence);
    behind_ += is_for_this(numbered) ? 1 : 0;
  }
  return !events.empty() && counted_to_ < released_;
}

void Feeder::count_to(std::int64_t sequence) {
  drop(missing_between(counted_to_, sequence), kLost);
  counted_to_ = sequence;
}

bool Feeder::is_for_this(const NumberedEvent& numbered) const {
  return numbered.event && settings_.sink.wants(numbered.event->event);
}

void Feeder::drop_overdue() {
  const WallTime now = office_->network.clock.wall_now();
  while (!window_.empty()) {
    const bool too_old = now - window_.front().numbered.time > settings_.limits.max_age;
    if (!too_old && waiting() <= settings_.limits.max_events) {
      return;
    }
    window_.pop_front();
    drop(1, too_old ? "they are too old" : "too many wait");
  }
}

void Feeder::drop(std::uint64_t count, std::string_view why) {
  if (count == 0) {
    return;
  }
  if (dropped_ == 0) {
    log::warning("events for a sink are dropped", {{"sink", settings_.sink.name}, {"why", why}});
  }
  dropped_ += count;
  office_->observer.on_delivery(settings_.sink.name, "dropped", count);
}

/// What may go now, and in wake_at_ when something next may.
Feeder::Indices Feeder::choose(TimePoint now) {
  const Sink& sink = *settings_.sink.made.events;
  const bool side_by_side = sink.one_per_check();
  const std::size_t most = std::max<std::size_t>(sink.most_at_once(), 1);
  // What was never tried does not wait for what is tried in vain again and again.
  const TimePoint fresh =
      std::max(held_until_, std::min(not_before_, last_call_ + office_->times.fresh_gap));
  wake_at_ = now + (waiting() > 0 || read_to_ < released_ ? kLookAgain : kNothingToDo);
  Indices chosen;
  std::unordered_set<std::string_view> checks;
  for (std::size_t i = 0; i < window_.size() && chosen.size() < most; ++i) {
    if (side_by_side && !checks.insert(check_of(window_[i].event())).second) {
      continue;
    }
    const TimePoint ready = window_[i].tried ? not_before_ : fresh;
    if (ready <= now || (finishing_ && held_until_ <= now)) {
      chosen.push_back(i);
    } else {
      wake_at_ = std::min(wake_at_, ready);
      if (!side_by_side) {
        break;
      }
    }
  }
  return chosen;
}

asio::awaitable<void> Feeder::deliver(Indices chosen) {
  // What the attempt is lent stays until it has ended, whatever the configuration becomes.
  const std::shared_ptr<Sink> sink = settings_.sink.made.events;
  const std::shared_ptr<const DeliveryFacts> facts = settings_.facts;
  std::vector<std::shared_ptr<const ReadEvent>> events;
  std::vector<Delivery> deliveries;
  events.reserve(chosen.size());
  deliveries.reserve(chosen.size());
  for (const std::size_t index : chosen) {
    events.push_back(window_[index].numbered.event);
    deliveries.push_back({.event = events.back()->event, .json = events.back()->json});
  }
  std::vector<Receipt> receipts;
  {
    net::Network& network = office_->network;
    net::Deadline deadline(network.deadlines, network.clock.steady_now() + sink->timeout());
    deadline_ = &deadline;
    const SinkRun lent{.network = network,
                       .deadline = deadline,
                       .vantage = facts->vantage,
                       .external_url = facts->external_url,
                       .resend = facts->resend};
    receipts = co_await call(*sink, lent, deliveries);
    deadline_ = nullptr;
  }
  receipts.resize(chosen.size(),
                  Receipt{.how = Receipt::How::retry, .why = "a bug: it has no receipt"});
  if (!gone_) {
    take_receipts(chosen, receipts);
  }
}

asio::awaitable<std::vector<Receipt>> Feeder::call(Sink& sink, SinkRun run,
                                                   std::span<const Delivery> deliveries) {
  std::vector<Receipt> receipts;
  try {
    receipts = co_await sink.deliver(run, deliveries);
  } catch (const std::exception& error) {
    receipts.assign(deliveries.size(), Receipt{.how = Receipt::How::retry,
                                               .why = std::string("a bug: ") + error.what()});
  }
  co_return receipts;
}

void Feeder::take_receipts(const Indices& chosen, std::span<const Receipt> receipts) {
  const bool side_by_side = settings_.sink.made.events->one_per_check();
  const Receipt* retry = nullptr;
  std::uint64_t delivered = 0;
  std::uint64_t refused = 0;
  std::uint64_t attempts_failed = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    Item& item = window_[chosen[i]];
    switch (receipts[i].how) {
      case Receipt::How::delivered:
        ++delivered;
        item.numbered.event = nullptr;
        break;
      case Receipt::How::refused:
        ++refused;
        log::warning(
            "a sink refuses an event, which is dropped",
            {{"sink", settings_.sink.name}, {"event", item.event().id}, {"why", receipts[i].why}});
        item.numbered.event = nullptr;
        break;
      case Receipt::How::retry:
        // Of those in a row, the ones after the first were not tried.
        if (retry == nullptr || side_by_side) {
          ++attempts_failed;
          item.tried = true;
        }
        if (retry == nullptr || receipts[i].retry_after > retry->retry_after) {
          retry = &receipts[i];
        }
        break;
    }
  }
  std::erase_if(window_, [](const Item& item) { return !item.numbered.event; });
  for (const auto& [outcome, count] :
       {std::pair("delivered", delivered), std::pair("refused", refused),
        std::pair("failed", attempts_failed)}) {
    if (count > 0) {
      office_->observer.on_delivery(settings_.sink.name, outcome, count);
    }
  }
  last_call_ = office_->network.clock.steady_now();
  last_failed_ = retry != nullptr;
  const bool moved = delivered + refused > 0;
  if (moved) {
    moved_on();
  }
  if (retry != nullptr) {
    failed(*retry, moved);
  }
}

/// The receiver takes what it is sent.
void Feeder::moved_on() {
  backoff_.reset();
  not_before_ = {};
  held_until_ = {};
  if (trouble_since_) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(last_call_ - *trouble_since_).count();
    log::info("a sink takes events again",
              {{"sink", settings_.sink.name}, {"after_seconds", seconds}, {"waiting", waiting()}});
    trouble_since_.reset();
  }
  if (dropped_ > 0) {
    log::warning("events for a sink were dropped",
                 {{"sink", settings_.sink.name}, {"count", dropped_}});
    dropped_ = 0;
  }
}

void Feeder::failed(const Receipt& receipt, bool moved) {
  const Duration wish = std::min(receipt.retry_after.value_or(Duration::zero()), kLongestWish);
  held_until_ = last_call_ + wish;
  not_before_ = moved ? held_until_ : std::max(held_until_, last_call_ + backoff_.next());
  if (!moved && !trouble_since_) {
    trouble_since_ = last_call_;
    log::warning("a sink takes no events, they wait",
                 {{"sink", settings_.sink.name}, {"why", receipt.why}, {"waiting", waiting()}});
  }
}

void Feeder::tell() {
  if (gone_) {
    return;
  }
  office_->pending.set(this, settings_.sink.name, waiting(),
                       window_.empty() ? WallTime() : window_.front().numbered.time);
  if (cursor() != told_cursor_) {
    told_cursor_ = cursor();
    office_->cursors.set(settings_.sink.name, told_cursor_);
  }
}

std::int64_t Feeder::cursor() const noexcept {
  return window_.empty() ? read_to_ : window_.front().numbered.sequence - 1;
}

}  // namespace reachd::alert
