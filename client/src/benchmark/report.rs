//! The report: one JSON object, or a table.

use serde_json::{Value, json};

use super::{
    arguments::BenchmarkArgs,
    machine::{self, Surroundings},
    measure::{Measurement, Row},
    operation::Operation,
};
use crate::output::{Output, Style};

/// Shows what was measured.
pub(crate) fn show(
    output: Output,
    args: &BenchmarkArgs,
    surroundings: &Surroundings,
    measurement: &Measurement,
) {
    if output.is_json() {
        output.json(&value(args, surroundings, measurement));
        return;
    }
    if output.is_quiet() {
        measurement.rows.iter().for_each(|row| {
            output.line(&format!("{} {:.0}", row.operation.name(), row.tally.ops_per_s()));
        });
        return;
    }
    let style = output.style();
    output.line(&format!(
        "{} operations each, {} clients x {} under way, daemons: {}, {} entries, seed {}",
        args.ops,
        args.clients,
        args.pipeline,
        1 + args.also_socket.len(),
        args.entries,
        args.seed
    ));
    output.line(&table(style, &measurement.rows));
    if !measurement.while_writing.is_empty() {
        output.line(&format!("\n{}", style.bold("searches while writes go on")));
        output.line(&table(style, &measurement.while_writing));
    }
    let failed = measurement.rows.iter().chain(&measurement.while_writing);
    for (row, error) in failed.filter_map(|row| Some((row, row.tally.first_error.as_ref()?))) {
        output.note(&format!("{}: {} errors, the first: {error}", row.operation.name(), row.tally.errors));
    }
}

fn table(style: Style, rows: &[Row]) -> String {
    let number = |value: f64| format!("{value:.0}");
    let rows = rows.iter().map(|row| {
        let (floor, ratio) = floor(row);
        vec![
            row.operation.name().to_owned(),
            number(row.tally.ops_per_s()),
            number(row.tally.percentile_us(50.0)),
            number(row.tally.percentile_us(95.0)),
            number(row.tally.percentile_us(99.0)),
            number(row.tally.max_us()),
            row.tally.errors.to_string(),
            floor.map(|(kind, rate)| format!("{kind} {rate:.0}")).unwrap_or_default(),
            ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        ]
    });
    let header = ["operation", "ops/s", "p50 us", "p95 us", "p99 us", "max us", "errors", "floor/s", "ratio"];
    style.table(&header, rows)
}

fn value(args: &BenchmarkArgs, surroundings: &Surroundings, measurement: &Measurement) -> Value {
    json!({
        "operations": measurement.rows.iter().map(operation).collect::<Vec<_>>(),
        "while_writing": measurement.while_writing.iter().map(operation).collect::<Vec<_>>(),
        "settings": {
            "ops": args.ops,
            "clients": args.clients,
            "daemons": 1 + args.also_socket.len(),
            "pipeline": args.pipeline,
            "mix": args.mix.iter().map(|operation| operation.name()).collect::<Vec<_>>(),
            "entries": args.entries,
            "seed": args.seed,
            "respect_limits": args.respect_limits,
        },
        "daemon": surroundings.daemon(),
        "versions": surroundings.versions(),
        "machine": machine::machine(),
        "finished_at": machine::now(),
    })
}

fn operation(row: &Row) -> Value {
    let tally = &row.tally;
    let (floor, ratio) = floor(row);
    let mut value = json!({
        "name": row.operation.name(),
        "ops": tally.times_ns.len(),
        "ops_per_s": round(tally.ops_per_s()),
        "p50_us": tally.percentile_us(50.0),
        "p95_us": tally.percentile_us(95.0),
        "p99_us": tally.percentile_us(99.0),
        "max_us": tally.max_us(),
        "errors": tally.errors,
        "first_error": tally.first_error,
        "from_cache": tally.cached,
        "floor": floor.map(|(kind, _)| kind),
        "floor_ops_per_s": floor.map(|(_, rate)| round(rate)),
        "ratio": ratio.map(two_digits),
    });
    if let (Some(_), Some(sql)) = (row.echo_ops_per_s, row.sql_ops_per_s) {
        value["sql_floor_ops_per_s"] = json!(round(sql));
        value["sql_ratio"] = json!(two_digits(tally.ops_per_s() / sql));
    }
    if let Some(rest) = row.at_rest_ops_per_s {
        value["floor_at_rest_ops_per_s"] = json!(round(rest));
        value["ratio_at_rest"] = json!(two_digits(tally.ops_per_s() / rest));
    }
    value
}

/// The floor that decides, with its kind, and the ratio to it. It is the echo where one was measured:
/// what costs there is the way, since next to no SQL is run inside the daemon.
fn floor(row: &Row) -> (Option<(&'static str, f64)>, Option<f64>) {
    let echo = row.echo_ops_per_s.map(|rate| ("echo", rate));
    let floor = echo.or(row.sql_ops_per_s.map(|rate| ("sql", rate)));
    let floor = floor.filter(|(_, rate)| *rate > 0.0 && row.operation != Operation::Echo);
    (floor, floor.map(|(_, rate)| row.tally.ops_per_s() / rate))
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn two_digits(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::tally::Tally, *};

    fn row(operation: Operation, echo: Option<f64>, sql: Option<f64>) -> Row {
        let mut tally = Tally::new();
        tally.success(Duration::from_micros(10), true);
        tally.elapsed = Duration::from_millis(1);
        Row { operation, tally, echo_ops_per_s: echo, sql_ops_per_s: sql, at_rest_ops_per_s: None }
    }

    #[test]
    fn a_simple_read_is_set_against_the_echo_and_tells_the_sql_too() {
        let value = operation(&row(Operation::SimpleRead, Some(2_000.0), Some(4_000.0)));
        assert_eq!((&value["floor"], &value["ratio"]), (&json!("echo"), &json!(0.5)));
        assert_eq!(value["sql_ratio"], 0.25);
        assert_eq!(value["from_cache"], 1);
    }

    #[test]
    fn an_operation_without_a_floor_has_no_ratio() {
        let value = operation(&row(Operation::Echo, None, None));
        assert_eq!((&value["floor_ops_per_s"], &value["ratio"]), (&Value::Null, &Value::Null));
        assert_eq!(value["ops_per_s"], 1_000.0);
    }
}
