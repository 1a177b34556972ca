//! The admin key of the bridge's own settings: it stands in where a call gives none, so that no agent
//! has to know it.

use std::fmt;

use agent_memory_proto::Request;

/// The value of `AGENT_MEMORY_ADMIN_KEY` where the bridge runs. Never shown.
#[derive(Clone)]
pub struct AdminKey(String);

impl AdminKey {
    /// Takes the key of the settings.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// Gives the key to a request that asks for one and has none.
    pub(super) fn lend(&self, request: &mut Request) {
        let given = match request {
            Request::DeleteProject(request) => &mut request.admin_key,
            Request::BeginImport(request) => &mut request.admin_key,
            Request::ForceUnlockFile(request) => &mut request.admin_key,
            Request::CreateBackup(request) => &mut request.admin_key,
            Request::VerifyBackup(request) => &mut request.admin_key,
            Request::RestoreBackup(request) => &mut request.admin_key,
            Request::CleanupBackups(request) => &mut request.admin_key,
            Request::GrantPermission(request) => &mut request.admin_key,
            Request::RevokePermission(request) => &mut request.admin_key,
            _ => return,
        };
        given.get_or_insert_with(|| self.0.clone());
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::request::ForceUnlockFile;

    use super::*;

    #[test]
    fn a_call_without_a_key_gets_it_and_one_with_a_key_keeps_its_own() {
        let key = AdminKey::new("sesame");
        for (given, used) in [(None, "sesame"), (Some("mine"), "mine")] {
            let mut request = Request::ForceUnlockFile(ForceUnlockFile {
                path: "/a".to_owned(),
                agent_id: None,
                reason: None,
                admin_key: given.map(str::to_owned),
            });
            key.lend(&mut request);
            assert!(matches!(&request, Request::ForceUnlockFile(r) if r.admin_key.as_deref() == Some(used)));
        }
        assert!(!format!("{key:?}").contains("sesame"));
    }
}
