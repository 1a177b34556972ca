//! Times between milliseconds since the epoch, as they cross the wire, and RFC 3339 text in UTC.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// RFC 3339 with three digits of fraction, as `2026-11-23T01:02:03.004Z`.
#[must_use]
pub fn format(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => format!("{ms} ms since 1970"),
    }
}

/// Reads a time (`2026-11-23T01:02:03Z`, with any offset) or a date (midnight, UTC).
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    // A date with a time and without an offset would be read as a date: refuse to guess the zone.
    let date = text.parse::<Date>().ok().filter(|_| text.len() == 10)?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_round_trip() {
        assert_eq!(format(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(parse(&format(1_795_000_000_120)), Some(1_795_000_000_120));
        assert_eq!(format(i64::MAX), format!("{} ms since 1970", i64::MAX));
    }

    #[test]
    fn dates_are_midnight_and_zones_are_never_guessed() {
        assert_eq!(parse("1970-01-02"), Some(86_400_000));
        assert_eq!(parse("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse("1970-01-01T01:00:00"), None);
        assert_eq!(parse("yesterday"), None);
    }
}
