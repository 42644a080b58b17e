#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace tundish::testing {

/// A folder of its own under the system's temporary folder, removed at the end of its life.
class TempFolder {
  public:
    TempFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tundish-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + pattern);
        path_ = pattern;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// Writes `content` to `relative`, making folders on the way. Returns the whole path.
    std::filesystem::path write(const std::filesystem::path& relative, const std::string& content) const {
        const auto target = path_ / relative;
        std::filesystem::create_directories(target.parent_path());
        std::ofstream(target, std::ios::binary) << content;
        return target;
    }

    /// The content of `relative`, or an empty string when there is no such file.
    [[nodiscard]] std::string read(const std::filesystem::path& relative) const {
        std::ifstream in(path_ / relative, std::ios::binary);
        std::ostringstream content;
        if (in) content << in.rdbuf();
        return content.str();
    }

  private:
    std::filesystem::path path_;
};

}  // namespace tundish::testing
