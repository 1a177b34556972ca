//! The daemons of a store, for people.

use agent_memory_proto::response::{ClusterDaemon, ClusterStatus};

use super::style::Style;

pub(crate) fn status(style: Style, report: &ClusterStatus) -> String {
    let rows = report.daemons.iter().map(|one| row(style, one, one.id == report.answered_by));
    let header = [
        "state",
        "host",
        "process",
        "version",
        "up",
        "seen",
        "clients",
        "req/s",
        "lag",
        "breakers",
        "generation",
        "id",
        "data directory",
    ];
    let mut text = style.table(&header, rows);
    for daemon in report.daemons.iter().filter(|daemon| daemon.is_stale) {
        text.push_str(&format!(
            "\n{} {}: last seen {} ago; it was killed, or cannot reach the database",
            style.bad("!"),
            place(daemon),
            age(daemon.seen_ms_ago)
        ));
    }
    for daemon in report.daemons.iter().filter(|daemon| !daemon.is_stale) {
        if let Some(reason) = &daemon.load.deaf {
            text.push_str(&format!(
                "\n{} {}: uses no cache, since it does not hear of the others' changes: {reason}",
                style.bad("!"),
                place(daemon)
            ));
        }
    }
    if report.has_more {
        text.push_str("\nthere are more than are listed");
    }
    text
}

fn row(style: Style, daemon: &ClusterDaemon, answers: bool) -> Vec<String> {
    let load = &daemon.load;
    let state = match (daemon.is_stale, answers) {
        (true, _) => style.bad("stale"),
        (false, true) => style.good("live*"),
        (false, false) => style.good("live"),
    };
    let breakers = load.breakers.iter().map(|breaker| format!("{} {}", breaker.service, breaker.state));
    let breakers = Some(breakers.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty());
    vec![
        state,
        daemon.host.clone(),
        daemon.process_id.to_string(),
        daemon.build.clone(),
        age(daemon.uptime_ms),
        format!("{} ago", age(daemon.seen_ms_ago)),
        load.connections.to_string(),
        format!("{:.1}", load.requests_per_s),
        load.event_lag_us.map_or_else(|| "-".to_owned(), lag),
        breakers.unwrap_or_else(|| "-".to_owned()),
        load.generation.to_string(),
        daemon.id.to_string(),
        daemon.data_dir.clone(),
    ]
}

fn place(daemon: &ClusterDaemon) -> String {
    format!("{}:{} (process {})", daemon.host, daemon.data_dir, daemon.process_id)
}

fn lag(us: u64) -> String {
    if us < 10_000 { format!("{}.{} ms", us / 1_000, us % 1_000 / 100) } else { format!("{} ms", us / 1_000) }
}

/// A time in its largest unit, short.
fn age(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{
        model::Id,
        response::{BreakerHealth, DaemonLoad},
    };

    use super::*;

    const PLAIN: Style = Style { colour: false, is_terminal: false };

    fn daemon(number: u8) -> ClusterDaemon {
        let breaker = |service: &str, state: &str| BreakerHealth {
            service: service.to_owned(),
            state: state.to_owned(),
            failures: 0,
            retry_after_ms: None,
        };
        ClusterDaemon {
            id: Id([number; 16]),
            host: format!("host{number}"),
            data_dir: "/data".to_owned(),
            process_id: 42,
            build: "0.1.0".to_owned(),
            protocol: (1, 3),
            started_at_ms: 0,
            uptime_ms: 180_000,
            seen_ms_ago: 2_000,
            is_stale: false,
            load: DaemonLoad {
                connections: 3,
                requests_per_s: 12.34,
                event_lag_us: Some(250),
                generation: 9,
                breakers: vec![breaker("postgresql", "closed"), breaker("redis", "open")],
                ..DaemonLoad::default()
            },
        }
    }

    #[test]
    fn who_is_there_who_answers_and_what_is_wrong_is_seen_at_a_glance() {
        let stale = ClusterDaemon { is_stale: true, seen_ms_ago: 20_000, ..daemon(2) };
        let mut deaf = daemon(3);
        deaf.load.deaf = Some("cut".to_owned());
        let report = ClusterStatus {
            answered_by: Id([1; 16]),
            daemons: vec![daemon(1), stale, deaf],
            has_more: false,
        };
        let text = status(PLAIN, &report);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let load = ["3", "12.3", "0.2", "ms", "postgresql", "closed,", "redis", "open", "9"];
        for (line, state) in lines[1..].iter().zip(["live*", "stale", "live"]) {
            assert_eq!(line[0], state, "{text}");
            assert_eq!(line.iter().skip(9).take(load.len()).copied().collect::<Vec<_>>(), load, "{text}");
        }
        assert_eq!(lines[1][2..9], ["42", "0.1.0", "3", "min", "2", "s", "ago"], "{text}");
        assert_eq!(
            lines[4].join(" "),
            "! host2:/data (process 42): last seen 20 s ago; it was killed, or cannot reach the database"
        );
        assert!(lines[5].join(" ").ends_with("others' changes: cut"), "{text}");
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn times_are_short() {
        assert_eq!(
            [0, 119_999, 120_000, 7_200_000, 172_800_000].map(age),
            ["0 s", "119 s", "2 min", "2 h", "2 d"]
        );
        assert_eq!([0, 250, 9_999, 10_000].map(lag), ["0.0 ms", "0.2 ms", "9.9 ms", "10 ms"]);
    }
}
