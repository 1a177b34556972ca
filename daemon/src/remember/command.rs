//! Commands inside a text: what looks like something to type into a shell.

use super::title;

/// Programs that people note commands of. A text that begins with one and goes on like a command
/// line is a command.
const PROGRAMS: &[&str] = &[
    "apt",
    "aws",
    "az",
    "bazel",
    "brew",
    "bun",
    "bundle",
    "cargo",
    "cmake",
    "composer",
    "curl",
    "deno",
    "docker",
    "docker-compose",
    "dotnet",
    "flutter",
    "gcloud",
    "gh",
    "git",
    "go",
    "gradle",
    "gradlew",
    "helm",
    "java",
    "jq",
    "just",
    "kubectl",
    "make",
    "mix",
    "mvn",
    "mysql",
    "node",
    "npm",
    "npx",
    "nx",
    "php",
    "pip",
    "pip3",
    "pipx",
    "pnpm",
    "podman",
    "poetry",
    "psql",
    "pytest",
    "python",
    "python3",
    "rails",
    "rake",
    "redis-cli",
    "rg",
    "ruby",
    "rustup",
    "ssh",
    "sqlite3",
    "sudo",
    "swift",
    "systemctl",
    "terraform",
    "tox",
    "uv",
    "vitest",
    "yarn",
];

/// The command that a text shows, by its name: in backticks, after a prompt, a script, or the line.
pub(super) fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let line = text.lines().next()?.trim();
    let shown = prompted(line).or_else(|| quoted(line).find(|command| is_command(command))).or_else(|| {
        line.split_whitespace().map(|word| word.trim_end_matches(['.', ','])).find(|word| is_script(word))
    });
    shown.map(|command| title::clip(command.trim())).filter(|command| !command.is_empty())
}

/// Whether the text is a command line, or begins by showing one.
pub(super) fn is_leading(text: &str) -> bool {
    let line = text.trim_start().lines().next().unwrap_or_default().trim();
    if prompted(line).is_some() {
        return true;
    }
    match line.strip_prefix('`') {
        Some(rest) => rest.split_once('`').is_some_and(|(command, _)| is_command(command)),
        None => begins_with_program(line),
    }
}

/// Whether the text tells to run something that it shows.
pub(super) fn is_told(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let tells = matches!(word, "run" | "execute" | "use" | "with" | "via" | "call" | "type");
        let Some(next) = words.peek().filter(|_| tells) else { continue };
        if is_script(next.trim_end_matches(['.', ','])) {
            return true;
        }
        let at = lower.find(&format!("{word} {next}")).map_or(0, |at| at + word.len() + 1);
        if next.starts_with('`') && quoted(&lower[at..]).next().is_some_and(is_command) {
            return true;
        }
    }
    false
}

fn prompted(line: &str) -> Option<&str> {
    line.strip_prefix("$ ").or_else(|| line.strip_prefix("% ")).map(str::trim).filter(|rest| !rest.is_empty())
}

fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).filter(|part| !part.trim().is_empty())
}

fn is_command(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return false };
    PROGRAMS.contains(&first) || is_script(first) || text.contains(" -")
}

fn is_script(word: &str) -> bool {
    word.starts_with("./") && word.len() > 2
        || !word.contains("://") && word.contains('/') && [".sh", ".py"].iter().any(|end| word.ends_with(end))
}

/// `cargo test` and `make deploy ENV=staging`, but not `make is not installed`.
fn begins_with_program(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else { return false };
    if is_script(first) && first.starts_with("./") {
        return true;
    }
    let Some(second) = words.next() else { return false };
    let is_prose = [
        "is", "are", "was", "has", "have", "can", "does", "needs", "must", "should", "will", "uses",
        "modules", "and", "or", "for", "on", "in",
    ];
    PROGRAMS.contains(&first)
        && !is_prose.contains(&second)
        && second.starts_with(|c: char| !c.is_uppercase())
}
