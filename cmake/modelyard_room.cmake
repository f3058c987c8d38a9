# modelyard_room(NAME [COMPUTES] [DEPENDS ...] [LIBRARIES ...] [HEAVY_HEADERS ...] SOURCES ... [TESTS ...] [CONCURRENT_TESTS ...])
#
# A room is a static library modelyard_<name>. A "/" in a sub-room's name
# becomes '_'. DEPENDS names rooms, LIBRARIES names packaged libraries.
# HEAVY_HEADERS are compiled once for the room, in every build. COMPUTES: optimised in the sanitizers' builds, too, since
# its tests simulate. TESTS become one binary
# modelyard_<name>_test with the ctest label "unit"; CONCURRENT_TESTS become a second one that also
# carries the label "concurrent" and is run under ThreadSanitizer.
add_custom_target(concurrent_tests)

function(modelyard_room name)
  cmake_parse_arguments(ROOM "COMPUTES" "" "DEPENDS;LIBRARIES;HEAVY_HEADERS;SOURCES;TESTS;CONCURRENT_TESTS;TEST_DEPENDS" ${ARGN})
  string(REPLACE "/" "_" target modelyard_${name})
  set(kind PUBLIC)
  set(computes "")
  if(ROOM_COMPUTES)
    set(computes COMPUTES)
  endif()
  if(ROOM_SOURCES)
    add_library(${target} STATIC ${ROOM_SOURCES})
    target_link_libraries(${target} PRIVATE modelyard_warnings)
    modelyard_precompile(${target} ${computes} HEADERS ${ROOM_HEAVY_HEADERS})
  else()
    add_library(${target} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(${target} ${kind} ${PROJECT_SOURCE_DIR}/src)
  foreach(dependency ${ROOM_DEPENDS})
    string(REPLACE "/" "_" dependency_target modelyard_${dependency})
    target_link_libraries(${target} ${kind} ${dependency_target})
  endforeach()
  target_link_libraries(${target} ${kind} ${ROOM_LIBRARIES} fmt::fmt Threads::Threads)
  modelyard_tests(${target} ${target}_test "unit" "${ROOM_TESTS}" "${ROOM_TEST_DEPENDS}" ${computes})
  modelyard_tests(${target} ${target}_concurrent_test "unit;concurrent" "${ROOM_CONCURRENT_TESTS}"
                  "${ROOM_TEST_DEPENDS}")
endfunction()

function(modelyard_tests target binary labels sources depends)
  if(NOT MODELYARD_TESTS OR NOT sources)
    return()
  endif()
  add_executable(${binary} ${sources})
  target_link_libraries(${binary} PRIVATE ${target} modelyard_warnings GTest::gtest GTest::gmock
                                          GTest::gtest_main)
  modelyard_precompile(${binary} TEST ${ARGN})
  foreach(dependency ${depends})
    string(REPLACE "/" "_" dependency_target modelyard_${dependency})
    target_link_libraries(${binary} PRIVATE ${dependency_target})
  endforeach()
  if("concurrent" IN_LIST labels)
    add_dependencies(concurrent_tests ${binary})
  endif()
  # One ctest entry a binary: starting a process for every sentence costs more than the sentence.
  add_test(NAME ${binary} COMMAND ${binary} --gtest_output=xml:${CMAKE_BINARY_DIR}/test-results/${binary}.xml)
  set_tests_properties(${binary} PROPERTIES LABELS "${labels}" TIMEOUT 300)
endfunction()
