#pragma once

#include <windows.h>
// after windows.h
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "daemon/platform/service_ledger.hpp"
#include "daemon/platform/service_log.hpp"

namespace reachd::platform {

/// This process as the service manager sees it. One a process, because ServiceMain is given nothing
/// that would lead to another. Thread-safe: the service's thread, the one that the manager's
/// requests come on, and one that confirms pending states.
class ServiceLink {
 public:
  static ServiceLink& instance();

  /// From ServiceMain: says START_PENDING. False if the manager does not know us.
  bool open(const std::wstring& name);
  bool is_open();
  std::string name();

  /// What requests lead to, on the manager's thread: they must return at once. Until detach().
  void attach(std::function<void()> stop, std::function<void()> reload);
  void detach();

  /// `text` says what is watched, for the Event Log.
  void running(const std::string& text);
  void stopping();
  /// The last call: Windows may end the process right after.
  void stopped(int exit_code);

  ~ServiceLink();

 private:
  static DWORD WINAPI handle(DWORD control, DWORD type, void* data, void* context);
  DWORD request(DWORD control);
  void report(const std::optional<ServiceLedger::Status>& status);
  void confirm();

  std::mutex mutex_;
  std::condition_variable ended_;
  SERVICE_STATUS_HANDLE handle_ = nullptr;
  std::string name_;
  ServiceLedger ledger_;
  std::unique_ptr<ServiceLog> log_;  ///< while the service is open; its thread's
  std::function<void()> stop_;
  std::function<void()> reload_;
  std::thread confirmer_;
};

}  // namespace reachd::platform
