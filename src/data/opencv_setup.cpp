#include "opencv_setup.hpp"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

namespace tundish {

void set_up_opencv() {
    [[maybe_unused]] static const bool once = [] {
        cv::setNumThreads(1);
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        return true;
    }();
}

}  // namespace tundish
