#pragma once

namespace tundish {

/// Keeps freed memory in the process. By default glibc gives every freed block above some 128 kB to 32 MB back to the
/// kernel, and each training step pays for the page faults again: at batch 2000 that costs a third of the time
/// (design.md §9, point 1). For training only: a server would keep the memory of its largest requests. Call once,
/// before threads. Does nothing outside glibc.
void keep_freed_memory();

/// What a thread frees is there for the others. By default glibc has eight arenas for each processor, and each keeps up
/// to 64 MB that were freed in it: what threads hold together says nothing then of what the process holds. One for each
/// processor then. Call once, before threads that take large blocks. Does nothing outside glibc.
void share_freed_memory();

/// Gives all that is free back to the kernel after all, whichever thread freed it. Takes up to some milliseconds, in
/// which others may wait for memory. Any thread. Does nothing outside glibc.
void return_freed_memory();

}  // namespace tundish
