#define TUNDISH_ISA avx512
#include "model/kernels/conv3x3_entry.hpp"
