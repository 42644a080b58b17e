#pragma once

namespace tundish {

/// Which files of a set that keeps test files beside training files (CIFAR, IDX): `evaluation` is the test files when
/// there are any, else all.
enum class DataPart { all, train, test, evaluation };

}  // namespace tundish
