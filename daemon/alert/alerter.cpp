#include "daemon/alert/alerter.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "daemon/alert/policy.hpp"
#include "daemon/event/ulid.hpp"
#include "daemon/json/event.hpp"
#include "daemon/log/log.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/network.hpp"

namespace reachd::alert {
namespace {

namespace asio = boost::asio;

/// Verdicts that are decided, and journalled, together.
constexpr std::size_t kMostTogether = 512;
/// A stop waits so much longer for a disk that is slow.
constexpr Duration kLongestForJournal = std::chrono::milliseconds(250);
/// How often the newest results are looked through for certificates and annotations, and how many
/// at a time.
constexpr Duration kLookEvery = std::chrono::seconds(15);
constexpr std::size_t kLooksTogether = 500;

/// One message to the alert thread.
using Message = std::function<Decision(Policy&, Now)>;

class ThreadAlerter final : public Alerter, private journal::Listener {
 public:
  ThreadAlerter(const journal::Options& journal, std::string vantage, Surroundings surroundings,
                DeliveryObserver& deliveries, net::Resolver& resolver, net::TrustStore& trust,
                const Clock& clock)
      : vantage_(std::move(vantage)),
        surroundings_(std::move(surroundings)),
        clock_(clock),
        journal_(journal::open_journal(journal, clock, *this)),
        kept_(journal_->take_kept()),
        work_(context_.get_executor()),
        deadlines_(context_.get_executor()),
        network_{.executor = context_.get_executor(),
                 .deadlines = deadlines_,
                 .resolver = resolver,
                 .trust = trust,
                 .clock = clock},
        policy_(vantage_, kept_, [this](std::string_view check) { return peek(check); }),
        outbox_(make_outbox(network_, *journal_, deliveries, kept_.cursors, kept_.last_sequence)),
        tick_(context_),
        look_(context_),
        sequence_(kept_.last_sequence) {
    ids_.go_on_after(kept_.last_event_id);
    for (journal::CheckRow& row : kept_.checks) {
      remembered_.emplace(std::move(row.check),
                          engine::Memory{.verdict = static_cast<engine::Verdict>(row.state),
                                         .since = row.since,
                                         .has_been_up = row.has_been_up});
    }
    surroundings_.released(kept_.last_sequence);
    kept_ = {};
    thread_ = std::thread([this] {
      context_.run();
      ended_.set_value();
    });
  }
  ThreadAlerter(const ThreadAlerter&) = delete;
  ThreadAlerter& operator=(const ThreadAlerter&) = delete;
  ~ThreadAlerter() override { end(Duration::zero()); }

  void adopt(Rules rules) override {
    Message message = [this, rules = std::move(rules)](Policy& policy, Now now) {
      outbox_->configure(*rules.alerting, rules.plan->vantage);
      if (!std::exchange(adopted_, true)) {
        outbox_->alerts_changed(policy.alerts(), {});  // of the process before
        look_in(kLookEvery);
      }
      return policy.adopt(rules.plan, *rules.alerting, rules.maintenance, now);
    };
    if (std::exchange(begun_, true)) {
      tell(std::move(message));
      return;
    }
    // Before what was told already: a sink that is new begins with the next event, and would never
    // hear that the journal had to be set aside.
    {
      const std::scoped_lock lock(mutex_);
      messages_.push_front(std::move(message));
    }
    asio::post(context_, [this] { take_messages(); });
  }

  void changed(std::string check, engine::Verdict from, engine::CheckStatus status) override {
    tell([check = std::move(check), from, status = std::move(status)](Policy& policy, Now now) {
      return policy.changed(check, from, status, now);
    });
  }

  void settled(std::string check, engine::CheckStatus status) override {
    tell([check = std::move(check), status = std::move(status)](Policy& policy, Now now) {
      return policy.settled(check, status, now);
    });
  }

  void own(event::Kind kind, std::string message) override {
    tell([kind, message = std::move(message)](Policy& policy, Now now) {
      return policy.own(kind, message, now);
    });
  }

  const journal::Journal& journal() const override { return *journal_; }

  engine::Remember take_remembered() override {
    return [remembered = std::exchange(remembered_, {})](
               std::string_view check) -> std::optional<engine::Memory> {
      const auto found = remembered.find(check);
      return found == remembered.end() ? std::nullopt : std::optional(found->second);
    };
  }

