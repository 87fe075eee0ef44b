//! Memory for columns in large pages.
//!
//! A table of millions of rows is hundreds of megabytes that are touched once. In pages of 4 KiB the system's work of
//! handing them out costs as much as decoding; Linux gives pages of 2 MiB where it is asked to.

use std::alloc::{GlobalAlloc, Layout, System};

/// Size of a large page.
const LARGE_PAGE_BYTES: usize = 2 << 20;

/// Smaller blocks keep to small pages: batches that are folded into aggregates stay below, so that a summary's memory
/// does not grow by half-used large pages.
const LARGE_BLOCK_BYTES: usize = LARGE_PAGE_BYTES;

/// The system's allocator, with large pages for large blocks.
pub(crate) struct LargePages;

/// A large block starts where a large page does.
fn aligned(layout: Layout) -> Layout {
    if layout.size() < LARGE_BLOCK_BYTES {
        return layout;
    }
    layout.align_to(LARGE_PAGE_BYTES).unwrap_or(layout)
}

/// Asks for large pages; it is a hint, so nothing hangs on the answer.
#[expect(unsafe_code, reason = "advice to the system about memory is a call into C")]
fn advise(block: *mut u8, bytes: usize) {
    #[cfg(target_os = "linux")]
    if !block.is_null() && bytes >= LARGE_BLOCK_BYTES {
        // SAFETY: the block was just handed out with this size; the advice changes no content.
        unsafe { libc::madvise(block.cast(), bytes, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (block, bytes);
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every call is handed to the system's allocator with a layout that depends on the caller's alone, so a block is
// given back with the layout it was taken with; a larger alignment than asked for is allowed.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = unsafe { System.alloc(aligned(layout)) };
        advise(block, layout.size());
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let block = unsafe { System.alloc_zeroed(aligned(layout)) };
        advise(block, layout.size());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, aligned(layout)) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.size().max(new_size) < LARGE_BLOCK_BYTES {
            return unsafe { System.realloc(block, layout, new_size) };
        }
        // The alignment may differ on both sides of the border, so the block moves by hand.
        let new_block = unsafe { self.alloc(Layout::from_size_align_unchecked(new_size, layout.align())) };
        if !new_block.is_null() {
            unsafe {
                block.copy_to_nonoverlapping(new_block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
        }
        new_block
    }
}
