# Third-party libraries from the distribution's packages; scripts/setup installs them.

find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)

# One target for the three OpenCV modules we use; its headers count as system headers. OpenCVConfig.cmake (which a static
# OpenCV of our own needs, see Dockerfile) is part of Debian's libopencv-dev, which brings Qt, VTK and half a gigabyte
# along; without it the three -dev packages are found by hand.
add_library(tundish_opencv INTERFACE)
find_package(OpenCV QUIET COMPONENTS core imgproc imgcodecs)
if(OpenCV_FOUND)
    target_include_directories(tundish_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
    target_link_libraries(tundish_opencv INTERFACE opencv_imgcodecs opencv_imgproc opencv_core)
else()
    find_path(TUNDISH_OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4)
    foreach(module imgcodecs imgproc core)
        find_library(TUNDISH_OPENCV_${module} opencv_${module})
        if(NOT TUNDISH_OPENCV_INCLUDE OR NOT TUNDISH_OPENCV_${module})
            message(FATAL_ERROR "OpenCV: no headers or no libopencv_${module}. Run scripts/setup.")
        endif()
        target_link_libraries(tundish_opencv INTERFACE "${TUNDISH_OPENCV_${module}}")
    endforeach()
    target_include_directories(tundish_opencv SYSTEM INTERFACE "${TUNDISH_OPENCV_INCLUDE}")
endif()

# simdjson reads request bodies. Its header counts as a system header.
add_library(tundish_simdjson INTERFACE)
find_package(simdjson QUIET)
if(TARGET simdjson::simdjson)
    target_link_libraries(tundish_simdjson INTERFACE simdjson::simdjson)
else()
    find_path(TUNDISH_SIMDJSON_INCLUDE simdjson.h)
    find_library(TUNDISH_SIMDJSON_LIBRARY simdjson)
    if(NOT TUNDISH_SIMDJSON_INCLUDE OR NOT TUNDISH_SIMDJSON_LIBRARY)
        message(FATAL_ERROR "simdjson: no header or no library. Run scripts/setup.")
    endif()
    target_include_directories(tundish_simdjson SYSTEM INTERFACE "${TUNDISH_SIMDJSON_INCLUDE}")
    target_link_libraries(tundish_simdjson INTERFACE "${TUNDISH_SIMDJSON_LIBRARY}")
endif()

if(TUNDISH_TESTS)
    find_package(Catch2 REQUIRED)
endif()

# cpp-httplib as Debian builds it: a library whose options are part of its ABI, so they come from its pkg-config file.
find_package(PkgConfig REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
add_library(tundish_httplib INTERFACE)
target_link_libraries(tundish_httplib INTERFACE PkgConfig::httplib)

pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)
add_library(tundish_prometheus INTERFACE)
target_link_libraries(tundish_prometheus INTERFACE PkgConfig::prometheus)
