//! Which project a client is bound to: an explicit argument, the setting, the directory that the
//! agent names, the git root of the working directory. Never guessed beyond that. Pure.

use std::path::{Path, PathBuf};

use agent_memory_proto::{Request, model::Id, request::GetProject};

/// What names the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectName {
    /// Its id.
    Id(Id),
    /// Its directory or one inside it, absolute.
    Directory(PathBuf),
    /// Its name.
    Name(String),
}

/// Where the binding came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingSource {
    /// An argument of the caller.
    Argument,
    /// `AGENT_MEMORY_PROJECT`.
    Setting,
    /// `CLAUDE_PROJECT_DIR`.
    AgentDirectory,
    /// The git root of the working directory.
    GitRoot,
    /// The working directory, which is in no repository.
    WorkingDirectory,
}

impl BindingSource {
    /// Its public name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Argument => "the --project argument",
            Self::Setting => "AGENT_MEMORY_PROJECT",
            Self::AgentDirectory => "CLAUDE_PROJECT_DIR",
            Self::GitRoot => "the git root of the working directory",
            Self::WorkingDirectory => "the working directory",
        }
    }

    /// Whether the user named a project, so that one that does not exist is an error. A directory
    /// that merely is where the agent works need not be a project.
    #[must_use]
    pub const fn is_explicit(self) -> bool {
        matches!(self, Self::Argument | Self::Setting)
    }
}

/// The project that a client is bound to, not yet looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// What names it.
    pub name: ProjectName,
    /// Where that came from.
    pub source: BindingSource,
}

impl Binding {
    /// What is looked for where nothing else names a project: one that was created for this directory, or for one
    /// above it. It is never created from that.
    #[must_use]
    pub fn of_working_dir(working_dir: &Path) -> Self {
        let name = ProjectName::Directory(working_dir.to_owned());
        Self { name, source: BindingSource::WorkingDirectory }
    }
}

/// What a binding is derived from.
#[derive(Clone, Copy, Debug)]
pub struct BindingInputs<'a> {
    /// The caller's argument.
    pub argument: Option<&'a str>,
    /// `AGENT_MEMORY_PROJECT`.
    pub setting: Option<&'a str>,
    /// `CLAUDE_PROJECT_DIR`.
    pub agent_directory: Option<&'a str>,
    /// The working directory, absolute.
    pub working_dir: &'a Path,
}

/// The binding, if there is one. `exists` tells whether a path exists.
pub fn bind(inputs: &BindingInputs<'_>, exists: impl Fn(&Path) -> bool) -> Option<Binding> {
    let given = |text: Option<&str>, source| {
        let text = text?.trim();
        let name = project_name(text, inputs.working_dir, &exists);
        (!text.is_empty()).then_some(Binding { name, source })
    };
    given(inputs.argument, BindingSource::Argument)
        .or_else(|| given(inputs.setting, BindingSource::Setting))
        .or_else(|| {
            let directory = inputs.agent_directory.filter(|text| Path::new(text).is_absolute())?;
            let name = ProjectName::Directory(PathBuf::from(directory));
            Some(Binding { name, source: BindingSource::AgentDirectory })
        })
        .or_else(|| {
            let root = git_root(inputs.working_dir, &exists)?;
            let name = ProjectName::Directory(root.to_owned());
            Some(Binding { name, source: BindingSource::GitRoot })
        })
}

/// Reads an id, a directory (anything with a separator, or a relative directory that exists), or
/// else a name.
pub fn project_name(text: &str, working_dir: &Path, exists: impl Fn(&Path) -> bool) -> ProjectName {
    if let Ok(id) = text.parse() {
        return ProjectName::Id(id);
    }
    let looks_like_path = text == "." || text == ".." || text.contains('/') || text.contains('\\');
    let path = working_dir.join(text);
    if looks_like_path && exists(&path) {
        ProjectName::Directory(path)
    } else {
        ProjectName::Name(text.to_owned())
    }
}

/// The nearest directory upwards that holds `.git` (a file in worktrees and submodules).
pub fn git_root(from: &Path, exists: impl Fn(&Path) -> bool) -> Option<&Path> {
    from.ancestors().find(|folder| exists(&folder.join(".git")))
}

impl ProjectName {
    /// The request that looks the project up. Directories are resolved with `canonical`, since the
    /// daemon keeps root paths without links.
    pub fn request(&self, canonical: impl Fn(&Path) -> Option<PathBuf>) -> Request {
        let mut request = GetProject { id: None, root_path: None, name: None, org_id: None };
        match self {
            Self::Id(id) => request.id = Some(*id),
            Self::Directory(path) => {
                let path = canonical(path).unwrap_or_else(|| path.clone());
                request.root_path = Some(path.to_string_lossy().into_owned());
            }
            Self::Name(name) => request.name = Some(name.clone()),
        }
        Request::GetProject(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(working_dir: &str) -> BindingInputs<'_> {
        let working_dir = Path::new(working_dir);
        BindingInputs { argument: None, setting: None, agent_directory: None, working_dir }
    }

    #[test]
    fn the_argument_wins_over_everything() {
        let inputs = BindingInputs {
            argument: Some("shop"),
            setting: Some("other"),
            agent_directory: Some("/agent"),
            ..at("/repo/src")
        };
        let binding = bind(&inputs, |_| true).expect("bound");
        assert_eq!(binding.source, BindingSource::Argument);
        assert_eq!(binding.name, ProjectName::Name("shop".to_owned()));
        let inputs = BindingInputs { argument: None, ..inputs };
        assert_eq!(bind(&inputs, |_| true).expect("bound").source, BindingSource::Setting);
        let inputs = BindingInputs { setting: Some(""), ..inputs };
        assert_eq!(bind(&inputs, |_| true).expect("bound").source, BindingSource::AgentDirectory);
    }

    #[test]
    fn the_git_root_is_the_last_resort() {
        let exists = |path: &Path| path == Path::new("/repo/.git");
        let binding = bind(&at("/repo/src/deep"), exists).expect("bound");
        assert_eq!(binding.name, ProjectName::Directory("/repo".into()));
        assert_eq!(bind(&at("/elsewhere"), exists), None);
    }

    #[test]
    fn ids_directories_and_names_are_told_apart() {
        let here = Path::new("/projects");
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert!(matches!(project_name(id, here, |_| true), ProjectName::Id(_)));
        assert_eq!(project_name("./shop", here, |_| true), ProjectName::Directory("/projects/./shop".into()));
        assert_eq!(project_name(".", here, |_| true), ProjectName::Directory("/projects/.".into()));
        assert_eq!(project_name("team/shop", here, |_| false), ProjectName::Name("team/shop".to_owned()));
        assert_eq!(project_name("shop", here, |_| true), ProjectName::Name("shop".to_owned()));
    }
}
