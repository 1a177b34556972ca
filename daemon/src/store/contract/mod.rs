//! The contract of a store, as scenarios that every backend runs: what the traits promise, and no
//! more. A backend hands each scenario an empty store and calls `contract_suite!`.

mod fixtures;

pub(crate) mod entries;

pub(crate) use fixtures::{START_MS, Scenario, World};

/// Makes a test of every scenario. `$run` takes a scenario and runs it on an empty store.
macro_rules! contract_suite {
    ($run:path) => {
        crate::store::contract::contract_suite! { $run;
            entries: added_entries_are_read_back_whole, unknown_ids_are_nothing, unknown_scopes_are_refused,
                taken_ids_are_refused, deactivated_entries_are_hidden_and_keep_their_names,
                deleted_entries_are_gone_with_their_history;
        }
    };
    ($run:path; $($module:ident: $($name:ident),+;)+) => {
        $(mod $module {
            $(#[test]
            fn $name() {
                $run(|world| Box::pin(crate::store::contract::$module::$name(world)));
            })+
        })+
    };
}
pub(crate) use contract_suite;
