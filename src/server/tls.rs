//! TLS of a server: its certificate and key, read again as they change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where a certificate and its key are, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there or holds none.
    #[error("\"{}\" can't be used: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The key is another's.
    #[error("the certificate and its key can't be used: {0}")]
    Pair(String),
}

/// What connections are accepted with.
pub struct Tls {
    files: TlsFiles,
    current: Mutex<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    changed: Stamp,
}

/// When the two files were changed last.
type Stamp = [Option<SystemTime>; 2];

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let changed = stamp(&files);
        let acceptor = read(&files)?;
        let current = Mutex::new(Current { acceptor, changed });
        Ok(Self { files, current })
    }

    /// For one more connection. New files that can't be used leave the old ones in force.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = stamp(&self.files);
        if changed != current.changed {
            match read(&self.files) {
                Ok(acceptor) => {
                    tracing::info!("the certificate was read again");
                    (current.acceptor, current.changed) = (acceptor, changed);
                }
                // One of the two may be there and not yet the other: they are read again.
                Err(e) => tracing::error!(error = %e, "the last certificate stays"),
            }
        }
        current.acceptor.clone()
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    let changed = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    [changed(&files.certificate), changed(&files.key)]
}

fn read(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let unusable = |path: &PathBuf, why: String| TlsError::File { path: path.clone(), why };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|e| unusable(&files.certificate, e.to_string()))?;
    if chain.is_empty() {
        return Err(unusable(&files.certificate, "it holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|e| unusable(&files.key, e.to_string()))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| TlsError::Pair(e.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
