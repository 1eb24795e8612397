#include "daemon/alert/delivery_office.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace reachd::alert {

void DeliveryOffice::spawn(asio::awaitable<void> coroutine) {
  ++running;
  asio::co_spawn(network.executor, std::move(coroutine),
                 [self = shared_from_this()](const std::exception_ptr& error) {
                   if (error) {
                     std::rethrow_exception(error);  // a bug: let the process end with a trace
                   }
                   --self->running;
                   self->tell_if_none_runs();
                 });
}

void DeliveryOffice::tell_if_none_runs() {
  if (running == 0 && on_none_running) {
    std::exchange(on_none_running, nullptr)();
  }
}

}  // namespace reachd::alert
