//! Finds the executables under test: those that the same build left beside the tests.

use std::path::PathBuf;

/// The client's executable.
pub const CLIENT: &str = "agent-memory";
/// The daemon's executable.
pub const DAEMON: &str = "agent-memoryd";

/// The path of one of them.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn executable(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the system tells the path of this test");
    // A test is target/debug/deps/this_test, a program of this crate target/debug/this_program.
    let own = test.parent().expect("a program lies in a folder");
    let folder = if own.ends_with("deps") { own.parent().expect("deps lies in a folder") } else { own };
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is not there: the tests start the real executables and do not build them. \
         Run scripts/test, or first `cargo build --workspace --bins`",
        path.display()
    );
    path
}
