#include "daemon/alert/feeder.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

namespace reachd::alert {
namespace {

/// A gap in the numbers that is wider is the journal numbering anew, and nothing is missing.
constexpr std::int64_t kNumberedAnew = 1'000'000'000;
constexpr std::string_view kLost = "the journal lost them";

std::uint64_t missing_between(std::int64_t before, std::int64_t after) noexcept {
  const std::int64_t gap = after - before - 1;
  return gap > 0 && gap < kNumberedAnew ? static_cast<std::uint64_t>(gap) : 0;
}

Duration wish_of(const Receipt& receipt) noexcept {
  return std::min(receipt.retry_after.value_or(Duration::zero()), kLongestWish);
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
    item.tries = 0;
    item.not_before = {};
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
  return has_room() ? fill() : count_behind();
}

/// None where the disk has them, until it gives them.
std::vector<NumberedEvent> Feeder::read(std::int64_t after) {
  auto events = office_->reader.read(fetch_, after, released_, kReadAtOnce);
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
  // What the receiver does not take while it takes others says nothing about those.
  const bool beside_others = side_by_side && !trouble_since_ && window_[chosen.front()].tries > 0;
  last_call_ = office_->network.clock.steady_now();
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
          if (side_by_side) {
            item.not_before =
                last_call_ + std::max(wish_of(receipts[i]), backoff_.after(item.tries));
          }
          ++item.tries;
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
  last_failed_ = retry != nullptr;
  const bool moved = delivered + refused > 0;
  if (moved) {
    moved_on();
  }
  if (retry != nullptr) {
    failed(*retry, moved, beside_others);
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
    for (Item& item : window_) {
      item.not_before = {};
    }
  }
  if (dropped_ > 0) {
    log::warning("events for a sink were dropped",
                 {{"sink", settings_.sink.name}, {"count", dropped_}});
    dropped_ = 0;
  }
}

void Feeder::failed(const Receipt& receipt, bool moved, bool beside_others) {
  if (beside_others) {
    held_until_ = std::max(held_until_, last_call_ + wish_of(receipt));
    stuck_.write(last_call_, "a sink takes events, but not all of them; those wait",
                 {{"sink", settings_.sink.name}, {"why", receipt.why}, {"waiting", waiting()}});
    return;
  }
  held_until_ = last_call_ + wish_of(receipt);
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
