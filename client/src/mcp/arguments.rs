//! The arguments of one tool call. They are taken one by one, by name and type; what nobody took
//! is reported as ignored, and what the tool does not know is refused.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Id, Json, UnknownWord},
};
use serde_json::{Map, Value};

use super::nearest::nearest;
use crate::times;

const TIME_ALLOWED: &str = "a time as 2026-01-31T12:00:00Z or a date as 2026-01-31 (UTC)";

/// Why a call is refused. Boxed: an error body is large, and most calls succeed.
pub(super) type Refusal = Box<ErrorBody>;

/// What is left of a call's arguments.
#[derive(Debug)]
pub(super) struct Arguments {
    values: Map<String, Value>,
    /// Where these arguments are in the call, as `entries[3].`; empty at the top.
    path: String,
    /// What was left of the objects inside.
    left_inside: Vec<String>,
}

impl Arguments {
    /// Refuses what `owner` (a tool) does not know, naming the nearest known parameter.
    pub(super) fn new(owner: &str, values: Map<String, Value>, known: &[&str]) -> Result<Self, Refusal> {
        Self::at(owner, values, known, String::new())
    }

    fn at(owner: &str, values: Map<String, Value>, known: &[&str], path: String) -> Result<Self, Refusal> {
        let Some(unknown) = values.keys().find(|name| !known.contains(&name.as_str())) else {
            return Ok(Self { values, path, left_inside: Vec::new() });
        };
        let error = ErrorBody::new(
            ErrorCode::InvalidParameter,
            format!("unknown parameter {path}{unknown} of {owner}; nothing was done"),
        );
        let error = error.with_field(format!("{path}{unknown}")).with_allowed(known.join(", "));
        Err(Box::new(match nearest(unknown, known) {
            Some(name) => error.with_suggestion(format!("Did you mean {name}?")),
            None => error,
        }))
    }

    /// The names that nobody took, here and in the objects inside that were given back.
    pub(super) fn left(self) -> Vec<String> {
        let given = self.values.into_iter().filter(|(_, value)| !value.is_null());
        let mut left: Vec<String> = given.map(|(name, _)| format!("{}{name}", self.path)).collect();
        left.extend(self.left_inside);
        left
    }

    /// Takes an object from inside back, to report what was left of it.
    pub(super) fn give_back(&mut self, inner: Self) {
        self.left_inside.extend(inner.left());
    }

