#include "tundish/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%e %l %v";

// The logger is one of the two process-wide objects of the house (the other is the stop flag).
struct Loggers {
    std::shared_ptr<spdlog::logger> lines = make(std::make_shared<spdlog::sinks::stdout_sink_mt>(), kPattern);
    std::shared_ptr<spdlog::logger> errors = make(std::make_shared<spdlog::sinks::stderr_sink_mt>(), kPattern);
    std::shared_ptr<spdlog::logger> plain = make(std::make_shared<spdlog::sinks::stdout_sink_mt>(), "%v");
    std::string rank_prefix;

    static std::shared_ptr<spdlog::logger> make(spdlog::sink_ptr sink, const char* pattern) {
        auto logger = std::make_shared<spdlog::logger>("tundish", std::move(sink));
        logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
        logger->flush_on(spdlog::level::trace);
        return logger;
    }
};

Loggers& loggers() {
    static Loggers instance;
    return instance;
}

// Of U+0000 to U+001F, U+007F, and U+0080 to U+009F, which some terminals obey as well.
bool is_control(std::string_view character) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
    return character.size() == 2 && byte(0) == 0xC2 && byte(1) < 0xA0;
}

// Messages quote what stands in foreign files: of that, too, only what readers of the log can take.
std::string one_line(std::string_view message) {
    std::string line;
    line.reserve(message.size());
    while (!message.empty()) {
        const std::size_t length = utf8_character_length(message);
        const auto character = message.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0) {
            line += '?';
        } else if (is_control(character)) {
            line += ' ';
        } else {
            line += character;
        }
        message.remove_prefix(character.size());
    }
    return line;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

void write(spdlog::logger& logger, LogLevel level, const std::string& message) {
    logger.log(to_spdlog(level), spdlog::string_view_t(loggers().rank_prefix + one_line(message)));
}

}  // namespace

void log_setup(LogLevel level, int rank) {
    loggers().lines->set_level(to_spdlog(level));
    if (rank != 0) loggers().rank_prefix = text("[rank ", rank, "] ");
}

void log_debug(const std::string& message) {
    write(*loggers().lines, LogLevel::debug, message);
}
void log_info(const std::string& message) {
    write(*loggers().lines, LogLevel::info, message);
}
void log_warning(const std::string& message) {
    write(*loggers().lines, LogLevel::warning, message);
}
void log_error(const std::string& message) {
    write(*loggers().errors, LogLevel::error, message);
}

void log_plain(const std::string& line) {
    loggers().plain->info(spdlog::string_view_t(one_line(line)));
}

}  // namespace tundish
