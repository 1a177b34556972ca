//! Reading files and walking folders within bounds. Symbolic links inside a folder are not
//! followed, hidden files and folders not looked at; only the path that the user named may be a link.

use std::{
    fs::{File, FileType},
    io::Read,
    path::{Path, PathBuf},
};

use agent_memory_proto::{ErrorBody, ErrorCode};
use walkdir::{DirEntry, WalkDir};

use super::gathered::{Gathered, Position, one_line};

/// Largest Markdown file, in bytes.
pub(super) const TEXT_BYTES_MAX: u64 = 1024 * 1024;
/// Largest file of `server-memory`, in bytes.
pub(super) const LINES_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most bytes of all files of one import.
const TOTAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most files of one import.
const FILES_MAX: usize = 10_000;
/// Most files and folders that are looked at for them.
const LOOKED_AT_MAX: usize = 200_000;
/// Deepest folder that is looked into.
const DEPTH_MAX: usize = 16;

/// A file that was found, and its name as seen from where the search began.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) label: String,
    pub(super) path: PathBuf,
}

impl Found {
    /// The file that the user named.
    pub(super) fn named(path: &Path) -> Self {
        Self { label: label(path.file_name().map_or(path, Path::new)), path: path.to_owned() }
    }

    /// The file of that name below a folder, if it is there.
    pub(super) fn below(root: &Path, name: &str, gathered: &mut Gathered) -> Option<Self> {
        let (path, kind) = below(root, name, gathered)?;
        kind.is_file().then(|| Self { label: name.to_owned(), path })
    }
}

/// Whether a folder of that name is below another one.
pub(super) fn has_folder(root: &Path, name: &str, gathered: &mut Gathered) -> bool {
    below(root, name, gathered).is_some_and(|(_, kind)| kind.is_dir())
}

/// What has that name below a folder. A link on the way is left out with a note.
fn below(root: &Path, name: &str, gathered: &mut Gathered) -> Option<(PathBuf, FileType)> {
    let mut path = root.to_owned();
    let mut found = None;
    for part in name.split('/') {
        path.push(part);
        let kind = std::fs::symlink_metadata(&path).ok()?.file_type();
        if kind.is_symlink() {
            gathered.note(start(name), "left out: a symbolic link; import what it points to");
            return None;
        }
        found = Some(kind);
    }
    found.map(|kind| (path, kind))
}

/// The beginning of a file.
pub(super) fn start(label: &str) -> Position {
    Position { file: label.to_owned(), line: 1 }
}

/// Whether the path is a folder, or a file; anything else is refused.
pub(super) fn is_folder(path: &Path) -> Result<bool, ErrorBody> {
    let wrong = |allowed: String| ErrorBody::invalid("path", path.display(), allowed);
    let metadata = std::fs::metadata(path)
        .map_err(|error| wrong(format!("a file or folder that can be read ({error})")))?;
    if metadata.is_dir() || metadata.is_file() {
        return Ok(metadata.is_dir());
    }
    Err(wrong("a file or a folder".to_owned()))
}

/// What may still be read.
#[derive(Debug)]
pub(super) struct Reader {
    bytes_left: u64,
}

impl Reader {
    pub(super) const fn new() -> Self {
        Self { bytes_left: TOTAL_BYTES_MAX }
    }

    /// The text of a file; what is no text is refused, and reading goes on. An error ends it: too much.
    pub(super) fn text(
        &mut self,
        found: &Found,
        gathered: &mut Gathered,
    ) -> Result<Option<String>, ErrorBody> {
        let Some(mut bytes) = self.bytes(found, TEXT_BYTES_MAX, gathered)? else { return Ok(None) };
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let line = 1 + error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count();
                gathered.refuse(Position { file: found.label.clone(), line }, "no text in UTF-8");
                Ok(None)
            }
        }
    }

    /// The bytes of a file.
    pub(super) fn bytes(
        &mut self,
        found: &Found,
        bytes_max: u64,
        gathered: &mut Gathered,
    ) -> Result<Option<Vec<u8>>, ErrorBody> {
        let mut bytes = Vec::new();
        let read = File::open(&found.path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes));
        if let Err(error) = read {
            gathered.refuse(start(&found.label), format!("cannot be read ({error})"));
            return Ok(None);
        }
        let size = bytes.len() as u64;
        if size > bytes_max {
            gathered.refuse(start(&found.label), format!("larger than {bytes_max} bytes; divide it"));
            return Ok(None);
        }
        self.bytes_left = self
            .bytes_left
            .checked_sub(size)
            .ok_or_else(|| too_much(&format!("more than {TOTAL_BYTES_MAX} bytes of files")))?;
        Ok(Some(bytes))
    }
}

