#define TUNDISH_ISA avx2
#include "model/kernels/conv3x3_entry.hpp"
