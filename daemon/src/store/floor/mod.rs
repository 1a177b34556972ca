//! What every backend's floor has in common: the load of its loops, and how their rounds are counted.

mod load;
mod rounds;

pub(in crate::store) use self::{
    load::{IDS_MAX, Load, chains, far, nothing_to_read},
    rounds::{TIME_MAX, WARM_UP, measure, summary},
};
