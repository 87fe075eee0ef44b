//! A seeded generator of synthetic Azure flow logs: a hub with a firewall, two spokes, and on-premises behind
//! ExpressRoute.
//!
//! [`generate`] hands the bytes of VNet (version 4) or NSG (version 1 and 2) flow logs to the caller's sink,
//! under the paths that Azure gives them, with `groups.csv` and, in `truth.ndjson`, what the logs hold. The
//! truth is counted while the rows are written. The same [`Options`] give the same bytes on every platform.
//!
//! # The network
//!
//! Hub 10.1.0.0/24 (resolver .8, firewall .68, Bastion .132, ExpressRoute gateway .196 and .197), spoke1
//! 10.1.1.0/24 (web .4 and .5, cache .12, API .21 on port 8080, database .36, reports .37, SQL's private
//! endpoint .68), spoke2 10.1.2.0/24 (client .20, build agent .21 with the beacon, workers .30 and .31,
//! replica .36, apps .40 to .47), on-premises 10.4.0.0/16. Each of the 24 interfaces logs what passes it;
//! `network` says which ways there are and where a denial is logged. NSG logs hold what the security group
//! `yada-nsg` judged: neither the gateway's and the platform's rows nor those that `nossh` or encryption
//! denied.
//!
//! # The truth
//!
//! `truth.ndjson` has one JSON object a line. Sums are of what is written, at every interface (`all`) or with
//! each flow counted at one (`once`: the destination's interface if it logged the flow, else the source's,
//! else the first). `format` is `vnet-v4`, `nsg-v2`, `nsg-v1`, or `all` for everything that was written.
//! Counters are null where no row has any.
//!
//! | `fact` | what |
//! |---|---|
//! | `flow` | each flow (of small outputs, [`MOST_TUPLES_WITH_FLOW_LINES`]) as logged at the interface where `once` counts it (`once_mac`); `end_ms` is null while it is open; each denied attempt is a flow |
//! | `long_flow`, `idle_flow`, `weeks_in_one_end`, `recreated_flow`, `identical_rows` | flows like the above that are worth a look; both halves of a re-created one |
//! | `matrix` | group to group in one hour of the tuples' own time |
//! | `summary` | all that was written; per format for `once`, with the factor by which `all` over-counts |
//! | `expressroute` | whatever has an end on-premises, and each host's share of the bytes |
//! | `nossh` | attempts denied, by source, and what passed before |
//! | `beacon`, `scanner`, `conversation`, `encrypted_pair` | as named, with their counts |
//! | `top` | complete lists by ten groupings, biggest bytes first, equals by key; the first 1,000 of longer ones, `keys` tells how many there are |
//!
//! What this crate does not: it does no IO, has no clock and starts no threads; it knows nothing of the
//! decoder and never reads its own output.
//!
//! ```
//! use std::convert::Infallible;
//! use vnetflow_demo::{Options, generate};
//!
//! let options = Options { tuples_per_hour: 500, hours: 1, ..Options::default() };
//! let mut paths = std::collections::BTreeSet::new();
//! let report = generate(&options, &mut |path, _bytes| {
//!     paths.insert(path.to_owned());
//!     Ok::<(), Infallible>(())
//! })
//! .map_err(|error| error.to_string())?;
//! assert!(paths.contains("truth.ndjson"));
//! assert!(report.tuples > 300);
//! # Ok::<(), String>(())
//! ```

#![warn(clippy::indexing_slicing)]

mod address;
mod clock;
mod dice;
mod flow;
mod generate;
mod log;
mod network;
mod open_flows;
mod options;
mod rules;
mod scenarios;
mod stage;
mod truth;

pub use generate::{Error, GROUPS_PATH, MOST_TUPLES_WITH_FLOW_LINES, Report, TRUTH_PATH, generate};
pub use log::Sink;
pub use options::{Formats, Options, OptionsError};
