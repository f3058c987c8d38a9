# modelyard_precompile(TARGET [TEST] [COMPUTES] [HEADERS ...]): the heavy headers of libraries are compiled once for all rooms, and those of
# GoogleTest once for all tests. Headers of ours are never among them: a change of one must not compile everything.
# g++ gains little by it, and builds without: so a missing include is found.
set(MODELYARD_HEAVY_HEADERS
  <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <filesystem> <functional> <map> <memory> <mutex> <optional>
  <random> <set> <span> <string> <string_view> <thread> <unordered_map> <variant> <vector>
  <fmt/format.h> <nlohmann/json.hpp>)

function(modelyard_precompiled name)
  cmake_parse_arguments(PRECOMPILED "" "" "HEADERS;LIBRARIES" ${ARGN})
  file(WRITE ${CMAKE_BINARY_DIR}/${name}.cc "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE modelyard_warnings fmt::fmt Threads::Threads ${PRECOMPILED_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${PRECOMPILED_HEADERS})
endfunction()

if(MODELYARD_PCH)
  # ccache compares headers by their contents.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  modelyard_precompiled(modelyard_heavy_headers HEADERS ${MODELYARD_HEAVY_HEADERS})
  if(MODELYARD_TESTS)
    modelyard_precompiled(modelyard_heavy_test_headers HEADERS ${MODELYARD_HEAVY_HEADERS} <gtest/gtest.h> <gmock/gmock.h>
                          LIBRARIES GTest::gtest GTest::gmock)
  endif()
endif()

function(modelyard_precompile target)
  cmake_parse_arguments(PRECOMPILE "TEST;COMPUTES" "" "HEADERS" ${ARGN})
  if(PRECOMPILE_COMPUTES AND MODELYARD_SANITIZE)
    target_compile_options(${target} PRIVATE -O1)  # precompiled headers must have the same options
  elseif(PRECOMPILE_HEADERS)
    if(MODELYARD_PCH)
      list(PREPEND PRECOMPILE_HEADERS ${MODELYARD_HEAVY_HEADERS})
    endif()
    target_precompile_headers(${target} PRIVATE ${PRECOMPILE_HEADERS})
  elseif(MODELYARD_PCH AND PRECOMPILE_TEST)
    target_precompile_headers(${target} REUSE_FROM modelyard_heavy_test_headers)
  elseif(MODELYARD_PCH)
    target_precompile_headers(${target} REUSE_FROM modelyard_heavy_headers)
  endif()
endfunction()
