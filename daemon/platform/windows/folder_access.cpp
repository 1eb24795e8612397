#include "daemon/platform/windows/folder_access.hpp"

#include <windows.h>
// after windows.h
#include <aclapi.h>
#include <sddl.h>
#include <shlobj.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "daemon/platform/paths.hpp"
#include "daemon/platform/windows/wide.hpp"

namespace reachd::platform {
namespace {

std::error_code failure(DWORD code) { return {static_cast<int>(code), std::system_category()}; }

struct LocalFreer {
  void operator()(void* memory) const noexcept { ::LocalFree(memory); }
};
template <typename T>
using Local = std::unique_ptr<T, LocalFreer>;

/// A protected access list: what the folder above allows to others does not come down.
std::wstring access_list(const std::string& sid) {
  return L"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + to_wide(sid) + L")";
}

Local<void> descriptor_of(const std::wstring& text) {
  PSECURITY_DESCRIPTOR made = nullptr;
  ::ConvertStringSecurityDescriptorToSecurityDescriptorW(text.c_str(), SDDL_REVISION_1, &made,
                                                         nullptr);
  return Local<void>(made);
}

/// The account that this process runs as; empty if Windows does not tell.
std::string own_sid() {
  HANDLE opened = nullptr;
  if (::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &opened) == 0) {
    return {};
  }
  const std::unique_ptr<void, decltype(&::CloseHandle)> token(opened, &::CloseHandle);
  DWORD size = 0;
  ::GetTokenInformation(token.get(), TokenUser, nullptr, 0, &size);
  std::vector<std::byte> buffer(size);
  wchar_t* text = nullptr;
  if (::GetTokenInformation(token.get(), TokenUser, buffer.data(), size, &size) == 0) {
    return {};
  }
  const void* const start = buffer.data();
  if (::ConvertSidToStringSidW(static_cast<const TOKEN_USER*>(start)->User.Sid, &text) == 0) {
    return {};
  }
  const Local<wchar_t> kept(text);
  return to_utf8(text);
}

}  // namespace

std::string program_data_folder() {
  wchar_t* folder = nullptr;
  const HRESULT result = ::SHGetKnownFolderPath(FOLDERID_ProgramData, 0, nullptr, &folder);
  const std::unique_ptr<wchar_t, decltype(&::CoTaskMemFree)> kept(folder, &::CoTaskMemFree);
  return result == S_OK ? to_utf8(folder) : "C:\\ProgramData";
}

std::error_code restrict_folder(const std::string& path, const std::string& sid, bool owned) {
  const Local<void> descriptor = descriptor_of(access_list(sid));
  if (!descriptor) {
    return failure(::GetLastError());
  }
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  PACL list = nullptr;
  PSID administrators = nullptr;
  if (::GetSecurityDescriptorDacl(descriptor.get(), &present, &list, &defaulted) == 0 ||
      ::GetSecurityDescriptorOwner(descriptor.get(), &administrators, &defaulted) == 0) {
    return failure(::GetLastError());
  }
  std::wstring name = to_wide(path);
  SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
  if (owned) {
    what |= OWNER_SECURITY_INFORMATION;
  }
  return failure(::SetNamedSecurityInfoW(name.data(), SE_FILE_OBJECT, what,
                                         owned ? administrators : nullptr, nullptr, list, nullptr));
}

std::error_code make_private_folder(const std::string& path) {
  const std::filesystem::path folder(path);
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) {
    return {};
  }
  const std::filesystem::path above = folder.parent_path();
  if (above != folder) {
    error = make_private_folder(above.string());
    if (error) {
      return error;
    }
  }
  const std::string sid = own_sid();
  // Without an owner in it: only an administrator may make somebody else the owner.
  const Local<void> descriptor = descriptor_of(access_list(sid).substr(4));
  if (sid.empty() || !descriptor) {
    return failure(::GetLastError());
  }
  SECURITY_ATTRIBUTES attributes{.nLength = sizeof(SECURITY_ATTRIBUTES),
                                 .lpSecurityDescriptor = descriptor.get(),
                                 .bInheritHandle = FALSE};
  if (::CreateDirectoryW(folder.c_str(), &attributes) == 0 &&
      ::GetLastError() != ERROR_ALREADY_EXISTS) {
    return failure(::GetLastError());
  }
  return {};
}

}  // namespace reachd::platform
