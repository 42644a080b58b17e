#pragma once

#include <string>

/// The log: one line per event on stdout, flushed, without colour, tab or carriage return (CloudWatch would show
/// them as #011 and #015). Safe to call from any thread. Metric lines go through log_plain(): no prefix, so that the
/// published metric regexes match.
namespace tundish {

enum class LogLevel { debug, info, warning, error };

/// Sets the lowest level that is printed and, for ranks other than 0, the rank shown on each line. Call once.
void log_setup(LogLevel level, int rank = 0);

void log_debug(const std::string& message);
void log_info(const std::string& message);
void log_warning(const std::string& message);
/// Errors go to stderr as well as into the failure file.
void log_error(const std::string& message);

/// A line as it is, on stdout.
void log_plain(const std::string& line);

}  // namespace tundish
