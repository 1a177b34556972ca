//! Password files, as the other programs of PostgreSQL read them: lines of
//! `host:port:database:user:password`, any of the first four `*`, with `\:` and `\\`.

use std::path::{Path, PathBuf};

/// Where the file is: `PGPASSFILE`, else its place in the home directory.
pub(super) fn place(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    if let Some(named) = variable("PGPASSFILE") {
        return Some(named.into());
    }
    match cfg!(windows) {
        true => Some(Path::new(&variable("APPDATA")?).join("postgresql").join("pgpass.conf")),
        false => Some(Path::new(&variable("HOME")?).join(".pgpass")),
    }
}

/// What a password is looked up for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// A name, or the directory of a Unix socket.
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password of the first line that fits. A file that is not there holds none.
///
/// # Errors
/// Why the file is left alone.
pub(super) fn find(path: &Path, wanted: Wanted<'_>) -> Result<Option<String>, String> {
    let ignored = |cause: String| {
        let path = path.display();
        format!("the password file {path} is ignored: {cause}")
    };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ignored(error.to_string())),
    };
    if !metadata.is_file() {
        return Err(ignored("it is no plain file".to_owned()));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(ignored("others than its owner may read or write it; run chmod 600 on it".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| ignored(error.to_string()))?;
    Ok(text.lines().find_map(|line| of_line(line, wanted)))
}

fn of_line(line: &str, wanted: Wanted<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line);
    let [host, port, database, user, password] = fields.as_slice() else { return None };
    let fits = |field: &Field, value: &str| field.is_any || field.text == value;
    let fits = (fits(host, wanted.host) || (host.text == "localhost" && is_default_socket(wanted.host)))
        && fits(port, &wanted.port.to_string())
        && fits(database, wanted.database)
        && fits(user, wanted.user);
    (fits && !password.text.is_empty()).then(|| password.text.clone())
}

/// The servers of distributions put their sockets there, and their clients call that `localhost`.
fn is_default_socket(host: &str) -> bool {
    ["/run/postgresql", "/var/run/postgresql", "/tmp"].contains(&host.trim_end_matches('/'))
}

#[derive(Debug, Default)]
struct Field {
    text: String,
    /// A bare `*`.
    is_any: bool,
}

/// At most five: a password may hold bare colons.
fn fields(line: &str) -> Vec<Field> {
    let mut fields = vec![Field::default()];
    let mut escaped = false;
    for character in line.chars() {
        let count = fields.len();
        let Some(field) = fields.last_mut() else { return fields };
        match character {
            _ if escaped => {
                field.text.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            ':' if count < 5 => fields.push(Field::default()),
            '*' if field.text.is_empty() && !field.is_any => field.is_any = true,
            _ => field.text.push(character),
        }
    }
    for field in &mut fields {
        if field.is_any && !field.text.is_empty() {
            field.text.insert(0, '*');
            field.is_any = false;
        }
    }
    if let [.., last] = fields.as_mut_slice()
        && last.is_any
    {
        last.text.push('*');
    }
    fields
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const WANTED: Wanted<'static> = Wanted { host: "db:1", port: 5_432, database: "memory", user: "zoë" };

    fn found(text: &str, mode: u32) -> Result<Option<String>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pgpass");
        fs::write(&path, text).expect("writes");
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("a mode");
        find(&path, WANTED)
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# db\\:1:*:*:*:comment\nother:*:*:*:no\ndb\\:1:5433:*:*:no\ndb\\:1:*:memory:zoë:a\\\\b:\\:c\n*:*:*:*:late";
        assert_eq!(found(text, 0o600), Ok(Some("a\\b::c".to_owned())));
        assert_eq!(found("*:*:*:*:*", 0o400), Ok(Some("*".to_owned())));
        assert_eq!(found("*x:*:*:*:no\n\nshort:line", 0o600), Ok(None));
        assert_eq!(found("", 0o600), Ok(None));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_left_alone() {
        let refused = found("*:*:*:*:sesame", 0o640).expect_err("is ignored");
        assert!(refused.contains("chmod 600") && !refused.contains("sesame"), "{refused}");
    }

    #[test]
    fn no_file_is_no_password() {
        assert_eq!(find(Path::new("/nowhere/pgpass"), WANTED), Ok(None));
    }

    #[test]
    fn a_socket_of_the_distribution_is_localhost() {
        let wanted = Wanted { host: "/var/run/postgresql", ..WANTED };
        assert_eq!(of_line("localhost:*:*:*:word", wanted), Some("word".to_owned()));
        assert_eq!(of_line("/var/run/postgresql:*:*:*:word", wanted), Some("word".to_owned()));
        assert_eq!(of_line("localhost:*:*:*:word", WANTED), None);
    }

    #[test]
    #[cfg(unix)]
    fn the_variable_goes_before_the_home_directory() {
        let variables = |name: &str| match name {
            "PGPASSFILE" => Some("/secrets/pg".to_owned()),
            _ => Some("/home/zoë".to_owned()),
        };
        assert_eq!(place(&variables), Some("/secrets/pg".into()));
        let home = |name: &str| (name == "HOME").then(|| "/home/zoë".to_owned());
        assert_eq!(place(&home), Some("/home/zoë/.pgpass".into()));
    }
}
