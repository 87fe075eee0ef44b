//! What came before each row in its flow, told once behind reading: then sessions are counted and counters spread without a look
//! at the flow of every row at every change of the filter.
//!
//! Each session of a page finds out about its own rows (`beginPasts`, `findPasts`) and which of its flows others may have too
//! (`bloom`, `shareOutBlooms`, `keepBloom`), one of them about these together (`shareOutPasts`), and each notes it (`keep`,
//! `tellPasts`). Where several have tuples of one flow, they put its times in order
//! in between (`findTimes`, `shareOutTimes`, `keepTimes`). Whoever reads on tells anew.

use crate::packed::Parts;
use crate::session::Session;
use vnetflow_core::aggregate::{FlowPasts, Portion};
use vnetflow_core::condensed::Joined;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// What a session found out about the flows of its rows.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Pasts {
    flows: FlowPasts,
    found_pages: usize,
    timed_pages: usize,
    told_pages: usize,
    /// The cells of the pages that were told.
    joined: Joined,
}

#[wasm_bindgen]
impl Pasts {
    /// Its flows as a Bloom filter of 2^`sizeBits` bits, the same with every session, for `shareOutBlooms`.
    #[must_use]
    pub fn bloom(&self, size_bits: u8) -> Vec<u8> {
        self.flows.bloom(size_bits)
    }

    /// Takes in what `shareOutBlooms` gave to this session: which flows others may have too. The answer is how many flows are told
    /// of in portions.
    #[wasm_bindgen(js_name = keepBloom)]
    pub fn keep_bloom(&mut self, others: &[u8]) -> Result<f64, JsError> {
        Ok(self.flows.keep_bloom(others)? as f64)
    }

    /// What was found about one of so many portions of these flows, for `shareOutPasts`. Portions keep small what it holds at a time.
    #[wasm_bindgen(js_name = toBytes)]
    #[must_use]
    pub fn to_bytes(&self, portion: u16, of: u16) -> Vec<u8> {
        self.flows.to_bytes(Portion { number: portion, of })
    }

    /// Takes in what `shareOutPasts` gave to this session; to be called for all portions, in turn.
    pub fn keep(&mut self, portion: u16, of: u16, share: &[u8]) -> Result<(), JsError> {
        Ok(self.flows.keep(Portion { number: portion, of }, share)?)
    }

    /// True where the times of rows are needed (`findTimes`) before pasts can be told. To be asked behind the last `keep`.
    #[wasm_bindgen(js_name = needsTimes)]
    #[must_use]
    pub fn needs_times(&self) -> bool {
        self.flows.needs_times()
    }

    /// The times that `findTimes` found, for `shareOutTimes`.
    #[wasm_bindgen(js_name = timesToBytes)]
    #[must_use]
    pub fn times_to_bytes(&self) -> Vec<u8> {
        self.flows.times_to_bytes()
    }

    /// Takes in what `shareOutTimes` gave to this session.
    #[wasm_bindgen(js_name = keepTimes)]
    pub fn keep_times(&mut self, share: &[u8]) -> Result<(), JsError> {
        Ok(self.flows.keep_times(share)?)
    }
}

#[wasm_bindgen]
impl Session {
    /// Begins to find what came before rows.
    #[wasm_bindgen(js_name = beginPasts)]
    pub fn begin_pasts(&mut self) -> Pasts {
        self.complete_page();
        let joined = Joined::default();
        Pasts { flows: FlowPasts::new(), found_pages: 0, timed_pages: 0, told_pages: 0, joined }
    }

    /// Takes in one more page; true where there was none.
    #[wasm_bindgen(js_name = findPasts)]
    pub fn find_pasts(&mut self, pasts: &mut Pasts) -> bool {
        let Some(page) = self.pages.get_mut(pasts.found_pages) else { return true };
        page.with(|batch| pasts.flows.add(batch));
        pasts.found_pages += 1;
        false
    }

    /// Takes in the times of one more page; true where there was none.
    #[wasm_bindgen(js_name = findTimes)]
    pub fn find_times(&mut self, pasts: &mut Pasts) -> bool {
        let Some(page) = self.pages.get_mut(pasts.timed_pages) else { return true };
        page.with_parts(Parts::OF_FLOWS, |batch| pasts.flows.add_times(batch));
        pasts.timed_pages += 1;
        false
    }

    /// Notes it at the rows of one more page; true where there was none.
    #[wasm_bindgen(js_name = tellPasts)]
    pub fn tell_pasts(&mut self, pasts: &mut Pasts) -> bool {
        let Some(page) = self.pages.get_mut(pasts.told_pages) else {
            self.views.iter_mut().for_each(|(_, _, view)| view.forget_untold());
            self.joined = core::mem::take(&mut pasts.joined).finish();
            return true;
        };
        let told = page.with_parts(Parts::OF_FLOWS, |batch| pasts.flows.pasts(batch));
        page.tell(told);
        page.join(&mut pasts.joined);
        pasts.told_pages += 1;
        false
    }
}

/// Which flows other sessions may have: every session's Bloom filter comes in, what each keeps goes out in the same order.
#[wasm_bindgen(js_name = shareOutBlooms)]
pub fn share_out_blooms(found: Vec<js_sys::Uint8Array>) -> Result<Vec<js_sys::Uint8Array>, JsError> {
    let blooms: Vec<Vec<u8>> = found.iter().map(js_sys::Uint8Array::to_vec).collect();
    Ok(to_js(&FlowPasts::share_out_blooms(&blooms)?))
}

/// What several sessions have of a portion of flows: what each found comes in, what each keeps goes out in the same order.
#[wasm_bindgen(js_name = shareOutPasts)]
pub fn share_out_pasts(found: Vec<js_sys::Uint8Array>) -> Result<Vec<js_sys::Uint8Array>, JsError> {
    Ok(to_js(&FlowPasts::share_out(found.iter().map(js_sys::Uint8Array::to_vec))?))
}

/// What came before the tuples of shared flows: every session's times come in, what each keeps goes out in the same order.
#[wasm_bindgen(js_name = shareOutTimes)]
pub fn share_out_times(found: Vec<js_sys::Uint8Array>) -> Result<Vec<js_sys::Uint8Array>, JsError> {
    Ok(to_js(&FlowPasts::share_out_times(found.iter().map(js_sys::Uint8Array::to_vec))?))
}

fn to_js(shares: &[Vec<u8>]) -> Vec<js_sys::Uint8Array> {
    shares.iter().map(|share| js_sys::Uint8Array::from(share.as_slice())).collect()
}
