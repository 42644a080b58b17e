# tundish for the CPU: training and inference container in one image. Build it with scripts/image, or
#
#   docker build --platform linux/amd64 -t tundish .
#
#   --build-arg LIBTORCH_VERSION=2.9.1   another LibTorch; scripts/libtorch-2.9.1.lock must pin it (scripts/libtorch-lock makes it)
#   --build-arg PIP_INDEX_URL=…          where pip looks for LibTorch's wheel, as pip's own variable
#   --build-arg TUNDISH_COMMIT=…         what the list of packages names as tundish's own commit
#   --build-arg BASE=debian@sha256:…     the base image of one day; its tag moves, and apt installs the packages of the day
#
# The stages go from what changes rarely to what changes daily, so that a change in src/ compiles tundish and nothing else.
# The image holds what scripts/image-contents finds that the executable needs, and fails where something is missing.

ARG BASE=debian:trixie-slim
ARG LIBTORCH_VERSION=2.10.0

# --- compilers, headers, and the list of what the base image brings ---------------------------------------------------
FROM $BASE AS tools
RUN dpkg-query -W -f '${Package} ${Version}\n' >/base-packages
COPY scripts/packages /src/scripts/
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        $(sed -nE 's/^(all|image) //p' /src/scripts/packages)

# --- OpenCV: three modules and three formats; Debian's own build of them brings GDAL and 400 MB along -----------------
FROM tools AS opencv
COPY scripts/build-opencv /src/scripts/
RUN /src/scripts/build-opencv /opt/opencv

# --- LibTorch from the wheel that the lock pins by hash; what a CPU never loads is thrown away at once ----------------
FROM tools AS libtorch
ARG LIBTORCH_VERSION
ARG PIP_INDEX_URL
# Of the locks only what LIBTORCH_VERSION can mean: the last letter in brackets lets the second one be absent.
COPY scripts/setup scripts/packages scripts/libtorch.lock scripts/libtorch-$LIBTORCH_VERSION.loc[k] /src/scripts/
RUN [ "$(uname -m)" = x86_64 ] \
        || { echo "the pinned LibTorch is for x86-64 and this is $(uname -m): build with --platform linux/amd64, as scripts/image does" >&2; exit 1; }; \
    lock=/src/scripts/libtorch-$LIBTORCH_VERSION.lock; \
    if [ ! -f "$lock" ]; then lock=/src/scripts/libtorch.lock; fi; \
    grep -q "^torch==$LIBTORCH_VERSION " "$lock" \
        || { echo "nothing pins LibTorch $LIBTORCH_VERSION: scripts/libtorch-lock $LIBTORCH_VERSION writes the file that does" >&2; exit 1; }; \
    TUNDISH_LIBTORCH_LOCK=$lock XDG_CACHE_HOME=/opt /src/scripts/setup --libtorch \
    && cd /opt/tundish && mv "libtorch-$LIBTORCH_VERSION" libtorch && cd libtorch/torch/lib \
    && rm -rf libtorch_cuda*.so libtorch_nvshmem.so libc10_cuda.so libcaffe2_nvrtc.so libtorch.so libtorch_global_deps.so \
    && find /opt/tundish -name '*.so*' -type f -exec strip --strip-unneeded {} +

FROM libtorch AS libtorch-parts
COPY scripts/image-contents /src/scripts/
RUN /src/scripts/image-contents collect libtorch --to /image /opt/tundish/libtorch/torch/lib/libtorch_cpu.so

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
    && install -D --strip build/release/src/app/tundish /program/usr/local/bin/tundish \
    && ln -s tundish /program/usr/local/bin/train && ln -s tundish /program/usr/local/bin/serve

FROM build AS parts
COPY scripts/image-contents scripts/
ARG TUNDISH_COMMIT
RUN scripts/image-contents collect debian --to /image --list /program/usr/share/tundish/packages.cdx.json /program/usr/local/bin/tundish \
        --version "$(sed -n 's/^project(tundish VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)" --commit "$TUNDISH_COMMIT" \
    && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
    && install -D -m 644 /opt/opencv/copyright /image/usr/share/doc/opencv/copyright

# --- the image --------------------------------------------------------------------------------------------------------
FROM $BASE
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
COPY --from=libtorch-parts /image /
COPY --from=parts /image /
COPY --from=parts /program /
# The libraries that are here, not those of the build, must be enough.
RUN if ldd /usr/local/bin/tundish | grep 'not found'; then exit 1; fi; tundish --version
ENTRYPOINT ["/usr/local/bin/tundish"]
CMD ["train"]
