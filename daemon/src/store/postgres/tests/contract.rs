//! PostgreSQL keeps the contract of every store.

crate::store::contract::contract_suite!(crate::store::postgres::tests::on_empty_store);
