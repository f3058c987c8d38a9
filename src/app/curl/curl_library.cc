#include "app/curl/curl_library.h"

#include <dlfcn.h>

namespace modelyard::app {
namespace {

constexpr const char* kName = "libcurl.so.4";

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

Result<CurlLibrary> open() {
  void* const library = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL);  // never closed: it keeps state of its own
  CurlLibrary curl{};
  decltype(&curl_global_init) global_init = nullptr;
  const bool found =
      library != nullptr && find(library, "curl_global_init", global_init) &&
      find(library, "curl_easy_init", curl.easy_init) && find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
      find(library, "curl_easy_setopt", curl.easy_setopt) && find(library, "curl_easy_perform", curl.easy_perform) &&
      find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
      find(library, "curl_easy_strerror", curl.easy_strerror) &&
      find(library, "curl_slist_append", curl.slist_append) &&
      find(library, "curl_slist_free_all", curl.slist_free_all) && global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (found) return curl;
  return error(Code::kUnavailable, "{} cannot be loaded; install it (Debian: libcurl4)", kName);
}

}  // namespace

Result<const CurlLibrary*> CurlLibrary::load() {
  static const Result<CurlLibrary> library = open();
  if (!library) return library.error();
  return &*library;
}

}  // namespace modelyard::app
