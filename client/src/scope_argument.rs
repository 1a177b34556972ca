//! The `--scope` argument.

use std::str::FromStr;

use agent_memory_proto::model::Id;

/// What `--scope` names, not yet looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScopeArgument {
    /// `global`.
    Global,
    /// `org:<id>`.
    Org(Id),
    /// `project`, or `project:<id|name|directory>`.
    Project(Option<String>),
    /// `session:<id>`.
    Session(Id),
}

const ALLOWED: &str = "global, org:<id>, project, project:<id|name|directory>, session:<id>";

impl FromStr for ScopeArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (level, rest) = match text.split_once(':') {
            Some((level, rest)) => (level, Some(rest).filter(|rest| !rest.is_empty())),
            None => (text, None),
        };
        let id = || match rest {
            Some(rest) => rest.parse().map_err(|_| format!("{rest:?} is no id; allowed: {ALLOWED}")),
            None => Err(format!("{level} needs an id; allowed: {ALLOWED}")),
        };
        match level {
            "global" if rest.is_none() => Ok(Self::Global),
            "org" => Ok(Self::Org(id()?)),
            "project" => Ok(Self::Project(rest.map(str::to_owned))),
            "session" => Ok(Self::Session(id()?)),
            _ => Err(format!("allowed: {ALLOWED}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let parsed: Id = id.parse().expect("an id");
        assert_eq!("global".parse(), Ok(ScopeArgument::Global));
        assert_eq!("project".parse(), Ok(ScopeArgument::Project(None)));
        assert_eq!("project:shop".parse(), Ok(ScopeArgument::Project(Some("shop".to_owned()))));
        assert_eq!(format!("org:{id}").parse(), Ok(ScopeArgument::Org(parsed)));
        assert_eq!(format!("session:{id}").parse(), Ok(ScopeArgument::Session(parsed)));
    }

    #[test]
    fn what_is_wrong_names_what_is_allowed() {
        for wrong in ["globe", "global:x", "org", "session:", "org:banana"] {
            let error = wrong.parse::<ScopeArgument>().expect_err(wrong);
            assert!(error.contains("session:<id>"), "{wrong}: {error}");
        }
    }
}
