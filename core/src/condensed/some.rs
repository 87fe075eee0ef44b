//! Some of the cells: those whose rows a filter keeps, and where they stand among all.

use crate::batch::Batch;

/// Cells of some of a batch's rows.
#[derive(Clone, Debug)]
pub struct SomeCells {
    pub(super) cells: Batch,
    /// By the number among all cells: the number among these, or [`NO_PLACE`].
    pub(super) places: Vec<u32>,
    /// A bit a row: those that count; `None` where all rows of these cells do.
    pub(super) kept: Option<Vec<u64>>,
    pub(super) rows: usize,
    /// The weights are without the sessions of flows of which nothing is told.
    pub(super) has_untold_sessions: bool,
}

impl SomeCells {
    /// How many rows they stand for.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }
}

/// At the place of a cell that is left out.
pub(super) const NO_PLACE: u32 = u32::MAX;

/// The place of a cell among those that count, which are at these places.
#[inline(always)]
pub(super) fn place_of(places: Option<&[u32]>, cell: u16) -> Option<usize> {
    let cell = usize::from(cell);
    places.map_or(Some(cell), |places| {
        places.get(cell).filter(|place| **place != NO_PLACE).map(|place| *place as usize)
    })
}
