//! What looking costs, printed; and that no text makes it cost much more.

use std::time::{Duration, Instant};

use super::{MadeUp, find};

const WORDS: &str = "The service listens on port 5433 behind https://proxy.internal/api, see docs/setup.md. \
                     Tokens are kept in the vault; the password of staging is in SECRET_STORE, never here. ";

fn text_of(bytes: usize, unit: &str) -> String {
    unit.chars().cycle().take(bytes).collect()
}

fn fastest(times: u32, text: &str) -> Duration {
    let once = || {
        let started = Instant::now();
        std::hint::black_box(find(std::hint::black_box(text)));
        started.elapsed()
    };
    (0..times).map(|_| once()).min().expect("at least once")
}

#[test]
fn looking_costs_little_and_no_text_makes_it_cost_much() {
    assert_eq!(find("the automaton is built"), []);
    for bytes in [1_000, 10_000, 1_000_000] {
        let spent = fastest(20, &text_of(bytes, WORDS));
        println!("{bytes} bytes without secrets: {:.1} us", spent.as_secs_f64() * 1e6);
    }
    let secret = MadeUp::new(3).fill("ghp_{A36} ");
    println!(
        "1000000 bytes of secrets: {:.1} us",
        fastest(3, &text_of(1_000_000, &secret)).as_secs_f64() * 1e6
    );
    let hostile = [
        "eyJ",
        "-eyJ",
        ".eyJ",
        "ghs_.",
        "://",
        "://a:",
        "a://b:c",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY",
        "sk-",
        "sk-ant-",
        " password=x",
        "password=host=",
        "?sig=",
        "&sig=se=",
        "aaaaQ~",
        "authorization: bearer ",
        ":AA",
        "1234567:AA",
        "=ghs_",
        "secretaccesskey=",
        "hvs.",
    ];
    for unit in hostile {
        let spent = fastest(2, &text_of(20_000, unit));
        println!("20000 bytes of {unit:?}: {:.1} us", spent.as_secs_f64() * 1e6);
        assert!(spent < Duration::from_secs(2), "{unit:?}: {spent:?}");
    }
}
