#include <algorithm>
#include <numeric>
#include <vector>

#include "tundish/app/commands.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/model/device.hpp"
#include "tundish/model/predictor.hpp"

namespace tundish {
namespace {

constexpr std::size_t kShown = 3;

// "cat 0.8731, dog 0.1012, frog 0.0102"
std::string best_classes(const std::vector<double>& probabilities, const std::vector<std::string>& names) {
    std::vector<std::size_t> order(probabilities.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return probabilities[a] > probabilities[b]; });
    order.resize(std::min(order.size(), kShown));
    std::vector<std::string> shown;
    for (const std::size_t index : order) shown.push_back(text(names.at(index), ' ', fixed(probabilities[index], 4)));
    return join(shown, ", ");
}

Image read_image(const std::filesystem::path& file, int channels) {
    if (!std::filesystem::exists(file)) throw DataError(text("no file ", file.string()));
    try {
        return decode_image(as_bytes(read_file(file)), channels);
    } catch (const DataError& error) {
        throw DataError(text(file.string(), ": ", error.what()));
    }
}

void predict_file(const Predictor& predictor, const std::filesystem::path& file) {
    const auto probabilities = predictor.predict(read_image(file, predictor.config().input.channels));
    log_plain(text(file.string(), ": ", best_classes(probabilities, predictor.config().class_names)));
}

// What the other files had to say stays in sight above.
[[noreturn]] void refuse(const std::vector<Error>& problems, std::size_t files) {
    if (files == 1) throw problems.front();
    const bool machine = std::any_of(problems.begin(), problems.end(),
                                     [](const Error& problem) { return problem.blame() == Blame::machine; });
    throw Error(
        machine ? Blame::machine : Blame::user,
        text(problems.size(), " of ", files, " files could not be classified; what is wrong with each is said above"));
}

}  // namespace

// One bad file among many is no reason to leave the others unanswered.
void predict_command(const std::filesystem::path& model_folder, const std::vector<std::filesystem::path>& files) {
    set_up_device(at::kCPU, /*threads=*/0, /*deterministic=*/false);
    const Predictor predictor(model_folder);
    std::vector<Error> problems;
    for (const auto& file : files) {
        try {
            predict_file(predictor, file);
        } catch (const Error& error) {
            problems.push_back(error);
            if (files.size() > 1) log_error(error.what());
        }
    }
    if (!problems.empty()) refuse(problems, files.size());
}

}  // namespace tundish
