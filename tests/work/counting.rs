//! An allocator that counts what one thread asks for.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a job asked the allocator for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// How often.
    pub allocations: usize,
    /// All bytes ever asked for.
    pub total_bytes: usize,
    /// The most bytes in use at one time, beyond those in use before.
    pub peak_bytes: usize,
}

thread_local! {
    static WORK: Cell<Work> = const { Cell::new(Work { allocations: 0, total_bytes: 0, peak_bytes: 0 }) };
    /// Wraps below zero when something older is freed.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator with the arguments it came with; counting allocates nothing. `realloc` is left
// to its default, which holds the old and the new block at one time: growth is counted as the worst case.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.get().saturating_add_unsigned(layout.size());
        LIVE.set(live);
        let work = WORK.get();
        WORK.set(Work {
            allocations: work.allocations + 1,
            total_bytes: work.total_bytes + layout.size(),
            peak_bytes: work.peak_bytes.max(usize::try_from(live).unwrap_or(0)),
        });
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().saturating_sub_unsigned(layout.size()));
        // SAFETY: the block came from the system's allocator, with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Do a job and count what this thread asked for meanwhile.
pub fn count<T>(job: impl FnOnce() -> T) -> (Work, T) {
    LIVE.set(0);
    WORK.set(Work::default());
    let done = job();
    (WORK.get(), done)
}
