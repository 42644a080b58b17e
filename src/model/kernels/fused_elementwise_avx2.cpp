#define TUNDISH_ISA avx2
#include "model/kernels/fused_elementwise_entry.hpp"
