# Language, warnings, sanitizers, and the faster tools when they are installed.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
# Engines are found by dlopen: nothing of ours may be visible to them.
set(CMAKE_ENABLE_EXPORTS OFF)

find_program(MODELYARD_CCACHE ccache)
if(MODELYARD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MODELYARD_CCACHE})
endif()
find_program(MODELYARD_MOLD mold)
if(MODELYARD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(modelyard_warnings INTERFACE)
target_compile_options(modelyard_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual
  -Wimplicit-fallthrough -Wunused -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlaps in std::string that are not there (GCC bug 105651).
  target_compile_options(modelyard_warnings INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(modelyard_warnings INTERFACE -Wthread-safety)
endif()

if(MODELYARD_SANITIZE)
  add_compile_options(-fsanitize=${MODELYARD_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MODELYARD_SANITIZE})
  if(MODELYARD_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 finds false positives in std under sanitizers.
    add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow)
  endif()
endif()
if(MODELYARD_FUZZ)
  # Coverage of the rooms, too: it is what libFuzzer steers by.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
