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
    /// Levels of a path (`path_levels`).
    pub path_levels: usize,
    /// Bytes of a blob that a replay merges (`merge_blob_bytes`).
    pub merge_blob_bytes: usize,
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
            time_budget: Duration::from_secs(30),
        }
    }
}

/// Newest eligible statements tried for one commit (G10).
pub const STATEMENTS_TRIED: usize = 32;

/// Bytes of a signature file; the largest RSA signature armoured is below 8 KiB.
pub const SIGNATURE_BYTES: usize = 16 << 10;

/// Bytes of the policy file.
pub const POLICY_BYTES: usize = 4 << 20;

/// Bytes of `countersign.toml`.
pub const SETTINGS_BYTES: usize = 64 << 10;

/// Bytes of a custom marker's regular expression.
pub const MARKER_PATTERN_BYTES: usize = 1 << 10;

/// Bytes that a custom marker's compiled regular expression may take.
pub const MARKER_COMPILED_BYTES: usize = 1 << 20;
