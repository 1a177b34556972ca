//! The one mapping from the driver's errors to those of the store.

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match &error {
            Error::SqliteFailure(failure, _) => of_failure(*failure, error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

fn of_failure(failure: ffi::Error, text: String) -> StoreError {
    match failure.code {
        ErrorCode::DiskFull => StoreError::DiskFull(text),
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            StoreError::ReadOnly(text)
        }
        // The shared-memory file of the log could not grow, and nothing was written yet.
        ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => {
            StoreError::DiskFull(text)
        }
        // Not `ReadOnly`: a commit whose last sync failed may be found again after a crash.
        ErrorCode::SystemIoFailure => StoreError::Other(format!("the file system failed: {text}")),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(text),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Locked(text),
        ErrorCode::OperationInterrupted => StoreError::DeadlineExceeded,
        _ => StoreError::Other(text),
    }
}

/// What a statement did, unless it was refused because a value that must be unique is there already.
///
/// # Errors
/// Whatever else SQLite says.
pub(super) fn unless_taken<T>(result: Result<T, Error>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if is_unique_violation(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_unique_violation(error: &Error) -> bool {
    matches!(error, Error::SqliteFailure(failure, _)
        if failure.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE
            || failure.extended_code == ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(extended_code: i32) -> StoreError {
        Error::SqliteFailure(ffi::Error::new(extended_code), None).into()
    }

    #[test]
    fn every_cause_keeps_its_meaning() {
        assert!(matches!(mapped(ffi::SQLITE_FULL), StoreError::DiskFull(_)));
        assert!(matches!(mapped(ffi::SQLITE_READONLY_DBMOVED), StoreError::ReadOnly(_)));
        assert!(matches!(mapped(ffi::SQLITE_CANTOPEN), StoreError::ReadOnly(_)));
        assert!(matches!(mapped(ffi::SQLITE_NOTADB), StoreError::Corrupt(_)));
        assert!(matches!(mapped(ffi::SQLITE_CORRUPT_VTAB), StoreError::Corrupt(_)));
        assert!(matches!(mapped(ffi::SQLITE_BUSY), StoreError::Locked(_)));
        assert_eq!(mapped(ffi::SQLITE_INTERRUPT), StoreError::DeadlineExceeded);
    }

    #[test]
    fn a_failed_sync_may_have_been_applied() {
        assert!(!mapped(ffi::SQLITE_IOERR_FSYNC).is_certainly_not_applied());
    }
}
