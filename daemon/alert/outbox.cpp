#include "daemon/alert/outbox.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <set>
#include <utility>

#include "daemon/alert/delivery_office.hpp"
#include "daemon/alert/feeder.hpp"
#include "daemon/alert/teller.hpp"
#include "daemon/log/log.hpp"

namespace reachd::alert {
namespace {

class OutboxImpl final : public Outbox {
 public:
  OutboxImpl(net::Network& network, journal::Journal& journal, DeliveryObserver& observer,
             std::vector<journal::Cursor> cursors, std::int64_t last_sequence,
             const OutboxTimes& times)
      : office_(std::make_shared<DeliveryOffice>(network, journal, observer, times)),
        released_(last_sequence),
        tick_(network.executor),
        stop_(network.executor) {
    for (journal::Cursor& cursor : cursors) {
      kept_.emplace(std::move(cursor.sink), std::min(cursor.sequence, last_sequence));
    }
    tick();
  }
  OutboxImpl(const OutboxImpl&) = delete;
  OutboxImpl& operator=(const OutboxImpl&) = delete;
  ~OutboxImpl() override {
    office_->on_none_running = nullptr;
    for (const auto& [name, feeder] : feeders_) {
      feeder->forget();
    }
    end_all();
  }

  void configure(const Alerting& alerting, const std::string& vantage) override {
    const auto facts = std::make_shared<const DeliveryFacts>(DeliveryFacts{
        .vantage = vantage, .external_url = alerting.external_url, .resend = alerting.resend});
    forget_those_not_in(alerting.sinks);
    std::vector<journal::Cursor> fresh;
    for (const SinkSettings& sink : alerting.sinks) {
      names_.insert(sink.name);
      if (sink.made.events) {
        feed({.sink = sink, .limits = alerting.outbox, .facts = facts}, fresh);
      }
    }
    std::vector<std::string> gone = std::exchange(gone_, {});
    for (auto& [name, sequence] : std::exchange(kept_, {})) {
      gone.push_back(name);  // of a sink that the process before had
    }
    office_->cursors.begin(fresh, std::move(gone));
    tell_state(alerting.sinks, facts);
  }

  void release(std::int64_t sequence) override {
    released_ = std::max(released_, sequence);
    for (const auto& [name, feeder] : feeders_) {
      feeder->release(sequence);
    }
  }

  void alerts_changed(std::span<const event::Alert> changed,
                      std::span<const std::string> gone) override {
    for (const event::Alert& alert : changed) {
      alerts_->insert_or_assign(alert.key, alert);
      for (const auto& teller : tellers_) {
        teller->changed(alert);
      }
    }
    for (const std::string& key : gone) {
      alerts_->erase(key);
    }
  }

  void stop(Duration within, std::function<void()> done) override {
    office_->on_none_running = [this, done = std::move(done)] {
      stop_.cancel();
      office_->cursors.finish();
      done();
    };
    tick_.cancel();
    for (const auto& [name, feeder] : feeders_) {
      feeder->finish();
    }
    for (const auto& teller : tellers_) {
      teller->finish();
    }
    asio::post(office_->network.executor, [office = office_] { office->tell_if_none_runs(); });
    stop_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(within));
    stop_.async_wait(
        [this, alive = std::weak_ptr<char>(alive_)](const boost::system::error_code& error) {
          if (!error && !alive.expired()) {
            end_all();
          }
        });
  }

 private:
  void forget_those_not_in(const std::vector<SinkSettings>& sinks) {
    const auto stays = [&sinks](const std::string& name, bool events) {
      return std::ranges::any_of(sinks, [&](const SinkSettings& sink) {
        return sink.name == name && (!events || sink.made.events);
      });
    };
    std::erase_if(feeders_, [&](const auto& entry) {
      if (stays(entry.first, true)) {
        return false;
      }
      if (const std::uint64_t waiting = entry.second->waiting(); waiting > 0) {
        log::warning("a sink is not configured any more; what waited for it is dropped",
                     {{"sink", entry.first}, {"count", waiting}});
      }
      entry.second->forget();
      gone_.push_back(entry.first);
      return true;
    });
    // They hold nothing that the next one would not be told anyway.
    for (const auto& teller : std::exchange(tellers_, {})) {
      teller->abort();
    }
    std::erase_if(names_, [&](const std::string& name) {
      if (stays(name, false)) {
        return false;
      }
      office_->observer.on_sink_gone(name);
      return true;
    });
  }

  void feed(FeederSettings settings, std::vector<journal::Cursor>& fresh) {
    const std::string name = settings.sink.name;
    if (const auto found = feeders_.find(name); found != feeders_.end()) {
      found->second->configure(std::move(settings));
      return;
    }
    std::int64_t cursor = released_;
    if (const auto kept = kept_.find(name); kept != kept_.end()) {
      cursor = kept->second;
      kept_.erase(kept);
    } else {
      fresh.push_back({.sink = name, .sequence = cursor});
    }
    const auto feeder = std::make_shared<Feeder>(office_, std::move(settings), cursor, released_);
    feeders_.emplace(name, feeder);
    feeder->start();
  }

  void tell_state(const std::vector<SinkSettings>& sinks,
                  const std::shared_ptr<const DeliveryFacts>& facts) {
    for (const SinkSettings& sink : sinks) {
      const auto settings = std::make_shared<const SinkSettings>(sink);
      for (const std::shared_ptr<StateSink>& instance : sink.made.states) {
        tellers_.push_back(std::make_shared<Teller>(office_, settings, instance, facts, alerts_));
        tellers_.back()->start();
      }
    }
  }

  void end_all() {
    for (const auto& [name, feeder] : feeders_) {
      feeder->abort();
    }
    for (const auto& teller : tellers_) {
      teller->abort();
    }
  }

  void tick() {
    tick_.expires_after(
        std::chrono::duration_cast<asio::steady_timer::duration>(office_->times.tell_pending));
    tick_.async_wait(
        [this, alive = std::weak_ptr<char>(alive_)](const boost::system::error_code& error) {
          if (!error && !alive.expired()) {
            office_->pending.tell_again();
            tick();
          }
        });
  }

  const std::shared_ptr<DeliveryOffice> office_;
  const std::shared_ptr<AlertsNow> alerts_ = std::make_shared<AlertsNow>();
  std::int64_t released_;
  std::map<std::string, std::int64_t> kept_;  ///< until the first configure()
  std::set<std::string> names_;               ///< of the configured sinks
  std::vector<std::string> gone_;             ///< whose cursors are not needed any more
  std::map<std::string, std::shared_ptr<Feeder>> feeders_;
  std::vector<std::shared_ptr<Teller>> tellers_;
  asio::steady_timer tick_;
  asio::steady_timer stop_;
  /// A handler that is still queued when this goes must not touch it.
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace

std::unique_ptr<Outbox> make_outbox(net::Network& network, journal::Journal& journal,
                                    DeliveryObserver& observer,
                                    std::vector<journal::Cursor> cursors,
                                    std::int64_t last_sequence, const OutboxTimes& times) {
  return std::make_unique<OutboxImpl>(network, journal, observer, std::move(cursors), last_sequence,
                                      times);
}

}  // namespace reachd::alert
