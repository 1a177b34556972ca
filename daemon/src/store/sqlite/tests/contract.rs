//! SQLite keeps the contract of every store.

crate::store::contract::contract_suite!(crate::store::sqlite::tests::on_empty_store);
