#include "tundish/train/unite.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"
#include "tundish/distributed/gather.hpp"

namespace tundish {
namespace {

// A rank's data in a few words; class names may hold anything but a zero byte.
struct Summary {
    std::int64_t samples = 0;
    bool streams = false;
    bool validates = false;
    ImageShape shape;
    std::int64_t needed_classes = 0;  // by labels without names; a stream's may be any of its classes
    bool numbered = false;
    std::vector<std::string> class_names;
};

// Of a sharded CIFAR channel the file of names may have come to a host that holds no training samples.
const SampleSet& best_named(const TrainingData& data) {
    return data.train.numbered && data.validation && !data.validation->numbered ? *data.validation : data.train;
}

std::int64_t needed_classes(const TrainingData& data) {
    if (!data.train.numbered) return 0;
    return data.stream ? std::ssize(data.train.class_names) : largest_label(data.train) + 1;
}

std::string to_bytes(const TrainingData& data) {
    const auto& shape = data.train.shape;
    const auto& named = best_named(data);
    std::string out = text(data.train_size(), ' ', int{data.stream != nullptr}, ' ', int{data.validation.has_value()},
                           ' ', shape.channels, ' ', shape.height, ' ', shape.width, ' ', needed_classes(data), ' ',
                           int{named.numbered}, '\0');
    for (const auto& name : named.class_names) out += name + '\0';
    return out;
}

Summary from_bytes(const std::string& bytes) {
    std::istringstream in(bytes);
    Summary summary;
    in >> summary.samples >> summary.streams >> summary.validates >> summary.shape.channels >> summary.shape.height >>
        summary.shape.width >> summary.needed_classes >> summary.numbered;
    std::string name;
    std::getline(in, name, '\0');
    while (std::getline(in, name, '\0')) summary.class_names.push_back(name);
    return summary;
}

ImageShape common_shape(const std::vector<Summary>& ranks) {
    const auto first = std::find_if(ranks.begin(), ranks.end(), [](const auto& rank) { return rank.samples > 0; });
    if (first == ranks.end()) throw DataError("channel 'train': expected samples, found none on any host.");
    for (const auto& rank : ranks) {
        if (rank.samples == 0 || rank.shape == first->shape) continue;
        throw DataError(text("the hosts hold images of different sizes: ", to_text(first->shape), " and ",
                             to_text(rank.shape), ". Set image_shape so that all are resized to it."));
    }
    return first->shape;
}

// Those of folders: all of them, sorted as a host that held all would have them. Those of a file are the same wherever
// it came to, and keep their order.
std::vector<std::string> common_names(const std::vector<Summary>& ranks) {
    std::vector<std::string> first;
    std::set<std::string> all;
    bool same = true;
    for (const auto& rank : ranks) {
        if (rank.numbered) continue;
        if (first.empty()) first = rank.class_names;
        same = same && first == rank.class_names;
        all.insert(rank.class_names.begin(), rank.class_names.end());
    }
    return same ? first : std::vector<std::string>(all.begin(), all.end());
}

// Names where a rank has any, which label k of the others is the k-th of; else as many numbers as the largest label of
// any rank asks for.
std::vector<std::string> common_classes(const std::vector<Summary>& ranks, std::int64_t num_classes) {
    std::int64_t numbers = 0;
    std::int64_t needed = num_classes;
    for (const auto& rank : ranks) {
        if (rank.numbered) numbers = std::max(numbers, std::ssize(rank.class_names));
        needed = std::max(needed, rank.needed_classes);
    }
    auto names = common_names(ranks);
    if (names.empty()) return numbers_as_names(numbers);
    if (needed <= std::ssize(names) && (num_classes == 0 || num_classes == std::ssize(names))) return names;
    throw DataError(text("channel 'train': expected ", needed, " classes (",
                         num_classes > 0 ? "num_classes" : "the labels of hosts without class names", "), found ",
                         names.size(), " names on all hosts together: ", some_of(names, 12),
                         ". Correct num_classes or the data."));
}

void rename_classes(SampleSet& samples, const std::vector<std::string>& names) {
    if (samples.class_names == names) return;
    if (samples.numbered && largest_label(samples) < std::ssize(names)) {
        samples.class_names = names;
        return;
    }
    std::vector<std::int64_t> places;
    for (const auto& name : samples.class_names) {
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end()) {
            throw DataError(text("the validation channel's class '", name,
                                 "' is in no host's train channel, which have ", names.size(), ": ", some_of(names, 10),
                                 '.'));
        }
        places.push_back(found - names.begin());
    }
    for (auto& label : samples.labels) label = places.at(static_cast<std::size_t>(label));
    samples.class_names = names;
}

void take_shape(SampleSet& samples, const ImageShape& shape) {
    if (samples.size() > 0 && samples.shape != shape) {
        throw DataError(text("expected images of ", to_text(shape), " as in the train channel, found ",
                             to_text(samples.shape), ". Set image_shape so that all are resized to it."));
    }
    samples.shape = shape;
}

// A stream's labels are not here yet to be renamed.
void refuse_to_mix_streams(const std::vector<Summary>& ranks, const std::vector<std::string>& classes) {
    if (std::none_of(ranks.begin(), ranks.end(), [](const auto& rank) { return rank.streams; })) return;
    for (const auto& rank : ranks) {
        if (rank.samples > 0 && !rank.streams) {
            throw ConfigError(
                "some hosts keep the train channel in memory and others stream it, as 'cache' is 'auto'. Set cache to "
                "memory or to none.");
        }
        if (rank.samples > 0 && !rank.numbered && rank.class_names != classes) {
            throw ConfigError(text("the hosts' streams have different classes: ", rank.class_names.size(), " and ",
                                   classes.size(), ". Set num_classes, or use File mode, where they are united."));
        }
    }
}

}  // namespace

void unite(TrainingData& data, std::int64_t num_classes, Communicator& communicator) {
    std::vector<Summary> ranks;
    for (const auto& bytes : gather(communicator, to_bytes(data))) ranks.push_back(from_bytes(bytes));
    const auto shape = common_shape(ranks);
    if (ranks.size() == 1) return;
    const auto classes = common_classes(ranks, num_classes);
    refuse_to_mix_streams(ranks, classes);
    if (data.train.size() > 0 && data.train.class_names.size() != classes.size())
        log_info(text("channel 'train': ", data.train.class_names.size(), " classes on this host, ", classes.size(),
                      " on all hosts"));
    const bool validates = std::any_of(ranks.begin(), ranks.end(), [](const auto& rank) { return rank.validates; });
    if (validates && !data.validation) data.validation.emplace();
    for (auto* set : {&data.train, data.validation ? &*data.validation : nullptr}) {
        if (set == nullptr) continue;
        take_shape(*set, shape);
        rename_classes(*set, classes);
    }
}

}  // namespace tundish
