# Fuzz targets of the serve floor's parsers, included by CMakeLists.txt.
foreach(target accept csv_request json_request npy request)
    add_executable(fuzz_${target} "${CMAKE_CURRENT_LIST_DIR}/fuzz_${target}.cpp")
    target_include_directories(fuzz_${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(fuzz_${target} PRIVATE tundish::serve_payload tundish_warnings)
    target_compile_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
endforeach()
