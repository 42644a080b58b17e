#pragma once

#include <vector>

namespace tundish {

/// Which files of a set that keeps test files beside training files (CIFAR, IDX): `evaluation` is the test files when
/// there are any, else all.
enum class DataPart { all, train, test, evaluation };

/// What `part` means of such a set, training files first. Any thread.
template <typename File>
std::vector<File> pick_part(const std::vector<File>& train, const std::vector<File>& test, DataPart part) {
    const bool with_train =
        part == DataPart::all || part == DataPart::train || (part == DataPart::evaluation && test.empty());
    std::vector<File> files;
    if (with_train) files = train;
    if (part != DataPart::train) files.insert(files.end(), test.begin(), test.end());
    return files;
}

}  // namespace tundish
