#define TUNDISH_ISA avx2
#include "model/kernels/inference_layers_entry.hpp"
