# tundish for the CPU: training and inference container in one image. Build it with scripts/image, or
#
#   docker build -t tundish .
#
#   --build-arg LIBTORCH_VERSION=2.9.1   another LibTorch; scripts/libtorch-2.9.1.lock must pin it (scripts/libtorch-lock makes it)
#   --build-arg PIP_INDEX_URL=…          where pip looks for LibTorch's wheel, as pip's own variable
#
# The stages go from what changes rarely to what changes daily, so that a change in src/ compiles tundish and nothing else.
# The image holds what scripts/image-contents finds that the executable needs, and fails where something is missing.

# --- compilers, headers, and the list of what the base image brings ---------------------------------------------------
FROM debian:trixie-slim AS tools
RUN dpkg-query -W -f '${Package} ${Version}\n' >/base-packages
COPY scripts/setup scripts/libtorch.lock /src/scripts/
RUN /src/scripts/setup --image

# --- OpenCV: three modules and three formats; Debian's own build of them brings GDAL and 400 MB along -----------------
FROM tools AS opencv
WORKDIR /opencv
# The archives and the patches, which apt checks against Debian's signed index, are unpacked by hand, so that no .dsc is needed.
# The build's own description of itself, which ends up in the executable, must not name the day or the machine.
RUN find /etc/apt -name '*.sources' -exec sed -i 's/^Types: deb$/Types: deb deb-src/' {} + \
    && if [ -s /etc/apt/sources.list ]; then sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >/etc/apt/sources.list.d/src.list; fi \
    && apt-get update -q && apt-get source -q --tar-only --download-only opencv && apt-get source -q --diff-only --download-only opencv \
    && mkdir source && tar -C source --strip-components=1 -xf opencv_*.orig.tar.* && tar -C source -xf opencv_*.debian.tar.* \
    && cd source && sed 's/ *#.*//; /^$/d' debian/patches/series | while read -r patch; do patch -p1 --forward -s -i "debian/patches/$patch" || exit 1; done \
    && cd .. \
    && cmake -G Ninja -S source -B build -Wno-dev -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/opt/opencv \
        -DCMAKE_CXX_FLAGS=-ffile-prefix-map=/opencv=. -DCMAKE_C_FLAGS=-ffile-prefix-map=/opencv=. \
        -DBUILD_INFO_SKIP_TIMESTAMP=ON -DBUILD_INFO_SKIP_SYSTEM_VERSION=ON -DBUILD_INFO_SKIP_EXTRA_MODULES=ON \
        -DBUILD_SHARED_LIBS=OFF -DBUILD_LIST=core,imgproc,imgcodecs -DCPU_DISPATCH=AVX2 \
        -DWITH_JPEG=ON -DWITH_PNG=ON -DWITH_WEBP=ON -DBUILD_ZLIB=OFF \
        -DWITH_TIFF=OFF -DWITH_JASPER=OFF -DWITH_OPENJPEG=OFF -DWITH_OPENEXR=OFF -DWITH_GDAL=OFF -DWITH_GDCM=OFF \
        -DWITH_IMGCODEC_HDR=OFF -DWITH_IMGCODEC_SUNRASTER=OFF -DWITH_IMGCODEC_PXM=OFF -DWITH_IMGCODEC_PFM=OFF \
        -DWITH_OPENCL=OFF -DWITH_IPP=OFF -DWITH_ITT=OFF -DBUILD_ITT=OFF -DWITH_LAPACK=OFF -DWITH_EIGEN=OFF -DWITH_TBB=OFF \
        -DWITH_OPENMP=OFF -DWITH_PROTOBUF=OFF -DWITH_ADE=OFF -DWITH_QUIRC=OFF -DWITH_VA=OFF -DWITH_GTK=OFF -DWITH_FFMPEG=OFF \
        -DWITH_GSTREAMER=OFF -DWITH_V4L=OFF -DWITH_1394=OFF -DWITH_VULKAN=OFF \
        -DBUILD_TESTS=OFF -DBUILD_PERF_TESTS=OFF -DBUILD_EXAMPLES=OFF -DBUILD_opencv_apps=OFF -DBUILD_JAVA=OFF \
        -DBUILD_opencv_python3=OFF -DBUILD_opencv_python2=OFF \
    && cmake --build build && cmake --install build \
    && dpkg-parsechangelog -l source/debian/changelog -S Version >/opt/opencv/debian-version \
    && cp source/debian/copyright /opt/opencv/copyright && rm -rf /opencv/*

# --- LibTorch from the wheel that the lock pins by hash; what a CPU never loads is thrown away at once ----------------
FROM tools AS libtorch
ARG LIBTORCH_VERSION=2.10.0
ARG PIP_INDEX_URL
COPY scripts/libtorch*.lock /src/scripts/
RUN lock=/src/scripts/libtorch-$LIBTORCH_VERSION.lock; \
    if [ ! -f "$lock" ]; then lock=/src/scripts/libtorch.lock; fi; \
    grep -q "^torch==$LIBTORCH_VERSION " "$lock" \
        || { echo "nothing pins LibTorch $LIBTORCH_VERSION: scripts/libtorch-lock $LIBTORCH_VERSION writes the file that does" >&2; exit 1; }; \
    TUNDISH_LIBTORCH_LOCK=$lock XDG_CACHE_HOME=/opt /src/scripts/setup --libtorch \
    && cd /opt/tundish && mv "libtorch-$LIBTORCH_VERSION" libtorch && cd libtorch/torch/lib \
    && rm -rf libtorch_cuda*.so libtorch_nvshmem.so libc10_cuda.so libcaffe2_nvrtc.so libtorch.so libtorch_global_deps.so \
    && find /opt/tundish -name '*.so*' -type f -exec strip --strip-unneeded {} +
COPY scripts/image-contents /src/scripts/
RUN /src/scripts/image-contents collect --to /image /opt/tundish/libtorch/torch/lib/libtorch_cpu.so

# --- tundish ----------------------------------------------------------------------------------------------------------
FROM libtorch AS build
COPY --from=opencv /opt/opencv /opt/opencv
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY scripts/build scripts/
COPY scripts/cmake scripts/cmake
COPY include include
COPY src src
ARG TUNDISH_JOBS
RUN scripts/build --no-setup release -DOpenCV_DIR=/opt/opencv/lib/cmake/opencv4 -DTUNDISH_LIBTORCH=/opt/tundish/libtorch/torch \
        -DTUNDISH_WARNINGS_AS_ERRORS=OFF -DCMAKE_CXX_COMPILER_LAUNCHER= -DCMAKE_CXX_FLAGS=-ffile-prefix-map=/src=. \
    && install -D --strip build/release/src/app/tundish /image-program/usr/local/bin/tundish \
    && ln -s tundish /image-program/usr/local/bin/train && ln -s tundish /image-program/usr/local/bin/serve
RUN scripts/image-contents collect --except /image --to /image-libraries --list /image-program/usr/share/tundish/packages.cdx.json \
        /image-program/usr/local/bin/tundish

# --- the image --------------------------------------------------------------------------------------------------------
FROM debian:trixie-slim
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
COPY --from=libtorch /image /
COPY --from=build /image-libraries /
COPY --from=build /image-program /
# The libraries that are here, not those of the build, must be enough.
RUN if ldd /usr/local/bin/tundish | grep 'not found'; then exit 1; fi; tundish --version
ENTRYPOINT ["/usr/local/bin/tundish"]
CMD ["train"]
