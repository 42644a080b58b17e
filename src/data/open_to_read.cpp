#include "open_to_read.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

#include <cerrno>
#include <fcntl.h>

namespace tundish {

UniqueFd open_to_read(const std::filesystem::path& path, const std::string& what) {
    while (true) {
        UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (fd || errno != EINTR) return fd;
        if (stop_requested()) throw Stopped(text("reading ", what));
    }
}

}  // namespace tundish
