//! Memory for columns in large pages, kept for the next table.
//!
//! A table of millions of rows is hundreds of megabytes that are touched once. In pages of 4 KiB the system's work of
//! handing them out costs as much as decoding; Linux gives pages of 2 MiB where it is asked to. Even so it clears each
//! of them first, so some large blocks that were given back wait here for the next batch or table. The system may take
//! their content where it runs short.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;

/// Size of a large page.
const LARGE_PAGE_BYTES: usize = 2 << 20;

/// Smaller blocks keep to small pages: batches that are folded into aggregates stay below, so that a summary's memory
/// does not grow by half-used large pages.
const LARGE_BLOCK_BYTES: usize = LARGE_PAGE_BYTES;

/// Most bytes that wait for their next use: the columns of about two million tuples.
const MOST_KEPT_BYTES: usize = 256 << 20;

/// Most blocks that wait.
const MOST_KEPT_BLOCKS: usize = 256;

/// The system's allocator, with large pages for large blocks.
pub(crate) struct LargePages;

/// The layout that the system is asked for: a large block is made of whole large pages.
fn rounded(layout: Layout) -> Layout {
    if layout.size() < LARGE_BLOCK_BYTES {
        return layout;
    }
    let pages = layout.align_to(LARGE_PAGE_BYTES).map(|layout| layout.pad_to_align());
    pages.unwrap_or(layout)
}

/// What may be told to the system about a large block.
#[derive(Clone, Copy)]
enum Advice {
    /// It shall come in large pages.
    LargePages,
    /// Its content is no longer wanted.
    Free,
}

/// Tells the system; it is a hint, so nothing hangs on the answer.
#[expect(unsafe_code, reason = "advice to the system about memory is a call into C")]
fn advise(block: *mut u8, bytes: usize, advice: Advice) {
    #[cfg(target_os = "linux")]
    if !block.is_null() && bytes >= LARGE_BLOCK_BYTES {
        let advice = match advice {
            Advice::LargePages => libc::MADV_HUGEPAGE,
            Advice::Free => libc::MADV_FREE,
        };
        // SAFETY: the whole block was handed out with this size, and is nobody's where its content may go.
        unsafe { libc::madvise(block.cast(), bytes, advice) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (block, bytes, advice);
}

/// Blocks that wait for their next use, the oldest first: place and layout.
struct Kept {
    blocks: [(usize, Layout); MOST_KEPT_BLOCKS],
    used: usize,
    bytes: usize,
}

/// Never waited for: where another thread looks, the system is asked instead. So a process that was forked meanwhile,
/// in which that thread does not exist, goes on as well.
static KEPT: Mutex<Kept> =
    Mutex::new(Kept { blocks: [(0, Layout::new::<u8>()); MOST_KEPT_BLOCKS], used: 0, bytes: 0 });

impl Kept {
    fn remove(&mut self, place: usize) -> Option<(usize, Layout)> {
        let used = self.blocks.get_mut(place..self.used)?;
        let found = *used.first()?;
        used.rotate_left(1);
        self.used -= 1;
        self.bytes -= found.1.size();
        Some(found)
    }

    /// A block of exactly this layout.
    fn take(&mut self, layout: Layout) -> Option<usize> {
        let mut waiting = self.blocks.iter().take(self.used);
        let place = waiting.position(|(_, kept)| *kept == layout)?;
        self.remove(place).map(|(block, _)| block)
    }

    /// Keeps a block; gives the one that has to make room for it, to be asked for until there is none.
    fn make_room(&mut self, layout: Layout) -> Option<(usize, Layout)> {
        let is_full = self.used == MOST_KEPT_BLOCKS || self.bytes + layout.size() > MOST_KEPT_BYTES;
        if is_full { self.remove(0) } else { None }
    }

    fn keep(&mut self, block: usize, layout: Layout) {
        if let Some(place) = self.blocks.get_mut(self.used) {
            *place = (block, layout);
            self.used += 1;
            self.bytes += layout.size();
        }
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every call is handed to the system's allocator with a layout that depends on the caller's alone, so a block is
// given back with the layout it was taken with; more bytes and a larger alignment than asked for are allowed. A block
// that waits belongs to nobody else: it was given back, and is handed out once.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let layout = rounded(layout);
        if layout.size() < LARGE_BLOCK_BYTES {
            return unsafe { System.alloc(layout) };
        }
        let kept = KEPT.try_lock().ok().and_then(|mut kept| kept.take(layout));
        if let Some(block) = kept {
            return std::ptr::with_exposed_provenance_mut(block);
        }
        let block = unsafe { System.alloc(layout) };
        advise(block, layout.size(), Advice::LargePages);
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // Fresh pages are zero already.
        let layout = rounded(layout);
        let block = unsafe { System.alloc_zeroed(layout) };
        advise(block, layout.size(), Advice::LargePages);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let layout = rounded(layout);
        if layout.size() < LARGE_BLOCK_BYTES || layout.size() > MOST_KEPT_BYTES {
            return unsafe { System.dealloc(block, layout) };
        }
        let Ok(mut kept) = KEPT.try_lock() else { return unsafe { System.dealloc(block, layout) } };
        advise(block, layout.size(), Advice::Free);
        while let Some((oldest, its_layout)) = kept.make_room(layout) {
            unsafe { System.dealloc(std::ptr::with_exposed_provenance_mut(oldest), its_layout) };
        }
        kept.keep(block.expose_provenance(), layout);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.size().max(new_size) < LARGE_BLOCK_BYTES {
            return unsafe { System.realloc(block, layout, new_size) };
        }
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        if rounded(new_layout) == rounded(layout) {
            return block;
        }
        // The alignment may differ on both sides of the border, so the block moves by hand.
        let new_block = unsafe { self.alloc(new_layout) };
        if !new_block.is_null() {
            unsafe {
                block.copy_to_nonoverlapping(new_block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
        }
        new_block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(count: usize) -> Layout {
        rounded(Layout::from_size_align(count * LARGE_PAGE_BYTES - 5, 8).unwrap())
    }

    fn none() -> Kept {
        Kept { blocks: [(0, Layout::new::<u8>()); MOST_KEPT_BLOCKS], used: 0, bytes: 0 }
    }

    #[test]
    fn a_block_serves_whoever_asks_for_as_many_pages() {
        let mut kept = none();
        kept.keep(1, pages(2));
        kept.keep(2, pages(3));
        assert_eq!((kept.take(pages(4)), kept.take(pages(3)), kept.take(pages(3))), (None, Some(2), None));
        assert_eq!((kept.used, kept.bytes), (1, 2 * LARGE_PAGE_BYTES));
    }

    #[test]
    fn the_oldest_makes_room_for_the_newest() {
        let mut kept = none();
        let whole = MOST_KEPT_BYTES / LARGE_PAGE_BYTES;
        kept.keep(1, pages(whole / 2));
        kept.keep(2, pages(whole / 2));
        assert_eq!(kept.make_room(pages(1)).map(|(block, _)| block), Some(1));
        assert_eq!(kept.make_room(pages(1)), None);
    }

    #[test]
    fn a_table_that_grows_keeps_its_rows() {
        let mut rows: Vec<u64> = Vec::new();
        rows.extend(0..3_000_000);
        rows.shrink_to_fit();
        rows.extend(0..10);
        let sum: u64 = rows.iter().sum();
        assert_eq!(sum, 3_000_000 * 2_999_999 / 2 + 45);
    }
}
