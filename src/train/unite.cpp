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

// A rank's samples of one kind in a few words; class names may hold anything but a zero byte.
struct Summary {
    std::int64_t samples = 0;
    bool exists = false;
    bool streams = false;
    ImageShape shape;
    std::int64_t needed_classes = 0;  // by labels without names; a stream's may be any of its classes
    bool numbered = false;
    std::vector<std::string> class_names;
};

using Summaries = std::vector<Summary>;  // by rank

std::int64_t needed_classes(const SampleSet& set, bool streams) {
    if (!set.numbered) return 0;
    return streams ? std::ssize(set.class_names) : largest_label(set) + 1;
}

std::string to_bytes(const SampleSet* set, std::int64_t samples, bool streams) {
    if (set == nullptr) return "0 0 0 0 0 0 0 0";
    const auto& shape = set->shape;
    std::string out = text(samples, " 1 ", int{streams}, ' ', shape.channels, ' ', shape.height, ' ', shape.width, ' ',
                           needed_classes(*set, streams), ' ', int{set->numbered}, '\0');
    for (const auto& name : set->class_names) out += name + '\0';
    return out;
}

Summary from_bytes(const std::string& bytes) {
    std::istringstream in(bytes);
    Summary summary;
    in >> summary.samples >> summary.exists >> summary.streams >> summary.shape.channels >> summary.shape.height >>
        summary.shape.width >> summary.needed_classes >> summary.numbered;
    std::string name;
    std::getline(in, name, '\0');
    while (std::getline(in, name, '\0')) summary.class_names.push_back(name);
    return summary;
}

Summaries gather_summaries(Communicator& communicator, const SampleSet* set, std::int64_t samples, bool streams) {
    Summaries ranks;
    for (const auto& bytes : gather(communicator, to_bytes(set, samples, streams))) ranks.push_back(from_bytes(bytes));
    return ranks;
}

bool any_exists(const Summaries& ranks) {
    return std::any_of(ranks.begin(), ranks.end(), [](const auto& rank) { return rank.exists; });
}

void refuse_nothing(const Summaries& ranks, const char* what) {
    if (std::any_of(ranks.begin(), ranks.end(), [](const auto& rank) { return rank.samples > 0; })) return;
    throw DataError(text(what, ": expected samples, found none on any host. Check the channel's S3 prefix."));
}

ImageShape common_shape(const Summaries& train, const Summaries& validation) {
    const auto first = std::find_if(train.begin(), train.end(), [](const auto& rank) { return rank.samples > 0; });
    for (const auto* ranks : {&train, &validation}) {
        for (const auto& rank : *ranks) {
            if (rank.samples == 0 || rank.shape == first->shape) continue;
            throw DataError(text("the hosts hold images of different sizes: ", to_text(first->shape), " and ",
                                 to_text(rank.shape), ". Set image_shape so that all are resized to it."));
        }
    }
    return first->shape;
}

// Those of folders: all of them, sorted as a host that held all would have them. Those of a file are the same wherever
// it came to, and keep their order.
std::vector<std::string> common_names(const Summaries& ranks) {
    std::vector<std::string> first;
    std::set<std::string> all;
    bool same = true;
    for (const auto& rank : ranks) {
        if (rank.numbered) continue;
        if (first.empty()) first = rank.class_names;
        same = same && (rank.class_names.empty() || first == rank.class_names);
        all.insert(rank.class_names.begin(), rank.class_names.end());
    }
    return same ? first : std::vector<std::string>(all.begin(), all.end());
}

// Names where a rank has any, which label k of the others is the k-th of; else as many numbers as the largest label of
// any rank asks for. Of a sharded CIFAR channel the names may have come to a host that only validates.
std::vector<std::string> common_classes(const Summaries& train, const Summaries& validation) {
    if (auto names = common_names(train); !names.empty()) return names;
    if (auto names = common_names(validation); !names.empty()) return names;
    std::int64_t numbers = 0;
    for (const auto& rank : train) numbers = std::max(numbers, std::ssize(rank.class_names));
    return numbers_as_names(numbers);
}

