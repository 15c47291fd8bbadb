//! Every input's limit, with a unit and a name (G20).

use std::time::Duration;

/// Limits of one push; `[limits]` in `countersign.toml` sets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// New commits of a rule and a ref (`new_commits`).
    pub new_commits: usize,
    /// Ref updates of a push (`refs`).
    pub refs: usize,
    /// Bytes of the hook's standard input (`stdin_bytes`).
    pub stdin_bytes: usize,
    /// Bytes of a push certificate (`certificate_bytes`).
    pub certificate_bytes: usize,
    /// Bytes of a ref's name (`ref_name_bytes`).
    pub ref_name_bytes: usize,
    /// Bytes of a commit or tag object (`commit_bytes`).
    pub commit_bytes: usize,
    /// Changed paths of a commit (`changed_paths`).
    pub changed_paths: usize,
    /// Parents of a commit (`parents`).
    pub parents: usize,
    /// Bytes of a statement (`statement_bytes`).
    pub statement_bytes: usize,
    /// Deliveries of a push (`deliveries`).
    pub deliveries: usize,
    /// Folders above a file (`path_levels`).
    pub path_levels: usize,
    /// Bytes of a blob that a replay merges (`merge_blob_bytes`).
    pub merge_blob_bytes: usize,
    /// Bytes of what the hook holds of a push's commits (`push_bytes`).
    pub push_bytes: usize,
    /// The whole hook (`time_budget`).
    pub time_budget: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            new_commits: 20_000,
            refs: 2_000,
            stdin_bytes: 4 << 20,
            // The updates, once more, and what stands around them.
            certificate_bytes: 8 << 20,
            ref_name_bytes: 4_096,
            commit_bytes: 1 << 20,
            changed_paths: 50_000,
            parents: 64,
            statement_bytes: 1 << 20,
            deliveries: 100,
            path_levels: 1_000,
            merge_blob_bytes: 8 << 20,
            push_bytes: 256 << 20,
            time_budget: Duration::from_secs(30),
        }
    }
}

/// That something passes a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The limit's name under `[limits]`.
    pub key: &'static str,
    /// What it is set to.
    pub limit: usize,
    /// What passes it, such as `commit 1a2b3c4d`.
    pub what: String,
    /// By how much, where that was found out: a count that stops at the limit does not know.
    pub seen: Option<usize>,
}

impl Passed {
    /// That `what` passes the limit `key`, nobody knows by how much.
    pub fn new(key: &'static str, limit: usize, what: impl Into<String>) -> Self {
        Self { key, limit, what: what.into(), seen: None }
    }

    /// With what was seen.
    #[must_use]
    pub fn seen(self, seen: usize) -> Self {
        Self { seen: Some(seen), ..self }
    }

    /// Said of something else.
    #[must_use]
    pub fn about(self, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..self }
    }

    /// What the limit counts.
    fn unit(&self) -> &'static str {
        match self.key {
            "new_commits" => "new commits",
            "refs" => "refs",
            "changed_paths" => "changed paths",
            "parents" => "parents",
            "deliveries" => "sign-offs",
            "path_levels" => "levels",
            _ => "bytes",
        }
    }
}

impl std::fmt::Display for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, limit, what, seen } = self;
        match seen {
            Some(seen) => write!(f, "{what} has {seen} {}, ", self.unit())?,
            None => write!(f, "{what} has more than {limit} {}, ", self.unit())?,
        }
        write!(f, "the limit {key} is {limit}")
    }
}

/// Newest eligible statements tried for one commit (G10).
pub const STATEMENTS_TRIED: usize = 32;

/// Bytes of a signature file; the largest RSA signature armoured is below 8 KiB.
pub const SIGNATURE_BYTES: usize = 16 << 10;

/// Bytes of the policy file.
pub const POLICY_BYTES: usize = 4 << 20;

/// Bytes of a file of markers.
pub const CATALOGUE_BYTES: usize = 1 << 20;

/// Bytes of `countersign.toml`.
pub const SETTINGS_BYTES: usize = 64 << 10;

/// Bytes of a custom marker's regular expression.
pub const MARKER_PATTERN_BYTES: usize = 1 << 10;

/// Bytes that a custom marker's compiled regular expression may take.
pub const MARKER_COMPILED_BYTES: usize = 1 << 20;

/// Bytes of a record that `detect` reads: a commit of the largest size, every byte of it
/// escaped in JSON.
pub const RECORD_BYTES: usize = 8 << 20;
