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
#include "probes/core/file_path.hpp"

namespace reachd::platform {
namespace {

std::error_code failure(DWORD code) { return {static_cast<int>(code), std::system_category()}; }

struct LocalFreer {
  void operator()(void* memory) const noexcept { ::LocalFree(memory); }
};
template <typename T>
using Local = std::unique_ptr<T, LocalFreer>;

/// A protected access list (what the folder above allows to others does not come down) that
/// everything below inherits, owned by the administrators.
constexpr std::wstring_view kOurs = L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";

/// Empty if the text is wrong.
Local<void> descriptor_of(const std::wstring& text) {
  PSECURITY_DESCRIPTOR made = nullptr;
  ::ConvertStringSecurityDescriptorToSecurityDescriptorW(text.c_str(), SDDL_REVISION_1, &made,
                                                         nullptr);
  return Local<void>(made);
}

Local<void> sid_of(const std::wstring& text) {
  PSID made = nullptr;
  ::ConvertStringSidToSidW(text.c_str(), &made);
  return Local<void>(made);
}

PACL list_of(const Local<void>& descriptor) {
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  PACL list = nullptr;
  ::GetSecurityDescriptorDacl(descriptor.get(), &present, &list, &defaulted);
  return list;
}

/// The account that this process runs as; empty if Windows does not tell.
std::wstring own_sid() {
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
  return text;
}

/// What Windows knows of who may use a folder.
struct Found {
  Local<void> descriptor;
  PACL list = nullptr;  ///< in the descriptor
  bool ours = false;    ///< made by admit_to_folder(): nobody else can give a folder away like that
};

Found look_at(const std::wstring& path) {
  Found found;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  PSID owner = nullptr;
  if (::GetNamedSecurityInfoW(path.c_str(), SE_FILE_OBJECT,
                              OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                              nullptr, &found.list, nullptr, &descriptor) != ERROR_SUCCESS) {
    return found;
  }
  found.descriptor.reset(descriptor);
  SECURITY_DESCRIPTOR_CONTROL control = 0;
  DWORD revision = 0;
  found.ours = ::IsWellKnownSid(owner, WinBuiltinAdministratorsSid) != 0 &&
               ::GetSecurityDescriptorControl(descriptor, &control, &revision) != 0 &&
               (control & SE_DACL_PROTECTED) != 0;
  return found;
}

}  // namespace

std::string program_data_folder() {
  wchar_t* folder = nullptr;
  const HRESULT result = ::SHGetKnownFolderPath(FOLDERID_ProgramData, 0, nullptr, &folder);
  const std::unique_ptr<wchar_t, decltype(&::CoTaskMemFree)> kept(folder, &::CoTaskMemFree);
  return result == S_OK ? to_utf8(folder) : "C:\\ProgramData";
}

std::error_code admit_to_folder(const std::string& path, const std::string& sid,
                                FolderRights rights) {
  std::wstring name = to_wide(path);
  const Found found = look_at(name);
  const Local<void> fresh = descriptor_of(std::wstring(kOurs));
  const Local<void> account = sid_of(to_wide(sid));
  const Local<void> administrators = sid_of(L"S-1-5-32-544");
  if (!fresh || !account || !administrators) {
    return failure(::GetLastError());
  }
  EXPLICIT_ACCESSW entry{};
  entry.grfAccessPermissions =
      rights == FolderRights::full ? FILE_ALL_ACCESS : FILE_GENERIC_READ | FILE_GENERIC_EXECUTE;
  entry.grfAccessMode = SET_ACCESS;
  entry.grfInheritance = SUB_CONTAINERS_AND_OBJECTS_INHERIT;
  entry.Trustee.TrusteeForm = TRUSTEE_IS_SID;
  entry.Trustee.TrusteeType = TRUSTEE_IS_UNKNOWN;
  entry.Trustee.ptstrName = static_cast<LPWSTR>(account.get());
  PACL made = nullptr;
  const DWORD refused =
      ::SetEntriesInAclW(1, &entry, found.ours ? found.list : list_of(fresh), &made);
  const Local<ACL> list(made);
  if (refused != ERROR_SUCCESS) {
    return failure(refused);
  }
  return failure(::SetNamedSecurityInfoW(
      name.data(), SE_FILE_OBJECT,
      OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
      administrators.get(), nullptr, list.get(), nullptr));
}

std::error_code make_private_folder(const std::string& path) {
  const std::filesystem::path folder = to_path(path);
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) {
    return {};
  }
  const std::filesystem::path above = folder.parent_path();
  if (above != folder) {
    error = make_private_folder(to_text(above));
    if (error) {
      return error;
    }
  }
  const std::wstring sid = own_sid();
  const Local<void> descriptor = descriptor_of(std::wstring(kOurs) + L"(A;OICI;FA;;;" + sid + L")");
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