void check_count(const Summaries& train, const std::vector<std::string>& classes, std::int64_t num_classes) {
    std::int64_t needed = 0;
    for (const auto& rank : train) needed = std::max(needed, rank.needed_classes);
    if (needed <= std::ssize(classes) && (num_classes == 0 || num_classes == std::ssize(classes))) return;
    throw DataError(text("channel 'train': expected ", num_classes > 0 ? num_classes : needed, " classes (",
                         num_classes > 0 ? "num_classes" : "the labels of hosts without class names", "), found ",
                         classes.size(), " names on all hosts together: ", some_of(classes, 12),
                         ". Correct num_classes or the data."));
}

// Label k of a rank without names is the k-th name: so there must be one list of names, not a part on each host.
void refuse_labels_beside_folders(const Summaries& train, const std::vector<std::string>& classes) {
    const auto has_labels = [](const auto& rank) { return rank.samples > 0 && rank.numbered; };
    const auto has_other_names = [&](const auto& rank) {
        return !rank.numbered && !rank.class_names.empty() && rank.class_names != classes;
    };
    if (std::none_of(train.begin(), train.end(), has_labels) ||
        std::none_of(train.begin(), train.end(), has_other_names))
        return;
    throw DataError(
        "channel 'train': some hosts' samples are in class folders, and others' have numbers as labels: which number "
        "means which folder is not known. Use one data format for the channel.");
}

void check_validation(const Summaries& validation, const std::vector<std::string>& classes) {
    for (const auto& rank : validation) {
        if (rank.needed_classes > std::ssize(classes)) {
            throw DataError(text("the validation channel has label ", rank.needed_classes - 1, ", outside of 0..",
                                 classes.size() - 1, ", the classes of the train channel."));
        }
        if (rank.numbered) continue;
        for (const auto& name : rank.class_names) {
            if (std::find(classes.begin(), classes.end(), name) != classes.end()) continue;
            throw DataError(text("the validation channel's class '", name,
                                 "' is in no host's train channel, which have ", classes.size(), ": ",
                                 some_of(classes, 10), '.'));
        }
    }
}

// All names are among `names` (check_validation).
void rename_classes(SampleSet& samples, const std::vector<std::string>& names) {
    if (!samples.numbered && samples.class_names != names) {
        std::vector<std::int64_t> places;
        for (const auto& name : samples.class_names)
            places.push_back(std::find(names.begin(), names.end(), name) - names.begin());
        for (auto& label : samples.labels) label = places.at(static_cast<std::size_t>(label));
    }
    samples.class_names = names;
}

// A stream's labels are not here yet to be renamed.
void refuse_to_mix_streams(const Summaries& ranks, const std::vector<std::string>& classes) {
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
    if (communicator.size() == 1) return;
    auto* const own = data.validation ? &*data.validation : nullptr;
    const auto train = gather_summaries(communicator, &data.train, data.train_size(), data.stream != nullptr);
    const auto validation = gather_summaries(communicator, own, own == nullptr ? 0 : own->size(), false);
    refuse_nothing(train, "channel 'train'");
    if (any_exists(validation)) refuse_nothing(validation, "the validation channel");
    const auto shape = common_shape(train, validation);
    const auto classes = common_classes(train, validation);
    check_count(train, classes, num_classes);
    refuse_labels_beside_folders(train, classes);
    refuse_to_mix_streams(train, classes);
    check_validation(validation, classes);
    if (data.train.size() > 0 && data.train.class_names.size() != classes.size())
        log_info(text("channel 'train': ", data.train.class_names.size(), " classes on this host, ", classes.size(),
                      " on all hosts"));
    if (any_exists(validation) && !data.validation) data.validation.emplace();
    for (auto* set : {&data.train, data.validation ? &*data.validation : nullptr}) {
        if (set == nullptr) continue;
        set->shape = shape;
        rename_classes(*set, classes);
    }
}

}  // namespace tundish
