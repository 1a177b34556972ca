//! Which scope a call means: what its arguments say, else the bound project. Nothing is guessed
//! beyond that: a write without a scope and without a bound project is refused.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Id, Project, ScopeLevel, ScopeRef},
};

use super::arguments::{Arguments, Refusal};

const LEVELS: &str = "global, org, project, session";
const HOW_TO_BIND: &str = "Call memory_quickstart first (it binds or creates the project), or give scopeType and \
                           scopeId, or scopeType global";

/// The parts of a project that calls need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BoundProject {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) org_id: Option<Id>,
}

impl From<&Project> for BoundProject {
    fn from(project: &Project) -> Self {
        Self { id: project.id, name: project.name.clone(), org_id: project.org_id }
    }
}

/// What a call without a scope of its own falls back on.
#[derive(Clone, Debug, Default)]
pub(super) struct Scopes {
    /// The project that the call names, else the bound one.
    pub(super) project: Option<BoundProject>,
    /// The session that this bridge started last.
    pub(super) session: Option<Id>,
    /// The directory that the bridge is bound to, absolute, whether it is a project or not.
    pub(super) directory: Option<String>,
    /// The name that the bridge is bound to, whether there is such a project or not.
    pub(super) project_name: Option<String>,
    /// Where the bridge runs, to be suggested when nothing is bound.
    pub(super) working_directory: Option<String>,
}

impl Scopes {
    /// Where a write goes.
    pub(super) fn to_write(&self, call: &mut Arguments) -> Result<ScopeRef, Refusal> {
        self.to_write_beside(call, None)
    }

    /// Where one write of many goes: `shared` holds for all that name no scope of their own.
    pub(super) fn to_write_beside(
        &self,
        call: &mut Arguments,
        shared: Option<ScopeRef>,
    ) -> Result<ScopeRef, Refusal> {
        let given = self.given(call, "scopeType", "scopeId")?;
        given.or(shared).or_else(|| self.bound()).ok_or_else(|| {
            Box::new(
                ErrorBody::new(
                    ErrorCode::MissingField,
                    "scopeType is required: no project is bound, so it is not known where this belongs",
                )
                .with_field("scopeType")
                .with_allowed(LEVELS)
                .with_suggestion(HOW_TO_BIND),
            )
        })
    }

    /// Where a read looks: the bound project, or what is global when none is bound.
    pub(super) fn to_read(&self, call: &mut Arguments) -> Result<ScopeRef, Refusal> {
        let given = self.given(call, "scopeType", "scopeId")?;
        Ok(given.unwrap_or_else(|| self.where_bound()))
    }

    /// Where a read looks that names no scope.
    pub(super) fn where_bound(&self) -> ScopeRef {
        self.bound().unwrap_or(ScopeRef::GLOBAL)
    }

    /// The bound project.
    pub(super) fn bound(&self) -> Option<ScopeRef> {
        self.project.as_ref().map(|project| ScopeRef::project(project.id))
    }

    /// The scope that two arguments name, if they are given.
    pub(super) fn given(
        &self,
        call: &mut Arguments,
        level_name: &str,
        id_name: &str,
    ) -> Result<Option<ScopeRef>, Refusal> {
        let level = call.choice::<ScopeLevel>(level_name, LEVELS).map_err(|mut error| {
            error.code = ErrorCode::InvalidScopeType;
            error
        })?;
        let id = call.id(id_name)?;
        match (level, id) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(mismatch(level_name, format!("{level_name} is required with {id_name}"))),
            (Some(ScopeLevel::Global), None) => Ok(Some(ScopeRef::GLOBAL)),
            (Some(ScopeLevel::Global), Some(_)) => {
                Err(mismatch(id_name, format!("{id_name} does not go with {level_name} global")))
            }
            (Some(level), Some(id)) => Ok(Some(ScopeRef { level, id: Some(id) })),
            (Some(level), None) => self.of_level(level, id_name).map(Some),
        }
    }

    /// The scope of that level around the bound project.
    fn of_level(&self, level: ScopeLevel, id_name: &str) -> Result<ScopeRef, Refusal> {
        let id = match level {
            ScopeLevel::Global => return Ok(ScopeRef::GLOBAL),
            ScopeLevel::Org => self.project.as_ref().and_then(|project| project.org_id),
            ScopeLevel::Project => self.project.as_ref().map(|project| project.id),
            ScopeLevel::Session => self.session,
        };
        let why = match level {
            ScopeLevel::Org => "no project of an organisation is bound",
            ScopeLevel::Session => "no session was started here",
            ScopeLevel::Global | ScopeLevel::Project => "no project is bound",
        };
        id.map(|id| ScopeRef { level, id: Some(id) }).ok_or_else(|| {
            let error = ErrorBody::new(ErrorCode::MissingField, format!("{id_name} is required: {why}"));
            Box::new(error.with_field(id_name).with_suggestion(HOW_TO_BIND))
        })
    }
}

fn mismatch(field: &str, message: String) -> Refusal {
    let error = ErrorBody::new(ErrorCode::InvalidScopeType, message);
    Box::new(
        error
            .with_field(field)
            .with_allowed("scopeType global without scopeId, or org, project, session with it"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(value: &Value) -> Arguments {
        Arguments::new("memory_thing", value.as_object().unwrap().clone(), &["scopeType", "scopeId"]).unwrap()
    }

    fn bound() -> Scopes {
        let project = BoundProject { id: Id([1; 16]), name: "demo".to_owned(), org_id: None };
        Scopes { project: Some(project), ..Scopes::default() }
    }

    #[test]
    fn a_call_without_a_scope_means_the_bound_project() {
        let scope = bound().to_write(&mut call(&json!({}))).unwrap();
        assert_eq!(scope, ScopeRef::project(Id([1; 16])));
        assert_eq!(bound().to_write(&mut call(&json!({ "scopeType": "project" }))).unwrap(), scope);
    }

    #[test]
    fn without_a_bound_project_a_write_is_refused_and_a_read_is_global() {
        let error = Scopes::default().to_write(&mut call(&json!({}))).expect_err("nowhere to write");
        assert_eq!(error.code, ErrorCode::MissingField);
        assert!(error.suggestion.expect("a suggestion").contains("memory_quickstart"));
        assert_eq!(Scopes::default().to_read(&mut call(&json!({}))).unwrap(), ScopeRef::GLOBAL);
    }

    #[test]
    fn scope_type_and_id_have_to_go_together() {
        let id = Id([2; 16]).to_string();
        for wrong in [
            json!({ "scopeType": "galaxy" }),
            json!({ "scopeType": "global", "scopeId": id }),
            json!({ "scopeId": id }),
        ] {
            let error = bound().to_write(&mut call(&wrong)).expect_err("refused");
            assert_eq!(error.code, ErrorCode::InvalidScopeType, "{wrong}");
        }
        let missing =
            bound().to_write(&mut call(&json!({ "scopeType": "session" }))).expect_err("no session");
        assert_eq!(missing.field.as_deref(), Some("scopeId"));
    }
}
