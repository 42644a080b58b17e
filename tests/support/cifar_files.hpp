#pragma once

#include "support/temp_folder.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tundish::testing {

/// The byte at `position` of the pixels of record `record`: different for neighbours, the same in every run.
inline std::uint8_t cifar_pixel(std::int64_t record, std::int64_t position) {
    return static_cast<std::uint8_t>((record * 31 + position * 7 + position / 32) % 256);
}

/// One CIFAR-10 record, or a CIFAR-100 one when `coarse` is not negative.
inline std::string cifar_record(int label, std::int64_t record, int coarse = -1) {
    std::string bytes;
    if (coarse >= 0) bytes += static_cast<char>(coarse);
    bytes += static_cast<char>(label);
    for (std::int64_t i = 0; i < 3072; ++i) bytes += static_cast<char>(cifar_pixel(record, i));
    return bytes;
}

/// `count` records, labels (first + i) % classes, pixels as of record first + i.
inline std::string cifar_records(std::int64_t first, std::int64_t count, int classes = 10, bool with_coarse = false) {
    std::string bytes;
    for (std::int64_t i = first; i < first + count; ++i) {
        bytes += cifar_record(static_cast<int>(i % classes), i, with_coarse ? static_cast<int>(i % 20) : -1);
    }
    return bytes;
}

inline const std::vector<std::string>& cifar10_names() {
    static const std::vector<std::string> names{"airplane", "automobile", "bird",  "cat",  "deer",
                                                "dog",      "frog",       "horse", "ship", "truck"};
    return names;
}

/// The official binary version's folder: data_batch_1.bin … data_batch_<batches>.bin, test_batch.bin,
/// batches.meta.txt and readme.html, with `per_batch` records a file. Training records count from 0, the test
/// file's from 1,000,000.
inline void write_cifar10(const TempFolder& folder, const std::string& below, int batches, std::int64_t per_batch) {
    const std::string base = below.empty() ? "" : below + "/";
    for (int batch = 0; batch < batches; ++batch) {
        folder.write(base + "data_batch_" + std::to_string(batch + 1) + ".bin",
                     cifar_records(batch * per_batch, per_batch));
    }
    folder.write(base + "test_batch.bin", cifar_records(1'000'000, per_batch));
    std::string names;
    for (const auto& name : cifar10_names()) names += name + "\n";
    folder.write(base + "batches.meta.txt", names + "\n");
    folder.write(base + "readme.html", "<html></html>");
}

/// train.bin, test.bin, fine_label_names.txt ("fine0" … "fine99") and coarse_label_names.txt, with `count`
/// records a file.
inline void write_cifar100(const TempFolder& folder, const std::string& below, std::int64_t count) {
    const std::string base = below.empty() ? "" : below + "/";
    folder.write(base + "train.bin", cifar_records(0, count, 100, true));
    folder.write(base + "test.bin", cifar_records(1'000'000, count, 100, true));
    std::string fine;
    for (int i = 0; i < 100; ++i) fine += "fine" + std::to_string(i) + "\n";
    folder.write(base + "fine_label_names.txt", fine);
    folder.write(base + "coarse_label_names.txt", "a\nb\n");
}

}  // namespace tundish::testing
