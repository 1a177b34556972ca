//! The command line, programs, and whoever guesses.

use std::time::{Duration, Instant};

use agent_memory_client::{AgentToken, CallOptions, Client, ClientError, ConnectOptions};
use agent_memory_tests::on_runtime;

use super::*;

#[test]
fn guessing_is_slow_and_nobody_else_waits() {
    const GUESSES: u64 = 10;
    let instance = proving(Backend::Sqlite).with("ADMIN_KEY", "sesame");
    let daemon = instance.start_daemon();
    let key = Some("sesame");
    let mut hand = owner(&instance);
    let ada = registered(hand.call(&registering("ada", key))).token;
    let began = Instant::now();
    let mut guessing = agent(&instance, "mallory");
    let sent: Vec<u64> = (0..GUESSES)
        .map(|n| guessing.send(&showing(&format!("amt_{n:064x}")), &Envelope::default()).expect("sent"))
        .collect();
    let (mut other, mut honest) = (owner(&instance), agent(&instance, "ada"));
    assert!(matches!(other.call(&add("meanwhile")), Response::Written(_)));
    assert_eq!(proves(&mut honest, &ada), "ada");
    assert!(began.elapsed() < Duration::from_secs(1), "others are answered at once: {:?}", began.elapsed());
    for id in sent {
        let (_, answer) = guessing.answer(id).expect("answered");
        assert!(
            matches!(&answer, Response::Error(error) if error.code == ErrorCode::PermissionDenied),
            "{answer:?}"
        );
    }
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    // A key is not looked at before the pause, so another connection gains nothing, also with the right one.
    let began = Instant::now();
    let refused = other.refused(&registering("x", Some("0pen-up")));
    denied(&refused);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(!refused.to_string().contains("0pen-up"), "{refused}");
    denied(&other.refused(&registering("x", None)));
    let list = Request::ListAgents(ListAgents { admin_key: key.map(str::to_owned), limit: 20, offset: 0 });
    let Response::Agents(page) = other.call(&list) else { panic!("no agents") };
    assert_eq!(page.wrong_credentials, GUESSES + 1, "a key that is not given is none that is wrong");
    let log = daemon.log();
    assert!(log.contains("a wrong admin key was refused") && !log.contains("0pen-up"), "{log}");
}

#[test]
fn the_command_line_registers_lists_and_revokes() {
    let instance = proving(Backend::Sqlite);
    let _daemon = instance.start_daemon();
    let shown = instance.run(["agent", "register", "ada"]).ok().out;
    assert!(shown.contains("amt_") && shown.contains("shown this once"), "{shown}");
    let again = instance.json(["agent", "register", "ada"]);
    assert_eq!(again["replaced"], true, "{again}");
    let token = again["token"].as_str().expect("a token").to_owned();
    let listed = instance.run(["agent", "list"]).ok().out;
    assert!(
        listed.contains("ada") && listed.contains("proved by tokens") && !listed.contains("amt_"),
        "{listed}"
    );
    assert!(instance.run(["status"]).ok().out.contains("proved by tokens"));
    assert!(instance.run(["doctor"]).out.contains("proved by tokens"));
    let named = instance.run(["--agent", "ada", "knowledge", "add", "t", "c", "--scope", "global"]);
    assert!(named.err.contains("agent-memory agent register ada"), "{}", named.err);
    let run = |token: &str, arguments: &[&str]| {
        let mut command = instance.client_command(arguments);
        let output = command.env("AGENT_MEMORY_AGENT_TOKEN", token).output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let adding = ["knowledge", "add", "t", "c", "--scope", "global"];
    let mut hand = owner(&instance);
    grant(&mut hand, "ada", ScopeRef::GLOBAL, PermissionLevel::Write);
    let (code, out) = run(&token, &adding);
    assert_eq!(code, Some(0), "{out}");
    assert_eq!(author(&mut hand, "t").as_deref(), Some("ada"));
    for arguments in [&["config"][..], &["config", "--json"], &["health"], &["doctor"], &["agent", "list"]] {
        assert!(!run(&token, arguments).1.contains(&token[4..]), "{arguments:?}");
    }
    let (code, out) = run(&token, &["agent", "register", "mallory"]);
    assert!(code != Some(0) && out.contains("ada may not administer"), "an agent is not the owner: {out}");
    let _ = instance.run(["agent", "revoke", "ada"]).ok();
    let (code, out) = run(&token, &adding);
    assert!(code != Some(0) && out.contains("none of a registered agent"), "{out}");
    let unknown = instance.run(["agent", "revoke", "ada"]);
    assert!(unknown.err.contains("agent list"), "{}", unknown.err);
    for name in ["*", "", "a\nb", &"x".repeat(101)] {
        assert_ne!(instance.run(["agent", "register", name]).code, 0, "{name:?}");
    }
}

#[test]
fn a_program_proves_its_name_through_the_library() {
    let instance = proving(Backend::Sqlite);
    let _daemon = instance.start_daemon();
    let mut hand = owner(&instance);
    let token = register(&mut hand, "ada");
    grant(&mut hand, "ada", ScopeRef::GLOBAL, PermissionLevel::Write);
    let options = ConnectOptions::new(&instance.locations(), Purpose::Library).without_start();
    let with = |token: &str| ConnectOptions { agent_token: Some(AgentToken::new(token)), ..options.clone() };
    assert!(!format!("{:?}", with(&token)).contains(&token[4..]));
    on_runtime(async {
        let client = Client::connect(with(&token)).await.expect("connects");
        client.call(add("through the library"), CallOptions::default()).await.expect("written");
        let wrong = Client::connect(with("amt_wrong")).await.expect_err("refused");
        assert!(matches!(&wrong, ClientError::Refused(error) if error.code == ErrorCode::PermissionDenied));
    });
    assert_eq!(author(&mut hand, "through the library").as_deref(), Some("ada"));
}

#[test]
fn where_names_are_claims_a_token_is_not_asked_for() {
    let instance = Backend::Sqlite.instance();
    let _daemon = instance.start_daemon();
    let mut hand = owner(&instance);
    assert!(!hand.welcome().proves_names());
    let _token = register(&mut hand, "ada");
    let mut wire = agent(&instance, "ada");
    assert!(matches!(wire.call(&add("claimed")), Response::Written(_)));
    assert_eq!(author(&mut wire, "claimed").as_deref(), Some("ada"));
    bridge(&instance, "bob", "amt_of_another_daemon").call_ok("memory_knowledge", &adding("bob"));
    assert!(!agents(&mut hand).names_are_proved);
}
