#include "daemon/alert/teller.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <ranges>
#include <utility>

#include "daemon/log/log.hpp"

namespace reachd::alert {

Teller::Teller(std::shared_ptr<DeliveryOffice> office, std::shared_ptr<const SinkSettings> settings,
               std::shared_ptr<StateSink> sink, std::shared_ptr<const DeliveryFacts> facts,
               std::shared_ptr<const AlertsNow> alerts)
    : office_(std::move(office)),
      settings_(std::move(settings)),
      sink_(std::move(sink)),
      facts_(std::move(facts)),
      alerts_(std::move(alerts)),
      wake_(office_->network.executor),
      backoff_(office_->times.first_retry, facts_->resend, office_->seeds()) {}

void Teller::start() { office_->spawn(run(shared_from_this())); }

void Teller::changed(const event::Alert& alert) {
  if (settings_->wants(alert) && queue(alert.key)) {
    not_before_ =
        std::max(held_until_, std::min(not_before_, last_call_ + office_->times.fresh_gap));
    wake_.call();
  }
}

void Teller::finish() {
  finishing_ = true;
  wake_.call();
}

void Teller::abort() {
  aborted_ = true;
  office_->pending.remove(this);
  if (deadline_ != nullptr) {
    deadline_->stop();
  }
  wake_.call();
}

asio::awaitable<void> Teller::run(std::shared_ptr<Teller> /*self*/) {
  while (!aborted_) {
    const TimePoint now = office_->network.clock.steady_now();
    if (now >= resend_at_ && !finishing_) {
      queue_all(now);
    }
    tell();
    const bool ready = now >= (finishing_ ? held_until_ : not_before_);
    if (!queue_.empty() && ready) {
      co_await send();
      if (finishing_ && last_failed_) {
        break;
      }
    } else if (finishing_) {
      break;
    } else {
      const TimePoint until = queue_.empty() ? resend_at_ : std::min(resend_at_, not_before_);
      co_await wake_.wait(until);
      continue;
    }
    // A receiver that answers without any wait leaves room for others.
    co_await asio::post(office_->network.executor, asio::use_awaitable);
  }
  tell();
}

void Teller::queue_all(TimePoint now) {
  resend_at_ = now + facts_->resend;
  for (const auto& [key, alert] : *alerts_) {
    if (settings_->wants(alert)) {
      queue(key);
    }
  }
}

bool Teller::queue(const std::string& key) {
  const bool fresh = queued_.insert(key).second;
  if (fresh) {
    queue_.push_back({.key = key, .since = office_->network.clock.wall_now()});
  }
  return fresh;
}

std::vector<event::Alert> Teller::take_batch(std::vector<Waiting>& taken) {
  std::vector<event::Alert> batch;
  while (!queue_.empty() && batch.size() < StateSink::kMostAlerts) {
    Waiting waiting = std::move(queue_.front());
    queue_.pop_front();
    queued_.erase(waiting.key);
    const auto alert = alerts_->find(waiting.key);
    if (alert != alerts_->end() && settings_->wants(alert->second)) {
      batch.push_back(alert->second);
      taken.push_back(std::move(waiting));
    }
  }
  return batch;
}

asio::awaitable<void> Teller::send() {
  std::vector<Waiting> taken;
  const std::vector<event::Alert> batch = take_batch(taken);
  if (batch.empty()) {
    co_return;
  }
  Receipt receipt;
  {
    net::Network& network = office_->network;
    net::Deadline deadline(network.deadlines, network.clock.steady_now() + sink_->timeout());
    deadline_ = &deadline;
    const SinkRun lent{.network = network,
                       .deadline = deadline,
                       .vantage = facts_->vantage,
                       .external_url = facts_->external_url,
                       .resend = facts_->resend};
    try {
      receipt = co_await sink_->send(lent, batch);
    } catch (const std::exception& error) {
      receipt.how = Receipt::How::retry;
      receipt.why = std::string("a bug: ") + error.what();
    }
    deadline_ = nullptr;
  }
  if (!aborted_) {
    take_receipt(receipt, std::move(taken));
  }
}

void Teller::try_again(const Receipt& receipt, std::vector<Waiting> taken) {
  office_->observer.on_delivery(settings_->name, "failed", 1);
  const bool changed_meanwhile = !queue_.empty();
  if (!receipt.left.empty() && receipt.left.size() < taken.size()) {
    // What is settled does not come back, so however slow the answers are it ends some time.
    office_->observer.on_delivery(settings_->name, "delivered", taken.size() - receipt.left.size());
    backoff_.reset();
    std::vector<Waiting> left;
    left.reserve(receipt.left.size());
    for (const std::size_t index : receipt.left) {
      left.push_back(std::move(taken[index]));
    }
    taken = std::move(left);
  }
  for (Waiting& waiting : taken | std::views::reverse) {
    if (queued_.insert(waiting.key).second) {
      queue_.push_front(std::move(waiting));
    }
  }
  held_until_ = last_call_ + std::min(receipt.retry_after.value_or(Duration::zero()), kLongestWish);
  Duration pause = backoff_.next();
  if (changed_meanwhile) {
    pause = std::min(pause, office_->times.fresh_gap);
  }
  not_before_ = std::max(held_until_, last_call_ + pause);
  if (!trouble_since_) {
    trouble_since_ = last_call_;
    log::warning("a sink takes no alerts, they wait",
                 {{"sink", settings_->name}, {"to", sink_->title()}, {"why", receipt.why}});
  }
}

void Teller::take_receipt(const Receipt& receipt, std::vector<Waiting> taken) {
  last_call_ = office_->network.clock.steady_now();
  last_failed_ = receipt.how == Receipt::How::retry;
  if (last_failed_) {
    try_again(receipt, std::move(taken));
    return;
  }
  const bool refused = receipt.how == Receipt::How::refused;
  office_->observer.on_delivery(settings_->name, refused ? "refused" : "delivered", taken.size());
  backoff_.reset();
  not_before_ = {};
  held_until_ = {};
  if (trouble_since_) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(last_call_ - *trouble_since_).count();
    log::info("a sink takes alerts again",
              {{"sink", settings_->name}, {"to", sink_->title()}, {"after_seconds", seconds}});
    trouble_since_.reset();
  }
}

void Teller::tell() {
  if (!aborted_) {
    office_->pending.set(this, settings_->name, queue_.size(),
                         queue_.empty() ? WallTime() : queue_.front().since);
  }
}

}  // namespace reachd::alert
