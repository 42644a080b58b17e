#pragma once

#include <torch/csrc/jit/api/module.h>

#include "tundish/model/network.hpp"
#include "tundish/model/preprocess.hpp"

namespace tundish {

/// The network as a TorchScript module in inference form: float32 NCHW pixels 0..255 of any batch size -> logits. It
/// normalises by itself (buffers `pixel_mean`, `pixel_std`); its weights lie under the prefix "network.". Private to
/// the model floor.
torch::jit::Module to_torchscript(const Network& network, const Preprocess& preprocess);

/// The Python source of its forward method, for tests and for the curious.
std::string torchscript_source(const Architecture& architecture);

}  // namespace tundish