    /// Whether a value is given, and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn is_text(&self, name: &str, text: &str) -> bool {
        self.values.get(name).and_then(Value::as_str) == Some(text)
    }

    pub(super) fn is_list(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(Value::is_array)
    }

    /// The value; null counts as not given.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, &other, "a text")),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.wrong(name, &other, "true or false")),
        }
    }

    pub(super) fn integer<T>(&mut self, name: &str, range: RangeInclusive<T>) -> Result<Option<T>, Refusal>
    where
        T: TryFrom<u64> + PartialOrd + Display + Copy,
    {
        let Some(value) = self.value(name) else { return Ok(None) };
        whole(&value).and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n)).map(Some).ok_or_else(
            || self.wrong(name, &value, &format!("a whole number from {} to {}", range.start(), range.end())),
        )
    }

    pub(super) fn number(&mut self, name: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.as_f64().filter(|n| range.contains(n)).map(Some).ok_or_else(|| {
            self.wrong(name, &value, &format!("a number from {} to {}", range.start(), range.end()))
        })
    }

    pub(super) fn id(&mut self, name: &str) -> Result<Option<Id>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let id = value.as_str().and_then(|text| text.trim().parse().ok());
        id.map(Some).ok_or_else(|| self.wrong(name, &value, "an id (UUID), as an earlier answer gave it"))
    }

    pub(super) fn time(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let time = value.as_str().and_then(times::parse);
        time.map(Some).ok_or_else(|| self.wrong(name, &value, TIME_ALLOWED))
    }

    /// A value that parses as `T`; `allowed` lists the values.
    pub(super) fn choice<T: FromStr>(&mut self, name: &str, allowed: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let choice = value.as_str().and_then(|text| text.parse().ok());
        choice.map(Some).ok_or_else(|| self.wrong(name, &value, allowed))
    }

    /// A word of an enum of words.
    pub(super) fn word<T: FromStr<Err = UnknownWord>>(&mut self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let word = value.as_str().unwrap_or_default().parse();
        word.map(Some).map_err(|UnknownWord { allowed }| self.wrong(name, &value, &allowed))
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let texts = value.as_array().and_then(|items| {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.map(Some).ok_or_else(|| self.wrong(name, &value, "a list of texts"))
    }

    /// A list of 1 to `max` ids.
    pub(super) fn ids(&mut self, name: &str, max: usize) -> Result<Vec<Id>, Refusal> {
        let texts = self.required(name, Self::texts)?;
        if !(1..=max).contains(&texts.len()) {
            let value = Value::from(texts);
            return Err(self.wrong(name, &value, &format!("a list of 1 to {max} ids")));
        }
        let parse = |(index, text): (usize, &String)| {
            text.parse().map_err(|_| {
                let field = format!("{}{name}[{index}]", self.path);
                Box::new(ErrorBody::invalid(&field, text, "an id (UUID)"))
            })
        };
        texts.iter().enumerate().map(parse).collect()
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Option<Json>, Refusal> {
        match self.value(name) {
            None => Ok(None),
            Some(value @ Value::Object(_)) => Ok(Some(Json::from(&value))),
            Some(other) => Err(self.wrong(name, &other, "an object")),
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Result<Option<Json>, Refusal> {
        match self.value(name) {
            None => Ok(None),
            Some(value @ Value::Array(_)) => Ok(Some(Json::from(&value))),
            Some(other) => Err(self.wrong(name, &other, "a list")),
        }
    }

    /// The parameters inside an object.
    pub(super) fn inner(&mut self, name: &str, known: &[&str]) -> Result<Option<Self>, Refusal> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(values)) => {
                Self::at(name, values, known, format!("{}{name}.", self.path)).map(Some)
            }
            Some(other) => Err(self.wrong(name, &other, &format!("an object with {}", known.join(", ")))),
        }
    }

    /// The parameters inside each object of a list of 1 to `max` of them.
    pub(super) fn items(&mut self, name: &str, known: &[&str], max: usize) -> Result<Vec<Self>, Refusal> {
        let allowed = format!("a list of 1 to {max} objects");
        let items = match self.value(name) {
            None => return Err(self.missing(name)),
            Some(Value::Array(items)) if (1..=max).contains(&items.len()) => items,
            Some(other) => return Err(self.wrong(name, &other, &allowed)),
        };
        let place = |index| format!("{}{name}[{index}]", self.path);
        items
            .into_iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::Object(values) => Self::at(name, values, known, format!("{}.", place(index))),
                other => Err(Box::new(ErrorBody::invalid(&place(index), shown(&other), "an object"))),
            })
            .collect()
    }

    /// A change to a value that can be cleared: `None` keeps it, null clears it.
    #[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
    pub(super) fn change<T>(
        &mut self,
        name: &str,
        take: impl FnOnce(&mut Self, &str) -> Result<Option<T>, Refusal>,
    ) -> Result<Option<Option<T>>, Refusal> {
        if self.values.get(name).is_some_and(Value::is_null) {
            self.values.remove(name);
            return Ok(Some(None));
        }
        Ok(take(self, name)?.map(Some))
    }

    /// A value that must be given.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        take: impl FnOnce(&mut Self, &str) -> Result<Option<T>, Refusal>,
    ) -> Result<T, Refusal> {
        let value = take(self, name)?;
        self.need(name, value)
    }

    /// Turns "not given" into a refusal that names the parameter.
    pub(super) fn need<T>(&self, name: &str, value: Option<T>) -> Result<T, Refusal> {
        value.ok_or_else(|| self.missing(name))
    }

    pub(super) fn missing(&self, name: &str) -> Refusal {
        Box::new(ErrorBody::missing(&format!("{}{name}", self.path)))
    }

    pub(super) fn wrong(&self, name: &str, value: &Value, allowed: &str) -> Refusal {
        Box::new(ErrorBody::invalid(&format!("{}{name}", self.path), shown(value), allowed))
    }
}