  void stop(Duration within) override {
    if (thread_.joinable()) {
      own(event::Kind::daemon_stopped, "reachd stopped");
      end(within);
    }
  }

 private:
  /// Lets go what is on its way, ends the thread and closes the journal. Idempotent.
  void end(Duration within) {
    if (!thread_.joinable()) {
      return;
    }
    const TimePoint until = clock_.steady_now() + within;
    std::promise<void> flushed;
    // Behind what was told before: the last events are journalled first, then they are released.
    asio::post(context_, [this, &flushed, within] {
      while (has_messages()) {
        take_messages();
      }
      journal_->write({}, [this, &flushed, within](bool) {
        asio::post(context_, [this, &flushed, within] { stop_outbox(within, flushed); });
      });
    });
    flushed.get_future().wait_until(until + kLongestForJournal);
    const auto ended = ended_.get_future();
    asio::post(context_, [this, &flushed] {
      stop_outbox(Duration::zero(), flushed);  // unless a disk that hangs kept it from being told
      tick_.cancel();
      look_.cancel();
      deadlines_.stop();
      work_.reset();
      stopped_ = true;
    });
    // Everything that waited has been told to stop; a sink that does not must not keep the process.
    if (ended.wait_for(std::chrono::seconds(1)) != std::future_status::ready) {
      log::error("a sink did not stop within a second; it was ended by force");
      context_.stop();
    }
    thread_.join();
    journal_->close(std::max(until - clock_.steady_now(), Duration(std::chrono::seconds(1))));
  }

  void stop_outbox(Duration within, std::promise<void>& flushed) {
    if (!std::exchange(outbox_stops_, true)) {
      outbox_->stop(within, [&flushed] { flushed.set_value(); });
    }
  }

  // From the journal's thread.
  void on_journal_error() override { surroundings_.count_journal_error(); }
  void on_journal_failing(std::string_view why) override {
    own(event::Kind::journal_failing, "The journal can't be written: " + std::string(why));
  }
  void on_journal_recovered(std::size_t lost) override {
    own(event::Kind::journal_recovered,
        lost == 0 ? "The journal is written again; nothing was lost"
                  : "The journal is written again; " + std::to_string(lost) +
                        " events had no room in memory and are not in it");
  }

  void tell(Message message) {
    {
      const std::scoped_lock lock(mutex_);
      messages_.push_back(std::move(message));
      if (std::exchange(awake_, true)) {
        return;
      }
    }
    asio::post(context_, [this] { take_messages(); });
  }

  // All below: alert thread.

  std::optional<engine::CheckStatus> peek(std::string_view check) const {
    const auto board = surroundings_.board();
    const auto index = board ? board->find(check) : std::nullopt;
    return index ? std::optional(board->status(*index)) : std::nullopt;
  }

  Now now() const { return {.steady = clock_.steady_now(), .wall = clock_.wall_now()}; }

  bool has_messages() {
    const std::scoped_lock lock(mutex_);
    return !messages_.empty();
  }

  void take_messages() {
    std::deque<Message> taken;
    {
      const std::scoped_lock lock(mutex_);
      const auto end = messages_.begin() +
                       static_cast<std::ptrdiff_t>(std::min(messages_.size(), kMostTogether));
      taken.assign(std::move_iterator(messages_.begin()), std::move_iterator(end));
      messages_.erase(messages_.begin(), end);
      awake_ = !messages_.empty();
    }
    Decision decision;
    for (const Message& message : taken) {
      decision.append(message(policy_, now()));
    }
    carry_out(std::move(decision));
    if (taken.size() == kMostTogether) {
      asio::post(context_, [this] { take_messages(); });
    }
    arm_tick();
  }

  void carry_out(Decision decision) {
    if (!decision.marks.empty()) {
      surroundings_.mark(std::move(decision.marks));
    }
    if (!decision.ask.empty()) {
      surroundings_.look_now(std::move(decision.ask));
    }
    journal::Entry entry;
    entry.transitions = std::move(decision.transitions);
    entry.checks = std::move(decision.checks);
    entry.checks_gone = std::move(decision.checks_gone);
    entry.alerts_gone = decision.alerts_gone;
    for (event::Event& event : decision.events) {
      entry.events.push_back(row_of(event));
      surroundings_.count_event(event.kind);
    }
    for (const event::Alert& alert : decision.alerts) {
      entry.alerts.push_back({.key = alert.key, .body = json::alert_text(alert)});
    }
    const bool anything = !entry.events.empty() || !entry.transitions.empty() ||
                          !entry.checks.empty() || !entry.checks_gone.empty() ||
                          !entry.alerts.empty() || !entry.alerts_gone.empty();
    if (!anything) {
      return;
    }
    journal_->write(
        std::move(entry), [this, sequence = sequence_, alerts = std::move(decision.alerts),
                           gone = std::move(decision.alerts_gone)](bool) mutable {
          asio::post(context_, [this, sequence, alerts = std::move(alerts),
                                gone = std::move(gone)] { hand_on(sequence, alerts, gone); });
        });
  }

