#pragma once

namespace tundish {

/// Keeps freed memory in the process. By default glibc gives every freed block above some 128 kB to 32 MB back to the
/// kernel, and each training step pays for the page faults again: at batch 2000 that costs a third of the time
/// (design.md §9, point 1). For training only: a server would keep the memory of its largest requests. Call once,
/// before threads. Does nothing outside glibc.
void keep_freed_memory();

}  // namespace tundish
