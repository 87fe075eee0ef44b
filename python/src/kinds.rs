//! Direction, action, state and encryption as one number a row.
//!
//! Polars takes over a column of fixed names value by value. It looks rows up in a short table several times faster, so
//! a row gets the number of its combination, and all combinations there can be are handed over beside.

use vnetflow_core::batch::Batch;
use vnetflow_core::columns::Column;
use vnetflow_core::tuple::{Action, Direction, Encryption, State};

/// How many values each of the four has; the last one of state and encryption stands for "not logged".
const DIRECTIONS: u8 = Direction::ALL.len() as u8;
const ACTIONS: u8 = Action::ALL.len() as u8;
const STATES: u8 = State::ALL.len() as u8 + 1;
const ENCRYPTIONS: u8 = Encryption::ALL.len() as u8 + 1;

/// The number of each row's combination.
pub(crate) fn of_rows(batch: &Batch) -> Vec<u8> {
    let verdicts = batch.direction.iter().zip(&batch.action);
    let states = batch.state.iter().zip(&batch.encryption);
    let kind =
        |((direction, action), (state, encryption)): ((&Direction, &Action), (&Option<_>, &Option<_>))| {
            let state = state.map_or(STATES - 1, |state: State| state as u8);
            let encryption = encryption.map_or(ENCRYPTIONS - 1, |encryption: Encryption| encryption as u8);
            ((encryption * STATES + state) * ACTIONS + *action as u8) * DIRECTIONS + *direction as u8
        };
    verdicts.zip(states).map(kind).collect()
}

/// The code that each combination has in one of the four columns; `None` for another column.
pub(crate) fn codes(batch: &Batch, column: &Column) -> Option<Vec<Option<u8>>> {
    let (below, values, may_lack) = match column.name {
        "direction" => (1, DIRECTIONS, false),
        "action" => (DIRECTIONS, ACTIONS, false),
        "state" => (DIRECTIONS * ACTIONS, STATES, !all_logged(&batch.state)),
        "encryption" => (DIRECTIONS * ACTIONS * STATES, ENCRYPTIONS, !all_logged(&batch.encryption)),
        _ => return None,
    };
    let code = |kind: u8| {
        let code = kind / below % values;
        let is_not_logged = column.nullable && code == values - 1;
        match (is_not_logged, may_lack) {
            (false, _) => Some(code),
            (true, true) => None,
            // No row has it, and a column that lacks values is more work for Polars.
            (true, false) => Some(0),
        }
    };
    Some((0..DIRECTIONS * ACTIONS * STATES * ENCRYPTIONS).map(code).collect())
}

/// Without an early end, so that it looks at many rows at once.
fn all_logged<T>(rows: &[Option<T>]) -> bool {
    rows.iter().fold(true, |all, row| all & row.is_some())
}
