# Hand-written imported targets for LibTorch, for any folder that has `include` and `lib`: an unpacked wheel
# (…/torch), a distribution's prefix, or another machine's virtual environment. TorchConfig.cmake is not used: it asks
# for a CUDA compiler and overrides our language standard.
#
#   TUNDISH_LIBTORCH   folder with include/ and lib/     (scripts/setup leaves it at the default place)
#   TUNDISH_NVIDIA     folder of the nvidia wheels beside it (…/nvidia), where libcudart and libcupti lie

if(DEFINED ENV{XDG_CACHE_HOME})
    set(tundish_cache "$ENV{XDG_CACHE_HOME}/tundish")
else()
    set(tundish_cache "$ENV{HOME}/.cache/tundish")
endif()
set(TUNDISH_LIBTORCH "${tundish_cache}/libtorch-2.10.0/torch" CACHE PATH "LibTorch: the folder with include and lib")
get_filename_component(tundish_torch_parent "${TUNDISH_LIBTORCH}" DIRECTORY)
set(TUNDISH_NVIDIA "${tundish_torch_parent}/nvidia" CACHE PATH "The nvidia wheels that LibTorch was built with")

if(NOT EXISTS "${TUNDISH_LIBTORCH}/lib/libtorch_cpu.so")
    message(FATAL_ERROR "LibTorch: no lib/libtorch_cpu.so under ${TUNDISH_LIBTORCH}. "
        "Run scripts/setup, or pass -DTUNDISH_LIBTORCH=<folder with include and lib>.")
endif()

# Every nvidia wheel's lib folder: needed to resolve LibTorch's own dependencies at link and at run time.
file(GLOB tundish_nvidia_libs "${TUNDISH_NVIDIA}/*/lib")
file(GLOB tundish_nvidia_includes "${TUNDISH_NVIDIA}/*/include")

function(tundish_import name file)
    add_library(${name} SHARED IMPORTED GLOBAL)
    set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${file}" IMPORTED_NO_SONAME OFF)
endfunction()

tundish_import(tundish_c10 "${TUNDISH_LIBTORCH}/lib/libc10.so")
tundish_import(tundish_torch_cpu "${TUNDISH_LIBTORCH}/lib/libtorch_cpu.so")

add_library(tundish_torch INTERFACE)
target_include_directories(tundish_torch SYSTEM INTERFACE
    "${TUNDISH_LIBTORCH}/include" "${TUNDISH_LIBTORCH}/include/torch/csrc/api/include")
target_link_libraries(tundish_torch INTERFACE tundish_torch_cpu tundish_c10)

# Our kernels use the OpenMP runtime that LibTorch brings: one pool of threads in the process, not two.
file(GLOB tundish_gomp "${TUNDISH_LIBTORCH}/lib/libgomp*.so*" "${TUNDISH_LIBTORCH}/../torch.libs/libgomp*.so*")
if(tundish_gomp)
    list(GET tundish_gomp 0 tundish_gomp)
    tundish_import(tundish_openmp "${tundish_gomp}")
    target_link_libraries(tundish_torch INTERFACE tundish_openmp)
else()
    target_link_libraries(tundish_torch INTERFACE gomp)
endif()
foreach(folder IN LISTS tundish_nvidia_libs)
    target_link_options(tundish_torch INTERFACE "-Wl,-rpath,${folder}" "-Wl,-rpath-link,${folder}")
endforeach()

if(TUNDISH_CUDA)
    foreach(library torch_cuda c10_cuda)
        tundish_import(tundish_${library} "${TUNDISH_LIBTORCH}/lib/lib${library}.so")
    endforeach()
    find_library(TUNDISH_CUDART NAMES libcudart.so.12 libcudart.so.13 libcudart.so
        PATHS ${tundish_nvidia_libs} NO_DEFAULT_PATH REQUIRED)
    tundish_import(tundish_cudart "${TUNDISH_CUDART}")
    target_compile_definitions(tundish_torch INTERFACE TUNDISH_CUDA=1)
    target_include_directories(tundish_torch SYSTEM INTERFACE ${tundish_nvidia_includes})
    # Nothing in our code names a symbol of libtorch_cuda: without --no-as-needed the linker drops it and CUDA is
    # "not available" at run time. Its own needs (cuBLAS, cuDNN, NCCL …) are found at run time beside it.
    target_link_options(tundish_torch INTERFACE "-Wl,--unresolved-symbols=ignore-in-shared-libs")
    target_link_libraries(tundish_torch INTERFACE
        "-Wl,--no-as-needed" tundish_torch_cuda tundish_c10_cuda "-Wl,--as-needed" tundish_cudart)
endif()
