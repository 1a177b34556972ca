//! Certificates for the servers of tests, and an authority that issues them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tempfile::TempDir;

use crate::{PostgresOptions, files};

/// An authority that signs certificates.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: TempDir,
}

/// How long a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// For ages.
    Now,
    /// It has expired long ago.
    Expired,
}

impl Authority {
    /// A new one, of which nobody knows but who reads its file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "An authority of tests");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let directory = tempfile::Builder::new().prefix("am-ca-").tempdir()?;
        fs::write(directory.path().join("ca.pem"), params.self_signed(&key)?.pem())?;
        Ok(Self { issuer: Issuer::new(params, key), directory })
    }

    /// Its certificate, for those who are to trust it.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// The options of a PostgreSQL server that takes TLS with a certificate of this authority for
    /// `name`.
    ///
    /// # Errors
    /// When it cannot be issued.
    pub fn server(&self, name: &str, validity: Validity) -> Result<PostgresOptions> {
        let (certificate_file, key_file) = self.issue(name, validity)?;
        let path = |path: &Path| path.display().to_string();
        Ok(PostgresOptions::default()
            .set("ssl", "on")
            .set("ssl_cert_file", &path(&certificate_file))
            .set("ssl_key_file", &path(&key_file)))
    }

    /// Issues a certificate for `name`, and returns its file and that of its key, which belong to the
    /// user that servers run as.
    ///
    /// # Errors
    /// When it cannot be issued.
    pub fn issue(&self, name: &str, validity: Validity) -> Result<(PathBuf, PathBuf)> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        if validity == Validity::Expired {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let (certificate_file, key_file) = (self.place("server.pem"), self.place("server.key"));
        fs::write(&certificate_file, certificate.pem())?;
        fs::write(&key_file, key.serialize_pem())?;
        fs::set_permissions(&key_file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        files::give(self.directory.path())?;
        Ok((certificate_file, key_file))
    }

    fn place(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
