#include "tundish/base/process_age.hpp"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace tundish {

double process_age_seconds() {
    std::ifstream in("/proc/self/stat");
    std::string stat;
    std::getline(in, stat);
    const auto after_name = stat.rfind(')');  // the program's name is in parentheses and may hold spaces
    if (after_name == std::string::npos) return 0.0;
    std::istringstream fields(stat.substr(after_name + 1));
    std::string field;
    constexpr int kStartTimeField = 20;  // "starttime" of proc(5), counted from the one after the name
    for (int i = 0; i < kStartTimeField; ++i) fields >> field;
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 - std::stod(field) / ticks;
}

}  // namespace tundish
