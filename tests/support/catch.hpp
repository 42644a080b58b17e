#pragma once

// One door to Catch2 for versions 2 and 3. Include LibTorch's headers before this one: c10 defines CHECK as a macro
// that aborts, and Catch2's must win.
#ifdef CHECK
#undef CHECK
#endif

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
using Catch::Approx;
#endif
