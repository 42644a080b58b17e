#include "tundish/model/state_file.hpp"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/csrc/jit/serialization/pickler.h>

#include "tundish/base/bytes.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

struct Pickled {
    std::string bytes;
    std::vector<at::Tensor> tensors;
};

Pickled pickle(const c10::IValue& value) {
    Pickled out;
    torch::jit::Pickler pickler([&](const char* data, std::size_t size) { out.bytes.append(data, size); }, nullptr,
                                nullptr, nullptr, nullptr, /*tag_aggregates=*/false);
    pickler.protocol();
    pickler.pushIValue(value);
    pickler.stop();
    out.tensors = pickler.tensorData();
    return out;
}

}  // namespace

std::string to_torch_bytes(const c10::IValue& value) {
    const Pickled pickled = pickle(value);
    std::string bytes;
    caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, std::size_t size) {
        bytes.append(static_cast<const char*>(data), size);
        return size;
    });
    constexpr std::string_view kByteOrder = "little";
    writer.writeRecord("data.pkl", pickled.bytes.data(), pickled.bytes.size());
    writer.writeRecord("byteorder", kByteOrder.data(), kByteOrder.size());
    std::size_t index = 0;
    for (const auto& tensor : pickled.tensors) {
        const auto raw = torch::jit::getWriteableTensorData(tensor);
        writer.writeRecord(text("data/", index++), raw.data(), raw.sizeInBytes());
    }
    writer.writeEndOfFile();
    return bytes;
}

c10::IValue from_torch_bytes(const std::string& bytes, const std::string& origin) {
    try {
        return torch::jit::pickle_load({bytes.begin(), bytes.end()});
    } catch (const c10::Error& error) {
        throw ArtifactError(text(origin, " is damaged: ", error.what_without_backtrace()));
    }
}

c10::IValue to_dict(const std::vector<NamedTensor>& state) {
    c10::impl::GenericDict dict(c10::StringType::get(), c10::AnyType::get());
    for (const auto& [name, tensor] : state) dict.insert(name, tensor);
    return dict;
}

std::vector<NamedTensor> from_dict(const c10::IValue& dict) {
    std::vector<NamedTensor> state;
    for (const auto& item : dict.toGenericDict()) state.push_back({item.key().toStringRef(), item.value().toTensor()});
    return state;
}

std::string to_safetensors(const std::vector<NamedTensor>& state) {
    nlohmann::ordered_json header;
    std::string data;
    for (const auto& [name, tensor] : state) {
        const auto row_major = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
        const std::size_t begin = data.size();
        data.append(static_cast<const char*>(row_major.const_data_ptr()), row_major.nbytes());
        header[name] = {{"dtype", "F32"}, {"shape", row_major.sizes().vec()}, {"data_offsets", {begin, data.size()}}};
    }
    std::string head = header.dump();
    head.append((8 - head.size() % 8) % 8, ' ');  // keeps the data 8-byte aligned, as the format advises
    std::string file;
    append_le(file, static_cast<std::uint64_t>(head.size()));
    return file + head + data;
}

}  // namespace tundish
