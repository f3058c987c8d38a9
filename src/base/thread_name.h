// Names the calling thread, as `top -H` and debuggers show it. At most 15 characters are kept.
#pragma once

#include <pthread.h>

#include <string>
#include <string_view>

namespace modelyard {

inline void name_thread(std::string_view name) {
  ::pthread_setname_np(::pthread_self(), std::string(name.substr(0, 15)).c_str());
}

}  // namespace modelyard
