#include "daemon/web/discovery.hpp"

#include <algorithm>
#include <string_view>

#include "daemon/json/writer.hpp"
#include "daemon/web/query.hpp"
#include "daemon/web/records.hpp"

namespace reachd::web {
namespace {

constexpr std::size_t kPiece = std::size_t{64} * 1024;
/// The probe type that looks at this host's own listeners.
constexpr std::string_view kListen = "listen";

class TargetsBody final : public Body {
 public:
  TargetsBody(std::shared_ptr<const engine::Board> board, ListQuery query)
      : board_(std::move(board)), query_(std::move(query)), out_(text_) {
    out_.begin_array();
  }

  bool next(std::string& out) override {
    for (; check_ < board_->size() && text_.size() < kPiece; ++check_) {
      const config::Check& check = board_->plan().checks[check_];
      if (board_->plan().probes[check.probe].type->name != kListen &&
          query_.matches(*board_, check_)) {
        write(check);
      }
    }
    const bool more = check_ < board_->size();
    if (!more) {
      out_.end_array();
      text_ += '\n';
    }
    out += text_;
    text_.clear();
    return more;
  }

 private:
  void write(const config::Check& check) {
    const config::Plan& plan = board_->plan();
    const config::ProbeSpec& spec = plan.probes[check.probe];
    out_.begin_object();
    out_.key("targets").begin_array().value(spec.target.text).end_array();
    out_.key("labels").begin_object();
    label("vantage", plan.vantage);
    label("check", check.id);
    label("name", check.name);
    label("product", *check.product);
    label("requirement", config::requirement_id(check));
    label("necessity", to_string(check.necessity));
    label("evidence", to_string(check.evidence));
    label("direction", to_string(check.direction));
    label("probe", spec.type->name);
    label("transport", to_string(config::transport(check, spec)));
    label("host", spec.target.host);
    if (spec.target.port != 0) {
      label("port", std::to_string(spec.target.port));
    }
    label("device", check.device);
    if (check.device_type) {
      label("device_type", *check.device_type);
    }
    label("purpose", config::purpose(check));
    if (check.labels) {
      for (const auto& [name, value] : *check.labels) {
        label("label_" + name, value);
      }
    }
    out_.end_object().end_object();
  }

  /// An empty label and none are the same to Prometheus.
  void label(std::string_view name, std::string_view value) {
    if (!value.empty()) {
      out_.member("__meta_reachd_" + std::string(name), value);
    }
  }

  std::shared_ptr<const engine::Board> board_;
  ListQuery query_;
  std::size_t check_ = 0;
  std::string text_;
  json::Writer out_;
};

}  // namespace

Response discovery(std::shared_ptr<const engine::Board> board,
                   const std::vector<std::pair<std::string, std::string>>& query) {
  for (const auto& [key, value] : query) {
    if (!is_selector_key(key)) {
      return json_error(400, "nothing is called " + quoted(key) +
                                 " here; there are name, check, product, requirement, device, "
                                 "probe and label.KEY");
    }
  }
  auto selected = ListQuery::parse(query);
  if (!selected) {
    return json_error(400, selected.error());
  }
  Response response;
  response.content_type = "application/json";
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.body = std::make_unique<TargetsBody>(std::move(board), std::move(*selected));
  return response;
}

}  // namespace reachd::web
