//! Where sessions start whose begin is not in the data, told once behind reading: then `conversations` counts sessions of cells
//! and need not look up the flow of every row at every change of the filter.
//!
//! Each session of a page finds its own (`beginStarts`, `findStarts`); one of them decides who has which (`shareOutStarts`);
//! each marks its rows (`keep`, `markStarts`). Whoever reads on tells anew.

use crate::session::Session;
use vnetflow_core::aggregate::SessionStarts;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// The starts that a session found.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Starts {
    known: SessionStarts,
    found_pages: usize,
    marked_pages: usize,
}

#[wasm_bindgen]
impl Starts {
    /// All that was found, for `shareOutStarts`.
    #[wasm_bindgen(js_name = toBytes)]
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.known.to_bytes()
    }

    /// Keeps what `shareOutStarts` gave to this session.
    pub fn keep(&mut self, share: &[u8]) {
        self.known.keep(share);
    }
}

#[wasm_bindgen]
impl Session {
    /// Begins to find starts.
    #[wasm_bindgen(js_name = beginStarts)]
    pub fn begin_starts(&mut self) -> Starts {
        self.complete_page();
        Starts { known: SessionStarts::new(), found_pages: 0, marked_pages: 0 }
    }

    /// Finds those of one more page; true where there was none.
    #[wasm_bindgen(js_name = findStarts)]
    pub fn find_starts(&mut self, starts: &mut Starts) -> bool {
        let Some(page) = self.pages.get_mut(starts.found_pages) else { return true };
        page.with(|batch| starts.known.add(batch));
        starts.found_pages += 1;
        false
    }

    /// Marks those of one more page; true where there was none.
    #[wasm_bindgen(js_name = markStarts)]
    pub fn mark_starts(&mut self, starts: &mut Starts) -> bool {
        let Some(page) = self.pages.get_mut(starts.marked_pages) else {
            self.views.iter_mut().for_each(|(_, _, view)| view.forget_sessions());
            return true;
        };
        let marked = page.with(|batch| starts.known.mark(batch));
        page.tell_sessions(marked);
        starts.marked_pages += 1;
        false
    }
}

/// Decides which session has the start of each flow: what each found comes in, what each keeps goes out in the same order.
#[wasm_bindgen(js_name = shareOutStarts)]
pub fn share_out_starts(found: Vec<js_sys::Uint8Array>) -> Result<Vec<js_sys::Uint8Array>, JsError> {
    let found: Vec<Vec<u8>> = found.iter().map(js_sys::Uint8Array::to_vec).collect();
    let shares = SessionStarts::share_out(&found)?;
    Ok(shares.iter().map(|share| js_sys::Uint8Array::from(share.as_slice())).collect())
}
