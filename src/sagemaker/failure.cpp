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

/// The length of the well-formed UTF-8 character at the start of `rest`; 0 when it is damaged.
std::size_t character_length(std::string_view rest) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
    if (byte(0) < 0x80) return 1;
    const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC2 || byte(0) > 0xF4 || rest.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return 0;
    }
    // Longer than needed, surrogates, and beyond U+10FFFF.
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return length;
}

std::string whole_characters(std::string_view value) {
    std::string out;
    while (!value.empty()) {
        const std::size_t length = character_length(value);
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
