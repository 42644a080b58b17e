#include "tundish/sagemaker/paths.hpp"

#include <algorithm>
#include <cstdlib>

namespace tundish {
namespace {

const std::filesystem::path kPlatformRoot = "/opt/ml";

/// The variable's value; the empty string when it is not set.
std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

std::filesystem::path Paths::sagemaker_metrics() const {
    const std::string told = environment("SAGEMAKER_METRICS_DIRECTORY");
    return told.empty() ? output() / "metrics" / "sagemaker" : std::filesystem::path(told);
}

std::filesystem::path Paths::moved(const std::filesystem::path& configured) const {
    if (configured.is_relative()) return (root_ / configured).lexically_normal();
    const auto normal = configured.lexically_normal();
    const auto [platform, rest] =
        std::mismatch(kPlatformRoot.begin(), kPlatformRoot.end(), normal.begin(), normal.end());
    if (platform != kPlatformRoot.end()) return normal;
    std::filesystem::path result = root_;
    for (auto part = rest; part != normal.end(); ++part) result /= *part;
    return result;
}

std::filesystem::path default_root() {
    const std::string told = environment("SAGEMAKER_BASE_DIR");
    return told.empty() ? kPlatformRoot : std::filesystem::path(told);
}

}  // namespace tundish
