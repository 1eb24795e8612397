#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "daemon/alert/alerter.hpp"
#include "daemon/alert/outbox.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/metrics/self_metrics.hpp"

/// Connects what must not know of each other: probing, metrics and alerting.
namespace reachd {

/// What happens on the loops goes to the metrics and, once there is one, to the alerter.
class LoopObserver final : public engine::Observer {
 public:
  explicit LoopObserver(metrics::SelfMetrics& metrics) : metrics_(metrics) {}
  /// Before the first plan runs.
  void connect(alert::Alerter& alerter) { alerter_ = &alerter; }

  void on_probe(const ProbeType& type, const Outcome& outcome, Duration lag) override {
    metrics_.on_probe(type, outcome, lag);
  }
  void on_skip(engine::Skip cause, std::uint64_t count) override { metrics_.on_skip(cause, count); }
  void on_change(const config::Check& check, engine::Verdict from,
                 const engine::CheckStatus& status) override {
    alerter_->changed(check.id, from, status);
  }
  void on_settled(const config::Check& check, const engine::CheckStatus& status) override {
    alerter_->settled(check.id, status);
  }

 private:
  metrics::SelfMetrics& metrics_;
  alert::Alerter* alerter_ = nullptr;
};

/// Deliveries go to the metrics.
class DeliveryMetrics final : public alert::DeliveryObserver {
 public:
  explicit DeliveryMetrics(metrics::SelfMetrics& metrics) : metrics_(metrics) {}

  void on_delivery(std::string_view sink, std::string_view outcome, std::uint64_t count) override {
    metrics_.count_delivery(sink, outcome, count);
  }
  void on_pending(std::string_view sink, std::uint64_t pending, Duration oldest) override {
    metrics_.set_pending(sink, pending, oldest);
  }
  void on_sink_gone(std::string_view sink) override { metrics_.forget_sink(sink); }

 private:
  metrics::SelfMetrics& metrics_;
};

}  // namespace reachd
