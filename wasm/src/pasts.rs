//! What came before each row in its flow, told once behind reading: then sessions are counted and counters spread without a look
//! at the flow of every row at every change of the filter.
//!
//! Each session of a page finds out about its own rows (`beginPasts`, `findPasts`), one of them about all together
//! (`shareOutPasts`), and each notes it (`keep`, `tellPasts`). Whoever reads on tells anew.

use crate::session::Session;
use vnetflow_core::aggregate::FlowPasts;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// What a session found out about the flows of its rows.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Pasts {
    flows: FlowPasts,
    found_pages: usize,
    told_pages: usize,
}

#[wasm_bindgen]
impl Pasts {
    /// All that was found, for `shareOutPasts`.
    #[wasm_bindgen(js_name = toBytes)]
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.flows.to_bytes()
    }

    /// Takes in what `shareOutPasts` gave to this session.
    pub fn keep(&mut self, share: &[u8]) {
        self.flows.keep(share);
    }
}

#[wasm_bindgen]
impl Session {
    /// Begins to find what came before rows.
    #[wasm_bindgen(js_name = beginPasts)]
    pub fn begin_pasts(&mut self) -> Pasts {
        self.complete_page();
        Pasts { flows: FlowPasts::new(), found_pages: 0, told_pages: 0 }
    }

    /// Takes in one more page; true where there was none.
    #[wasm_bindgen(js_name = findPasts)]
    pub fn find_pasts(&mut self, pasts: &mut Pasts) -> bool {
        let Some(page) = self.pages.get_mut(pasts.found_pages) else { return true };
        page.with(|batch| pasts.flows.add(batch));
        pasts.found_pages += 1;
        false
    }

    /// Notes it at the rows of one more page; true where there was none.
    #[wasm_bindgen(js_name = tellPasts)]
    pub fn tell_pasts(&mut self, pasts: &mut Pasts) -> bool {
        let Some(page) = self.pages.get_mut(pasts.told_pages) else {
            self.views.iter_mut().for_each(|(_, _, view)| view.forget_untold());
            return true;
        };
        let told = page.with(|batch| pasts.flows.pasts(batch));
        page.tell(told);
        pasts.told_pages += 1;
        false
    }
}

/// What several sessions have of the same flows: what each found comes in, what each keeps goes out in the same order.
#[wasm_bindgen(js_name = shareOutPasts)]
pub fn share_out_pasts(found: Vec<js_sys::Uint8Array>) -> Result<Vec<js_sys::Uint8Array>, JsError> {
    let shares = FlowPasts::share_out(found.iter().map(js_sys::Uint8Array::to_vec))?;
    Ok(shares.iter().map(|share| js_sys::Uint8Array::from(share.as_slice())).collect())
}
