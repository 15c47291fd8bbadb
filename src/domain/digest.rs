//! Hashing, in the one place that names sha2.

use sha2::{Digest, Sha256};

use super::change::Change;
use super::ids::{
    CatalogueDigest, ChangeDigest, Login, PathsDigest, PolicyDigest, RefName, RepositoryName,
    RequestId, RowHash, StatementHash, TokenHash,
};
use super::memory::Fingerprint;
use super::request::Asked;

fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// A statement's name everywhere: SHA-256(statement, one zero byte, signature) (G24).
/// Both are hashed, since two people may sign the same bytes.
#[must_use]
pub fn statement_hash(statement: &[u8], signature: &[u8]) -> StatementHash {
    StatementHash::from_raw(sha256([statement, b"\0", signature]))
}

/// SHA-256 of the policy file as it lies on disk; with a catalogue of markers that it names,
/// of both, with one zero byte between them. A policy holds no zero byte.
#[must_use]
pub fn policy_digest(bytes: &[u8]) -> PolicyDigest {
    PolicyDigest::from_raw(sha256([bytes]))
}

/// SHA-256 of a catalogue of markers, as the file has it.
#[must_use]
pub fn catalogue_digest(bytes: &[u8]) -> CatalogueDigest {
    CatalogueDigest::from_raw(sha256([bytes]))
}

/// What is kept of a Git host's token: SHA-256 over a domain tag and the token. It holds 256
/// random bits, so that no slow hash is needed.
#[must_use]
pub fn token_hash(token: &str) -> TokenHash {
    TokenHash::from_raw(sha256([b"countersign token v1\n".as_slice(), token.as_bytes()]))
}

/// A decision row's hash: the row before it and the row's exact bytes.
#[must_use]
pub fn row_hash(previous: Option<&RowHash>, body: &[u8]) -> RowHash {
    let zero = [0; 32];
    let previous = previous.map_or(&zero, RowHash::as_bytes);
    RowHash::from_raw(sha256([b"countersign decision v1\n".as_slice(), previous, body]))
}

/// `change-v1` over [`Change::to_bytes`]; `None` for an empty change (G10).
#[must_use]
pub fn change_digest(change: &Change) -> Option<ChangeDigest> {
    (!change.entries().is_empty()).then(|| change_digest_of_bytes(&change.to_bytes()))
}

/// `change-v1` over bytes that claim to be [`Change::to_bytes`] of something.
#[must_use]
pub fn change_digest_of_bytes(bytes: &[u8]) -> ChangeDigest {
    ChangeDigest::from_raw(sha256([bytes]))
}

/// `paths-v1`: SHA-256 over the sorted, length-prefixed paths.
#[must_use]
pub fn paths_digest(change: &Change) -> PathsDigest {
    let mut hash = Sha256::new();
    hash.update(b"countersign paths v1\n");
    for entry in change.entries() {
        let path = entry.path.as_bytes();
        hash.update(u64::try_from(path.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(path);
    }
    PathsDigest::from_raw(hash.finalize().into())
}

/// A review request's name: one for each pusher, ref and set of changes, however often it is
/// pushed. SHA-256 over a domain tag and the parts, each with its length before it; a commit
/// without a change of its own stands for itself.
#[must_use]
pub fn request_id(
    repository: &RepositoryName,
    name: &RefName,
    pusher: Option<&Login>,
    commits: &[Asked],
) -> RequestId {
    let mut hash = Sha256::new();
    hash.update(b"countersign request v1\n");
    let mut add = |part: &[u8]| {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    };
    add(repository.as_str().as_bytes());
    add(name.as_bytes());
    add(pusher.map_or(b"".as_slice(), |login| login.as_str().as_bytes()));
    let of = |asked: &Asked| match &asked.change {
        Some(change) => change.as_bytes().to_vec(),
        None => asked.commit.as_bytes().to_vec(),
    };
    let mut changes: Vec<_> = commits.iter().map(of).collect();
    changes.sort();
    changes.dedup();
    changes.iter().for_each(|change| add(change));
    RequestId::from_bits(first_eight(hash.finalize().into()).0.cast_unsigned())
}

/// A run of lines as memory keeps it (G9): the first eight bytes of SHA-256 over a domain
/// tag and the lines, each with a line feed after it, as a signed big-endian integer.
#[must_use]
pub fn fingerprint(lines: &[Vec<u8>]) -> Fingerprint {
    let mut hash = Sha256::new();
    hash.update(b"countersign run v1\n");
    for line in lines {
        hash.update(line);
        hash.update(b"\n");
    }
    first_eight(hash.finalize().into())
}

/// A path as memory keeps it: to tell files apart, not to name them.
#[must_use]
pub fn path_fingerprint(path: &[u8]) -> Fingerprint {
    first_eight(sha256([b"countersign path v1\n".as_slice(), path]))
}

fn first_eight(hash: [u8; 32]) -> Fingerprint {
    let [a, b, c, d, e, f, g, h, ..] = hash;
    Fingerprint(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
}