/// The value as an error shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// A whole number, also when written as `5.0`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and in range"
)]
fn whole(value: &Value) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    value.as_u64().or_else(|| {
        value.as_f64().filter(|n| n.fract() == 0.0 && (0.0..=EXACT_MAX).contains(n)).map(|n| n as u64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(value: &Value, known: &[&str]) -> Result<Arguments, Refusal> {
        Arguments::new("memory_thing", value.as_object().expect("an object").clone(), known)
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_nearest_known_one() {
        let error = arguments(&json!({ "limt": 1 }), &["limit", "offset"]).expect_err("unknown");
        assert_eq!(error.code, ErrorCode::InvalidParameter);
        assert_eq!(error.field.as_deref(), Some("limt"));
        assert_eq!(error.suggestion.as_deref(), Some("Did you mean limit?"));
        assert_eq!(error.allowed.as_deref(), Some("limit, offset"));
    }

    #[test]
    fn an_unknown_parameter_of_an_item_is_named_with_its_place() {
        let mut call =
            arguments(&json!({ "entries": [{ "name": "a" }, { "nam": "b" }] }), &["entries"]).unwrap();
        let error = call.items("entries", &["name"], 100).expect_err("unknown");
        assert_eq!(error.field.as_deref(), Some("entries[1].nam"));
    }

    #[test]
    fn values_of_the_wrong_type_or_range_are_refused_with_what_is_allowed() {
        let known = &["n", "id", "t", "f", "l"];
        let mut call =
            arguments(&json!({ "n": 101, "id": "x", "t": "soon", "f": "yes", "l": [1] }), known).unwrap();
        let error = call.integer::<u8>("n", 0..=100).expect_err("out of range");
        assert_eq!(error.allowed.as_deref(), Some("a whole number from 0 to 100"));
        assert!(call.id("id").is_err());
        assert!(call.time("t").is_err());
        assert!(call.flag("f").is_err());
        assert!(call.texts("l").is_err());
    }

    #[test]
    fn whole_numbers_may_be_written_with_a_point() {
        let mut call =
            arguments(&json!({ "a": 5.0, "b": 5.5, "c": -1, "d": 1e300 }), &["a", "b", "c", "d"]).unwrap();
        assert_eq!(call.integer::<u32>("a", 0..=10).unwrap(), Some(5));
        for name in ["b", "c", "d"] {
            assert!(call.integer::<u32>(name, 0..=10).is_err(), "{name}");
        }
    }

    #[test]
    fn null_clears_in_a_change_and_is_absent_elsewhere() {
        let mut call = arguments(&json!({ "a": null, "b": null, "c": "x" }), &["a", "b", "c", "d"]).unwrap();
        assert_eq!(call.text("a").unwrap(), None);
        assert_eq!(call.change("b", Arguments::text).unwrap(), Some(None));
        assert_eq!(call.change("c", Arguments::text).unwrap(), Some(Some("x".to_owned())));
        assert_eq!(call.change("d", Arguments::text).unwrap(), None);
    }

    #[test]
    fn what_nobody_took_is_left() {
        let mut call = arguments(&json!({ "a": 1, "b": null, "c": 2 }), &["a", "b", "c"]).unwrap();
        assert_eq!(call.integer::<u32>("a", 0..=10).unwrap(), Some(1));
        assert_eq!(call.left(), ["c"]);
    }
}
