# The flags that every tundish target shares, and the functions that declare floors and tests.

add_library(tundish_options INTERFACE)
target_compile_features(tundish_options INTERFACE cxx_std_20)
target_include_directories(tundish_options INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_options(tundish_options INTERFACE -fno-omit-frame-pointer)
if(TUNDISH_SANITIZE)
    target_compile_options(tundish_options INTERFACE -fsanitize=${TUNDISH_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(tundish_options INTERFACE -fsanitize=${TUNDISH_SANITIZE})
endif()
if(TUNDISH_FUZZ)
    # Without it libFuzzer sees the branches of its own file only, and guesses blindly.
    target_compile_options(tundish_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(tundish_warnings INTERFACE)
target_compile_options(tundish_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
    -Wold-style-cast -Wcast-qual -Woverloaded-virtual
    # GCC 12 invents overlapping copies in its own std::string (GCC bug 105651).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(TUNDISH_SANITIZE)
    # With a sanitizer's instrumentation GCC 12 takes std::function inside <regex> for uninitialised (GCC bug 105562).
    target_compile_options(tundish_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(TUNDISH_WARNINGS_AS_ERRORS)
    target_compile_options(tundish_warnings INTERFACE -Werror)
endif()

# tundish_floor(NAME SOURCES file… [DEPENDS target…] [PRIVATE_DEPENDS target…]): one static library per floor.
function(tundish_floor name)
    cmake_parse_arguments(FLOOR "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
    add_library(tundish_${name} STATIC ${FLOOR_SOURCES})
    add_library(tundish::${name} ALIAS tundish_${name})
    target_link_libraries(tundish_${name} PUBLIC tundish_options ${FLOOR_DEPENDS}
                                          PRIVATE tundish_warnings ${FLOOR_PRIVATE_DEPENDS})
endfunction()

# tundish_test(NAME LABEL label SOURCES file… DEPENDS target…): one Catch2 program, one ctest entry.
function(tundish_test name)
    cmake_parse_arguments(TEST "" "LABEL;TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
    if(NOT TEST_TIMEOUT)
        set(TEST_TIMEOUT 300)
    endif()
    if(TUNDISH_SANITIZE)
        math(EXPR TEST_TIMEOUT "3 * ${TEST_TIMEOUT}")
    endif()
    add_executable(${name} ${TEST_SOURCES})
    target_link_libraries(${name} PRIVATE tundish_test_main tundish_warnings ${TEST_DEPENDS})
    add_test(NAME ${name} COMMAND ${name})
    # Tests run side by side: threads that spin while they wait would take each other's cores.
    set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABEL}" TIMEOUT ${TEST_TIMEOUT}
        SKIP_RETURN_CODE 77 ENVIRONMENT "OMP_WAIT_POLICY=passive")
endfunction()
