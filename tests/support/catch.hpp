#pragma once

// One door to Catch2 for versions 2 and 3. Include LibTorch's headers before this one: c10 defines CHECK as a macro
// that aborts, and Catch2's must win.
#ifdef CHECK
#undef CHECK
#endif

#include <iostream>
#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Approx = Catch::Approx;
/// Matches texts that hold `part`, for REQUIRE_THROWS_WITH; the two versions name it differently.
inline auto contains_text(const std::string& part) {
    return Catch::Matchers::ContainsSubstring(part);
}
#else
#include <catch2/catch.hpp>
using Approx = Catch::Detail::Approx;
/// Matches texts that hold `part`, for REQUIRE_THROWS_WITH; the two versions name it differently.
inline auto contains_text(const std::string& part) {
    return Catch::Matchers::Contains(part);
}
#endif

/// Leaves a test case that cannot be run here. Catch2 counts it as skipped from 3.3 on; before, its name for that is a
/// passed one, and the line on the output tells (scripts/test counts those).
#ifdef SKIP
#define SKIP_TEST(why) SKIP("skipped: " << (why))
#else
#define SKIP_TEST(why)                             \
    do {                                           \
        std::cout << "skipped: " << (why) << '\n'; \
        SUCCEED();                                 \
        return;                                    \
    } while (false)
#endif
