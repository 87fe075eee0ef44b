//! Files that are no logs but say something about them: names of networks, rules, a policy, addresses to look for.

use crate::results::object;
use crate::session::Session;
use std::sync::Arc;
use vnetflow_core::aggregate::{Nsg, Policy};
use vnetflow_core::groups::Groups;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};

#[wasm_bindgen]
extern "C" {
    /// What a file is.
    #[wasm_bindgen(typescript_type = "SideFile | null")]
    pub type Recognised;
}

/// What a text is, told by its content: an NSG's rules, a policy, names of networks, a list of addresses, or null.
#[wasm_bindgen]
pub fn recognise(text: &str) -> Result<Recognised, JsError> {
    let (kind, about) = match found(text) {
        Some(found) => found,
        None => return Ok(JsValue::NULL.unchecked_into()),
    };
    let result = object([("kind", JsValue::from_str(kind)), ("about", JsValue::from_str(&about))])?;
    Ok(result.unchecked_into())
}

fn found(text: &str) -> Option<(&'static str, String)> {
    if let Ok(nsg) = Nsg::from_json(text) {
        return Some(("nsg", counted(nsg.rules.len(), "rule", "rules")));
    }
    if let Some(networks) = block_list(text) {
        return Some(("block_list", counted(networks.len(), "network", "networks")));
    }
    if let Ok(groups) = Groups::from_text(text)
        && !groups.is_empty()
    {
        let networks = counted(groups.prefixes().count(), "network", "networks");
        return Some(("groups", format!("{networks} in {}", counted(groups.len(), "group", "groups"))));
    }
    // What is wrong with it, the question says: the groups that it names may come later.
    Policy::is_meant(text).then(|| ("policy", "a policy".to_owned()))
}

/// The networks of a list: one a line, with comments. `None` where a line is something else.
fn block_list(text: &str) -> Option<Vec<&str>> {
    let lines = text.lines().map(|line| line.split(['#', ';']).next().unwrap_or_default().trim());
    let networks: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let is_network = |text: &&str| Groups::from_pairs([(*text, "listed")]).is_ok();
    (!networks.is_empty() && networks.iter().all(is_network)).then_some(networks)
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The networks of a block list, as `findings` takes them; empty where the text is none.
#[wasm_bindgen(js_name = blockList)]
#[must_use]
pub fn block_list_networks(text: &str) -> Vec<String> {
    block_list(text).unwrap_or_default().into_iter().map(str::to_owned).collect()
}

#[wasm_bindgen]
impl Session {
    /// Names networks from now on; later texts add to earlier ones. Throws where one can't be read.
    #[wasm_bindgen(js_name = setGroups)]
    pub fn set_groups(&mut self, texts: Vec<String>) -> Result<(), JsError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for text in &texts {
            let groups = Groups::from_text(text)?;
            pairs
                .extend(groups.prefixes().map(|(net, code)| (net.to_string(), groups.name(code).to_owned())));
        }
        // One text is taken as it is: only so may a prefix have two names, as in Azure's service tags.
        self.groups = Arc::new(match texts.as_slice() {
            [] => Groups::new(),
            [text] => Groups::from_text(text)?,
            _ => Groups::from_pairs(pairs.iter().map(|(net, name)| (net.as_str(), name.as_str())))?,
        });
        self.views.clear();
        self.forget_answers();
        Ok(())
    }
}