/// The Markdown files of `folder` (nothing for all) below a root, in the order of their names. Links and
/// folders that are too deep are left out with a note.
pub(super) fn markdown_files(
    root: &Path,
    folder: &str,
    gathered: &mut Gathered,
) -> Result<Vec<Found>, ErrorBody> {
    let mut files = Vec::new();
    let walk = WalkDir::new(root.join(folder)).max_depth(DEPTH_MAX + 1).sort_by_file_name();
    let entries = walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry));
    for (index, entry) in entries.enumerate() {
        if index == LOOKED_AT_MAX {
            return Err(too_much(&format!("more than {LOOKED_AT_MAX} files and folders")));
        }
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let name = error.path().map_or_else(|| label(root), |path| relative(root, path));
                gathered.refuse(start(&name), format!("cannot be read ({})", one_line(&error.to_string())));
                continue;
            }
        };
        let name = relative(root, entry.path());
        let kind = entry.file_type();
        if kind.is_dir() && entry.depth() > DEPTH_MAX {
            gathered.note(start(&name), format!("not looked into: deeper than {DEPTH_MAX} folders"));
        } else if kind.is_symlink() && (is_markdown(entry.path()) || entry.path().is_dir()) {
            gathered.note(start(&name), "left out: a symbolic link");
        } else if kind.is_file() && entry.depth() <= DEPTH_MAX && is_markdown(entry.path()) {
            files.push(Found { label: name, path: entry.into_path() });
        }
        if files.len() > FILES_MAX {
            return Err(too_much(&format!("more than {FILES_MAX} Markdown files")));
        }
    }
    Ok(files)
}

fn too_much(what: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::LimitExceeded, format!("{what} in one import"))
        .with_field("path")
        .with_suggestion("Nothing was imported; import its folders one by one")
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Whether the name ends as that of a Markdown file.
pub(super) fn is_markdown(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("md") || extension.eq_ignore_ascii_case("markdown")
}

fn relative(root: &Path, path: &Path) -> String {
    label(path.strip_prefix(root).unwrap_or(path))
}

/// A path in one line, with `/` between its parts on every system.
fn label(path: &Path) -> String {
    let parts = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy().replace(char::is_control, "\u{fffd}"));
    parts.collect::<Vec<_>>().join("/")
}

/// A folder of these files, for tests.
#[cfg(test)]
pub(super) fn folder_of<B: AsRef<[u8]>>(files: &[(&str, B)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_takes_markdown_in_order_and_nothing_hidden() {
        let too_deep = format!("{}end.md", "d/".repeat(DEPTH_MAX + 1));
        let deepest = format!("{}end.md", "e/".repeat(DEPTH_MAX - 1));
        let names = ["b.md", "a/z.MARKDOWN", ".git/x.md", "a/.hidden.md", "c.txt", "node/readme.md"];
        let root =
            folder_of(&names.into_iter().chain([&*too_deep, &deepest]).map(|n| (n, "x")).collect::<Vec<_>>());
        let mut gathered = Gathered::default();
        let files = markdown_files(root.path(), "", &mut gathered).expect("a walk");
        let labels: Vec<_> = files.iter().map(|found| found.label.as_str()).collect();
        assert_eq!(labels, ["a/z.MARKDOWN", "b.md", &deepest, "node/readme.md"]);
        assert_eq!(gathered.notes.len(), 1, "{:?}", gathered.notes);
        assert!(gathered.notes[0].text.starts_with("not looked into"));
        assert_eq!(gathered.refused, []);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_unless_named() {
        let root = folder_of(&[("real/a.md", "x")]);
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(target, root.path().join(name)).expect("a link");
        };
        link("real/a.md", "link.md");
        link("..", "real/up");
        link("/nowhere", "dead.md");
        link("real", "linked");
        let mut gathered = Gathered::default();
        let files = markdown_files(root.path(), "", &mut gathered).expect("a walk");
        assert_eq!(files.len(), 1);
        let noted: Vec<_> = gathered.notes.iter().map(|note| note.position.file.as_str()).collect();
        assert_eq!(noted, ["dead.md", "link.md", "linked", "real/up"]);
        assert!(Found::below(root.path(), "link.md", &mut gathered).is_none());
        assert!(Found::below(root.path(), "linked/a.md", &mut gathered).is_none());
        assert!(!has_folder(root.path(), "linked", &mut gathered));
        assert_eq!(gathered.notes.len(), 7);
        let named = Reader::new().text(&Found::named(&root.path().join("link.md")), &mut gathered);
        assert_eq!(named.expect("in bounds").as_deref(), Some("x"));
        assert!(is_folder(Path::new("/dev/null")).is_err());
        assert!(is_folder(&root.path().join("dead.md")).is_err());
    }

    #[test]
    fn large_and_binary_files_are_refused_with_their_place() {
        let large = vec![b'x'; TEXT_BYTES_MAX as usize + 1];
        let root = folder_of(&[
            ("large.md", large.as_slice()),
            ("binary.md", b"one\ntwo \xff"),
            ("mark.md", b"\xef\xbb\xbf# Title"),
        ]);
        let mut gathered = Gathered::default();
        let files = markdown_files(root.path(), "", &mut gathered).expect("a walk");
        let mut reader = Reader::new();
        let texts: Vec<_> =
            files.iter().map(|found| reader.text(found, &mut gathered).expect("in bounds")).collect();
        assert_eq!(texts, [None, None, Some("# Title".to_owned())]);
        assert_eq!(gathered.refused[0].to_string(), "binary.md:2: no text in UTF-8");
        assert!(gathered.refused[1].to_string().starts_with("large.md:1: larger than"));
        let mut spent = Reader { bytes_left: 3 };
        assert_eq!(
            spent.text(&files[2], &mut gathered).expect_err("too much").code,
            ErrorCode::LimitExceeded
        );
    }
}
