#include "tundish/sagemaker/failure.hpp"

#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"

#include <cstddef>
#include <exception>
#include <filesystem>

namespace tundish {
namespace {

constexpr std::size_t kFailureBytes = 1024;

std::string whole_characters(std::string_view value) {
    std::string out;
    while (!value.empty()) {
        const std::size_t length = utf8_character_length(value);
        if (length == 0 || value[0] == '\0') {
            out += '?';
        } else {
            out += value.substr(0, length);
        }
        value.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

}  // namespace

std::string failure_text(std::string_view message) {
    // Damaged bytes become one '?' each, so the result never grows, and a cut tail lies beyond the end.
    const std::string whole = whole_characters(trim(message).substr(0, 4 * kFailureBytes));
    return std::string(trim(utf8_prefix(whole, kFailureBytes)));
}

void write_failure(const Paths& paths, std::string_view message) noexcept {
    try {
        if (!std::filesystem::is_directory(paths.root())) return;
        make_folders(paths.output());
        write_file_atomically(paths.failure(), failure_text(message));
    } catch (const std::exception& error) {
        try {
            log_error(text("the failure file could not be written: ", error.what()));
        } catch (...) {  // nothing is left to tell it with
        }
    }
}

void remove_stale_failure(const Paths& paths) noexcept {
    try {
        std::error_code error;
        if (std::filesystem::remove(paths.failure(), error)) log_info("removed the failure file of an earlier run");
        if (error) log_warning(text("cannot remove ", paths.failure().string(), ": ", system_reason(error.value())));
    } catch (...) {  // a stale file is no reason to stop, and logging has just failed
    }
}

}  // namespace tundish
