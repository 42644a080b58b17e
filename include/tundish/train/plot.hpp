#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tundish/train/epoch_report.hpp"

namespace tundish {

/// [true class][predicted class]: how many samples.
using ConfusionMatrix = std::vector<std::vector<std::int64_t>>;

/// Loss and accuracy over the epochs, side by side, training and validation in one panel each, as the bytes of a PNG
/// (1360 x 500). Values that are not finite leave a gap and are counted below the panel; epochs without validation are
/// bridged. Any length, also none. Any thread.
std::string training_curves_png(const std::vector<EpochReport>& history);

/// The matrix as shaded squares, each row relative to its class's samples, as the bytes of a PNG: with counts and all
/// names for few classes, with every tenth (or so) name for many. Class k is called k where `class_names` is too short.
/// The matrix must be square. Any thread.
std::string confusion_matrix_png(const ConfusionMatrix& matrix, const std::vector<std::string>& class_names);

}  // namespace tundish
