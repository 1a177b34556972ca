//! One value of every variant of everything that crosses the wire, with the name it has in the
//! golden files. A new variant does not compile here until it has a sample.

mod agents;
mod audit;
mod backups;
mod conflicts;
mod daemons;
mod events;
mod file_locks;
mod hygiene;
mod permissions;
mod relations;
mod requests;
mod responses;
mod sessions;
mod tags;
mod tasks;
mod transfer;
mod values;

pub(crate) use events::events;
pub(crate) use requests::{envelopes, requests};
pub(crate) use responses::{degradations, maskings, responses};
pub(crate) use values::small_values;

use agent_memory_proto::model::{Id, Json};

/// The id number `n`.
pub(crate) fn id(n: u8) -> Id {
    let mut bytes = *b"\x01\x90\x00\x00\x00\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x00";
    bytes[15] = n;
    Id(bytes)
}

pub(crate) fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(crate) fn json(text: &str) -> Option<Json> {
    Some(Json(text.to_owned()))
}

pub(crate) fn tags() -> Vec<String> {
    vec!["build".to_owned(), "ci".to_owned()]
}

/// A moment: 2026-01-02 03:04:05.006 UTC.
pub(crate) const AT_MS: i64 = 1_767_323_045_006;

/// Names every variant of an enum and demands a sample of each: the match has no `_` arm, so a new
/// variant fails to compile, and a variant without a sample fails the test.
macro_rules! named_variants {
    ($samples:expr, { $($pattern:pat => $name:literal),+ $(,)? }) => {{
        let samples = $samples;
        let named: Vec<(String, _)> = samples
            .into_iter()
            .map(|sample| {
                let name = match &sample { $($pattern => $name),+ };
                (name.to_owned(), sample)
            })
            .collect();
        for name in [$($name),+] {
            assert!(named.iter().any(|(sampled, _)| sampled == name), "no sample of {name}");
        }
        $crate::samples::number_repeated(named)
    }};
}
pub(crate) use named_variants;

/// Makes names unique: the second sample of a variant is `name-2`.
pub(crate) fn number_repeated<T>(named: Vec<(String, T)>) -> Vec<(String, T)> {
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    named
        .into_iter()
        .map(|(name, value)| {
            let count = seen.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
            (if *count == 1 { name } else { format!("{name}-{count}") }, value)
        })
        .collect()
}
