//! The demo network, generated where it is shown: nothing is downloaded. A module of its own, as few pages need it.

use js_sys::Function;
use vnetflow_demo::{Options, TRUTH_PATH, generate};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

/// Hands the demo network's files over, piece by piece: `take(path, bytes)`.
#[wasm_bindgen(js_name = generateDemo)]
pub fn generate_demo(hours: u32, tuples_per_hour: Option<u32>, take: &Function) -> Result<(), JsError> {
    let mut options = Options { hours, ..Options::default() };
    if let Some(tuples) = tuples_per_hour {
        options.tuples_per_hour = u64::from(tuples);
    }
    let hand_over = |path: &str, bytes: &[u8]| {
        if path == TRUTH_PATH {
            return Ok(());
        }
        let bytes = js_sys::Uint8Array::from(bytes);
        take.call2(&JsValue::NULL, &JsValue::from_str(path), &bytes).map(|_| ()).map_err(|_| Refused)
    };
    let mut hand_over = hand_over;
    generate(&options, &mut hand_over).map(|_| ()).map_err(|error| JsError::new(&format!("{error}")))
}

/// The page did not take a piece.
#[derive(Debug)]
struct Refused;

impl core::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("the demo network's logs were not taken")
    }
}

impl core::error::Error for Refused {}
