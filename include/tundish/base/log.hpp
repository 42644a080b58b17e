#pragma once

#include <string>

/// The log: one line per event on stdout, flushed, as UTF-8 without colour or control characters (CloudWatch would show
/// tab and carriage return as #011 and #015): a blank stands for each, and '?' for a byte that is no UTF-8. Safe to
/// call from any thread. Metric lines go through log_plain(): no prefix, so that the published metric regexes match.
namespace tundish {

enum class LogLevel { debug, info, warning, error };

/// Sets the lowest level that is printed and, for ranks other than 0, the rank shown on each line. May be called again,
/// once more is known; not while other threads log.
void log_setup(LogLevel level, int rank = 0);

void log_debug(const std::string& message);
void log_info(const std::string& message);
void log_warning(const std::string& message);
/// On stderr, whatever the level. The failure file is none of its business: app/main.cpp writes it.
void log_error(const std::string& message);

/// A line as it is, on stdout.
void log_plain(const std::string& line);

}  // namespace tundish
