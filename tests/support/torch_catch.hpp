#pragma once

// LibTorch first, Catch2 second: see catch.hpp. Tests of the floors with Torch include this header only.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "support/catch.hpp"
