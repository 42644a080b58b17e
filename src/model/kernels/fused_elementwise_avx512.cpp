#define TUNDISH_ISA avx512
#include "model/kernels/fused_elementwise_entry.hpp"
