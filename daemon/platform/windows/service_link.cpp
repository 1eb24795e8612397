#include "daemon/platform/windows/service_link.hpp"

#include <array>
#include <utility>

#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

DWORD state_of(ServiceLedger::State state) noexcept {
  constexpr std::array<DWORD, 4> kStates{SERVICE_START_PENDING, SERVICE_RUNNING,
                                         SERVICE_STOP_PENDING, SERVICE_STOPPED};
  return kStates[static_cast<std::size_t>(state)];
}

/// The time of a preshutdown is ours to set (`service install`), that of a shutdown is not: Windows
/// sends the second only where there is no first.
constexpr DWORD kAccepted = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN |
                            SERVICE_ACCEPT_PRESHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE;

}  // namespace

ServiceLink& ServiceLink::instance() {
  static ServiceLink link;
  return link;
}

ServiceLink::~ServiceLink() {
  if (confirmer_.joinable()) {  // ServiceMain did not come to its end
    confirmer_.detach();
  }
  // Nor did its log, which may outlive by now what it listens to.
  static_cast<void>(log_.release());
}

bool ServiceLink::open(const std::wstring& name) {
  const std::scoped_lock lock(mutex_);
  handle_ = ::RegisterServiceCtrlHandlerExW(name.c_str(), &ServiceLink::handle, this);
  if (handle_ == nullptr) {
    return false;
  }
  name_ = to_utf8(name);
  report(ledger_.now());
  log_ = make_service_log(make_event_log());
  confirmer_ = std::thread([this] { confirm(); });
  return true;
}

bool ServiceLink::is_open() {
  const std::scoped_lock lock(mutex_);
  return handle_ != nullptr;
}

std::string ServiceLink::name() {
  const std::scoped_lock lock(mutex_);
  return name_;
}

void ServiceLink::attach(std::function<void()> stop, std::function<void()> reload) {
  const std::scoped_lock lock(mutex_);
  stop_ = std::move(stop);
  reload_ = std::move(reload);
}

void ServiceLink::detach() {
  const std::scoped_lock lock(mutex_);
  stop_ = nullptr;
  reload_ = nullptr;
}

void ServiceLink::running(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  const auto status = ledger_.running();
  if (status) {
    log_->started(text);
  }
  report(status);
}

void ServiceLink::stopping() {
  const std::scoped_lock lock(mutex_);
  report(ledger_.stopping());
}

void ServiceLink::stopped(int exit_code) {
  log_->stopped(exit_code);
  log_.reset();  // while the manager is still told that this takes its time
  std::optional<ServiceLedger::Status> last;
  {
    const std::scoped_lock lock(mutex_);
    last = ledger_.stopped(exit_code);
  }
  ended_.notify_all();
  confirmer_.join();
  const std::scoped_lock lock(mutex_);
  report(last);
}

DWORD WINAPI ServiceLink::handle(DWORD control, DWORD /*type*/, void* /*data*/, void* context) {
  return static_cast<ServiceLink*>(context)->request(control);
}

DWORD ServiceLink::request(DWORD control) {
  const std::scoped_lock lock(mutex_);
  switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
    case SERVICE_CONTROL_PRESHUTDOWN:
      report(ledger_.stopping());
      if (stop_) {
        stop_();
      }
      return NO_ERROR;
    case SERVICE_CONTROL_PARAMCHANGE:
      if (reload_) {
        reload_();
      }
      return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
      return NO_ERROR;  // the manager answers by itself what it was told last
    default:
      return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

void ServiceLink::report(const std::optional<ServiceLedger::Status>& status) {
  if (!status || handle_ == nullptr) {
    return;
  }
  SERVICE_STATUS told{};
  told.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
  told.dwCurrentState = state_of(status->state);
  told.dwControlsAccepted = status->state == ServiceLedger::State::running ? kAccepted : 0;
  if (status->failed) {
    told.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
    told.dwServiceSpecificExitCode = *status->failed;
  }
  told.dwCheckPoint = status->checkpoint;
  told.dwWaitHint = static_cast<DWORD>(status->wait.count());
  ::SetServiceStatus(handle_, &told);
}

void ServiceLink::confirm() {
  std::unique_lock lock(mutex_);
  while (ledger_.now().state != ServiceLedger::State::stopped) {
    if (ended_.wait_for(lock, ServiceLedger::kEvery) == std::cv_status::timeout) {
      report(ledger_.still_pending());
    }
  }
}

}  // namespace reachd::platform
