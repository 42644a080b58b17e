#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// The verbs. Each reads, builds and runs; all throw what went wrong, and main() turns that into an exit code.
namespace tundish {

/// Runs the training job under `root`.
void train_command(const std::filesystem::path& root);

/// Classifies image files with the model in `model_folder`, one line a file on stdout.
void predict_command(const std::filesystem::path& model_folder, const std::vector<std::filesystem::path>& files);

/// Which document `describe` prints.
enum class Document { create_algorithm, hyperparameters, metrics, markdown };

/// Prints one of SageMaker's documents as JSON on stdout.
void describe_command(Document document);

}  // namespace tundish
