#include "training_state_file.hpp"

#include <ATen/core/ivalue.h>

#include "tundish/base/bytes.hpp"
#include "tundish/base/crc32c.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/state_file.hpp"
#include "tundish/train/history_json.hpp"

namespace tundish {
namespace {

constexpr std::string_view kMagic = "TNDH";
constexpr std::size_t kTrailerSize = 16;
constexpr std::int64_t kFormatVersion = 2;

using Dict = c10::impl::GenericDict;

Dict empty_dict() {
    return Dict(c10::StringType::get(), c10::AnyType::get());
}

Dict to_dict_of(const TrainingState& state) {
    Dict settings = empty_dict();
    for (const auto& [name, value] : state.settings) settings.insert(name, value);
    Dict out = empty_dict();
    out.insert("format_version", kFormatVersion);
    out.insert("settings", settings);
    out.insert("step", state.step);
    out.insert("epoch_loss_sum", state.epoch_loss_sum);
    out.insert("epoch_correct", state.epoch_correct);
    out.insert("epoch_samples", state.epoch_samples);
    out.insert("train_seconds", state.train_seconds);
    out.insert("finished", state.finished);
    out.insert("ended_by_rule", state.ended_by_rule);
    out.insert("best_epoch", state.best_epoch);
    out.insert("best_accuracy", state.best_accuracy);
    out.insert("history", history_to_json(state.history));
    out.insert("network", to_dict(state.network));
    out.insert("optimizer", to_dict(state.optimizer));
    out.insert("best", to_dict(state.best));
    return out;
}

TrainingState from_dict_of(const Dict& in) {
    TrainingState state;
    for (const auto& item : in.at("settings").toGenericDict()) {
        state.settings.emplace(item.key().toStringRef(), item.value().toStringRef());
    }
    state.step = in.at("step").toInt();
    state.epoch_loss_sum = in.at("epoch_loss_sum").toDouble();
    state.epoch_correct = in.at("epoch_correct").toInt();
    state.epoch_samples = in.at("epoch_samples").toInt();
    state.train_seconds = in.at("train_seconds").toDouble();
    state.finished = in.at("finished").toBool();
    state.ended_by_rule = in.at("ended_by_rule").toBool();
    state.best_epoch = in.at("best_epoch").toInt();
    state.best_accuracy = in.at("best_accuracy").toDouble();
    state.history = history_from_json(in.at("history").toStringRef());
    state.network = from_dict(in.at("network"));
    state.optimizer = from_dict(in.at("optimizer"));
    state.best = from_dict(in.at("best"));
    return state;
}

void check_trailer(const std::string& bytes, const std::string& origin) {
    const auto damaged = [&](const std::string& found) { throw ArtifactError(text(origin, " is damaged: ", found)); };
    if (bytes.size() < kTrailerSize) damaged(text("only ", bytes.size(), " bytes"));
    const std::size_t length = bytes.size() - kTrailerSize;
    const auto* trailer = as_bytes(bytes).data() + length;
    if (as_text({trailer, kMagic.size()}) != kMagic) damaged("its end is missing");
    const auto declared = load_le<std::uint64_t>(trailer + 8);
    if (declared != length) damaged(text("it holds ", length, " bytes, its trailer says ", declared));
    if (load_le<std::uint32_t>(trailer + 4) != crc32c(as_bytes(bytes).first(length)))
        damaged("its checksum does not match");
}

}  // namespace

std::string to_checkpoint_bytes(const TrainingState& state) {
    std::string bytes = to_torch_bytes(to_dict_of(state));
    const auto length = static_cast<std::uint64_t>(bytes.size());
    const std::uint32_t checksum = crc32c(as_bytes(bytes));
    bytes += kMagic;
    append_le(bytes, checksum);
    append_le(bytes, length);
    return bytes;
}

TrainingState from_checkpoint_bytes(const std::string& bytes, const std::string& origin) {
    check_trailer(bytes, origin);
    const auto value = from_torch_bytes(bytes.substr(0, bytes.size() - kTrailerSize), origin);
    try {
        const auto dict = value.toGenericDict();
        const auto version = dict.at("format_version").toInt();
        if (version != kFormatVersion) {
            throw ArtifactError(text(origin, " has format version ", version, "; this tundish reads ", kFormatVersion,
                                     ". To start anew remove the checkpoints, or take another --root (on SageMaker: "
                                     "another checkpoint location)."));
        }
        return from_dict_of(dict);
    } catch (const c10::Error& error) {
        throw ArtifactError(text(origin, " does not hold a tundish checkpoint: ", error.what_without_backtrace()));
    } catch (const std::out_of_range&) {
        throw ArtifactError(text(origin, " lacks entries of a tundish checkpoint"));
    }
}

}  // namespace tundish
