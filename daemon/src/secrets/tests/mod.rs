//! What is found, and what is not: a corpus of both. Every key is made up here, when the test runs.

mod made_up;
mod negatives;
mod positives;
mod speed;

use super::{find, masked, scrubbed};
use made_up::MadeUp;

#[test]
fn every_secret_of_the_corpus_is_found_wherever_it_stands() {
    let mut seeds = 0..;
    for (kind, template) in positives::POSITIVES {
        for (before, after) in positives::SURROUNDINGS {
            let secret = MadeUp::new(seeds.next().expect("endless")).fill(template);
            let text = format!("{before}{secret}{after}");
            let found = find(&text);
            let kinds: Vec<_> = found.iter().map(|one| one.kind).collect();
            assert_eq!(kinds, [*kind], "{template} in {before:?} {after:?}");
            let masked = masked(&text, &found);
            let hidden = MadeUp::variable_part(template, &secret);
            assert!(!masked.contains(hidden), "{template} in {before:?}: something is left");
            assert!(find(&masked).is_empty(), "what was masked is found again: {masked}");
        }
    }
    assert!(positives::POSITIVES.len() >= 100, "{}", positives::POSITIVES.len());
}

#[test]
fn nothing_of_the_other_corpus_is_found() {
    let mut seeds = 0..;
    for template in negatives::NEGATIVES {
        for _ in 0..3 {
            let text = MadeUp::new(seeds.next().expect("endless")).fill(template);
            assert_eq!(find(&text), [], "{text}");
        }
    }
    assert!(negatives::NEGATIVES.len() >= 100, "{}", negatives::NEGATIVES.len());
}

#[test]
fn a_text_of_every_shape_is_looked_through() {
    for text in [
        "",
        "ghp_",
        "é://ü:ö@ä",
        "-----BEGIN é PRIVATE KEY-----",
        "authorization: é",
        "password=é host=",
        "Q~",
        ":AA",
    ] {
        assert_eq!(find(text), [], "{text}");
    }
    let secret = MadeUp::new(1).fill("ghp_{A36}");
    let text = format!("é{secret}é {secret}\u{2028}{secret}");
    assert_eq!(
        scrubbed(text),
        "é[masked: github-token]é [masked: github-token]\u{2028}[masked: github-token]"
    );
}

#[test]
fn of_an_address_only_the_password_is_hidden() {
    let password = MadeUp::new(7).fill("{A14}");
    let address =
        |password: &str| format!("postgres://app:{password}@db.internal:5432/memory?sslmode=require");
    assert_eq!(scrubbed(address(&password)), address("[masked: url-password]"));
    assert_eq!(scrubbed(address(&format!("{password}#/?x"))), address("[masked: url-password]"));
    let pairs = |password: &str| format!("Server=db;Database=m;User Id=app;Password={password};Encrypt=true");
    assert_eq!(scrubbed(pairs(&password)), pairs("[masked: connection-string-password]"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([ -~]|\\PC|ghp_|eyJ|://|:|@|-----BEGIN |PRIVATE KEY-----|password=|host=|sig=|Q~|authorization: bearer ){0,60}") {
        let found = find(&text);
        assert!(found.is_empty() || masked(&text, &found) != text);
    }
}
