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
    // target/debug/deps/this_test -> target/debug/name
    let folder = test.ancestors().nth(2).expect("a test lies two folders deep");
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is not there: the tests start the real executables and do not build them. \
         Run scripts/test, or first `cargo build --workspace --bins`",
        path.display()
    );
    path
}
