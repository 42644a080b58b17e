# The fuzz targets as a plain test: every file in corpus/<target> goes through the function of that name, with any
# compiler and without libFuzzer. Included by ../CMakeLists.txt.

set(targets accept cifar csv_request gzip idx image json_request label lst mxnet_record npy recordio request stream_chunks tf_example tfrecord)
set(libraries tundish::serve_payload tundish::data tundish_opencv ZLIB::ZLIB)
if(TUNDISH_TORCH)
    list(APPEND targets hyperparameters input_data_config resource_config)
    list(APPEND libraries tundish::sagemaker nlohmann_json::nlohmann_json)
endif()

set(sources fuzz/corpus_test.cpp)
set(all_targets)
foreach(target IN LISTS targets)
    list(APPEND sources fuzz/fuzz_${target}.cpp)
    set_source_files_properties(fuzz/fuzz_${target}.cpp PROPERTIES
        COMPILE_DEFINITIONS "LLVMFuzzerTestOneInput=fuzz_${target};LLVMFuzzerCustomMutator=mutate_${target}")
    string(APPEND all_targets "X(${target})")
endforeach()
tundish_test(unit_fuzz_corpus LABEL unit SOURCES ${sources} DEPENDS ${libraries})
target_compile_definitions(unit_fuzz_corpus PRIVATE "TUNDISH_FUZZ_TARGETS=${all_targets}"
    "TUNDISH_FUZZ_CORPUS=\"${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus\"")
