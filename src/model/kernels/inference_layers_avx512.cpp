#define TUNDISH_ISA avx512
#include "model/kernels/inference_layers_entry.hpp"
