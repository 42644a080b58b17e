// OpenCV registers GDAL, where the distribution built it in, and GDAL takes its own locks in two orders while it
// starts. The name is ThreadSanitizer's; other builds do not call it.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
    return "deadlock:libgdal";
}
