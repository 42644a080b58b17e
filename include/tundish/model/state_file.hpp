#pragma once

#include <ATen/core/ivalue.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tundish/model/network.hpp"

namespace tundish {

/// Files that Python opens with `torch.load(path, weights_only=True)`: torch's zip format with a pickle that holds only
/// plain dicts, lists, numbers, strings and tensors. (torch::pickle_save writes type tags that weights_only refuses.)

/// The bytes of such a file. `value` may hold generic dicts with string keys, generic lists, numbers, strings, tensors
/// (CPU).
std::string to_torch_bytes(const c10::IValue& value);

/// Reads what to_torch_bytes() wrote. Throws ArtifactError naming `origin` when the bytes are damaged.
c10::IValue from_torch_bytes(const std::string& bytes, const std::string& origin);

/// A state dict as a generic dict, and back. Tensors are shared, not copied.
c10::IValue to_dict(const std::vector<NamedTensor>& state);
std::vector<NamedTensor> from_dict(const c10::IValue& dict);

/// The bytes of a safetensors file (8-byte header length, JSON header, row-major data), float32 tensors only.
std::string to_safetensors(const std::vector<NamedTensor>& state);

}  // namespace tundish
