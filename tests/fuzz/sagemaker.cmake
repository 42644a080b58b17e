# Fuzz targets of the sagemaker floor, included by CMakeLists.txt. That floor is not built without LibTorch, and a fuzz
# build has none: its parsers need only the standard library and JSON, so their sources are compiled right here.

add_library(fuzz_sagemaker_parsers STATIC
    "${PROJECT_SOURCE_DIR}/src/data/image.cpp"
    "${PROJECT_SOURCE_DIR}/src/sagemaker/failure.cpp"
    "${PROJECT_SOURCE_DIR}/src/sagemaker/hyperparameter_table.cpp"
    "${PROJECT_SOURCE_DIR}/src/sagemaker/hyperparameter_value.cpp"
    "${PROJECT_SOURCE_DIR}/src/sagemaker/hyperparameters.cpp"
    "${PROJECT_SOURCE_DIR}/src/sagemaker/input_data_config.cpp"
    "${PROJECT_SOURCE_DIR}/src/sagemaker/json_file.cpp"
    "${PROJECT_SOURCE_DIR}/src/sagemaker/paths.cpp"
    "${PROJECT_SOURCE_DIR}/src/sagemaker/resource_config.cpp"
    "${PROJECT_SOURCE_DIR}/src/train/options.cpp")
target_link_libraries(fuzz_sagemaker_parsers PUBLIC tundish::base PRIVATE tundish_warnings nlohmann_json::nlohmann_json)
target_compile_options(fuzz_sagemaker_parsers PRIVATE -fsanitize=fuzzer-no-link)

foreach(target hyperparameters input_data_config resource_config)
    add_executable(fuzz_${target} "${CMAKE_CURRENT_LIST_DIR}/fuzz_${target}.cpp")
    target_include_directories(fuzz_${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(fuzz_${target} PRIVATE fuzz_sagemaker_parsers tundish_warnings)
    target_compile_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
endforeach()