  journal::EventRow row_of(event::Event& event) {
    event.id = ids_.make(event.time);
    return {.sequence = ++sequence_,
            .id = event.id,
            .time = event.time,
            .kind = std::string(to_string(event.kind)),
            .check = event.check ? event.check->id : std::string(),
            .body = json::event_text(event)};
  }

  /// The journal has the events up to this one, or can't have them now.
  void hand_on(std::int64_t sequence, const std::vector<event::Alert>& alerts,
               const std::vector<std::string>& gone) {
    outbox_->release(sequence);
    surroundings_.released(sequence);
    if (!alerts.empty() || !gone.empty()) {
      outbox_->alerts_changed(alerts, gone);
    }
  }

  void arm_tick() {
    if (stopped_) {
      return;
    }
    const TimePoint next = policy_.next_tick();
    if (next == armed_for_) {
      return;
    }
    armed_for_ = next;
    if (next == TimePoint::max()) {
      tick_.cancel();
      return;
    }
    tick_.expires_at(next);
    tick_.async_wait([this](const boost::system::error_code& ec) {
      if (!ec) {
        armed_for_ = TimePoint::min();
        carry_out(policy_.tick(now()));
        arm_tick();
      }
    });
  }

  void look_in(Duration wait) {
    look_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(wait));
    look_.async_wait([this](const boost::system::error_code& ec) {
      if (!ec) {
        look_from(surroundings_.board(), 0);
      }
    });
  }

  /// A part of the board at a time, so that nothing else waits for long.
  void look_from(const std::shared_ptr<const engine::Board>& board, std::size_t begin) {
    const std::size_t end = board ? std::min(begin + kLooksTogether, board->size()) : begin;
    Decision decision;
    for (std::size_t i = begin; i < end; ++i) {
      decision.append(policy_.looked(board->plan().checks[i].id, board->status(i), now()));
    }
    carry_out(std::move(decision));
    arm_tick();
    if (stopped_) {
      return;
    }
    if (board && end < board->size()) {
      asio::post(context_, [this, board, end] { look_from(board, end); });
    } else {
      look_in(kLookEvery);
    }
  }

  const std::string vantage_;
  const Surroundings surroundings_;
  const Clock& clock_;

  std::mutex mutex_;
  std::deque<Message> messages_;  ///< guarded by the mutex
  /// Guarded by the mutex: take_messages() is on its way, or will be with the first rules.
  bool awake_ = true;
  bool begun_ = false;  ///< has been given rules; of the thread that gives them

  asio::io_context context_{1};
  std::unique_ptr<journal::Journal> journal_;
  journal::Kept kept_;                                             ///< only while this is made
  std::map<std::string, engine::Memory, std::less<>> remembered_;  ///< until it is taken

  asio::executor_work_guard<asio::io_context::executor_type> work_;
  net::DeadlineQueue deadlines_;
  net::Network network_;
  Policy policy_;
  std::unique_ptr<Outbox> outbox_;
  event::UlidMaker ids_;
  asio::steady_timer tick_;
  asio::steady_timer look_;
  std::int64_t sequence_;
  TimePoint armed_for_ = TimePoint::max();
  bool adopted_ = false;
  bool outbox_stops_ = false;
  bool stopped_ = false;
  std::promise<void> ended_;  ///< the thread
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Alerter> make_alerter(const journal::Options& journal, std::string vantage,
                                      Surroundings surroundings, DeliveryObserver& deliveries,
                                      net::Resolver& resolver, net::TrustStore& trust,
                                      const Clock& clock) {
  return std::make_unique<ThreadAlerter>(journal, std::move(vantage), std::move(surroundings),
                                         deliveries, resolver, trust, clock);
}

}  // namespace reachd::alert
