// libcurl, loaded when the first request is made: a server that makes none shall not carry the forty libraries that
// come along with it.
//
// Threads: load() from any; the functions as libcurl has them.
// Errors:  Unavailable when it is not installed.
#pragma once

#include <curl/curl.h>

#include "base/result.h"

namespace modelyard::app {

struct CurlLibrary {
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_perform) easy_perform;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_strerror) easy_strerror;
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;

  // The same one every time.
  static Result<const CurlLibrary*> load();
};

}  // namespace modelyard::app
