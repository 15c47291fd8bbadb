//! Errors of the store, and limits that were passed, in the pusher's words (G5): the fault is
//! never theirs.

use super::log::chain;
use crate::domain::decision::{Family, Finding};
use crate::domain::limits::Passed;
use crate::domain::policy::Mode;
use crate::git::GitError;
use crate::store::StoreError;

/// What rejects where anything is gated, under the strictest mode of the push. Else the push
/// lands, and there is nothing for the pusher to do.
pub(super) fn of_store(error: &StoreError, mode: Option<Mode>) -> Finding {
    match mode {
        Some(mode) => store(error).with_mode(mode),
        None => Finding {
            hints: vec![
                "what AI tools did here is not on record; nothing to do for you".to_owned(),
            ],
            ..store(error).with_mode(Mode::Warn)
        },
    }
}

/// A store error in the pusher's words.
#[must_use]
pub(super) fn store(error: &StoreError) -> Finding {
    let message = match error {
        StoreError::NewerSchema { .. } => "the sign-off store was written by a newer version",
        StoreError::Damaged(_) => "the sign-off store is damaged",
        StoreError::Behind(_) => "the sign-off store lacks what this repository has published",
        StoreError::NoLogin(_) => "the sign-off store does not know this server",
        StoreError::Unreachable(_) => "the sign-off store does not answer",
    };
    Finding::new("store-unreachable", Family::StoreUnreachable, message)
        .hint("this is not your fault: push again later, or tell the server's admins")
}

/// A passed limit (G20): its name, its value, what was seen where, and what to do.
pub(super) fn limit(passed: &Passed) -> Finding {
    let code = format!("limit-{}", passed.key.replace('_', "-"));
    let step = match passed.key {
        "refs" | "stdin_bytes" | "certificate_bytes" => "push fewer refs at once",
        "ref_name_bytes" => "give the ref a shorter name",
        "commit_bytes" => "write a shorter message",
        "changed_paths" => "split the commit into smaller ones",
        "path_levels" => "put the files under fewer folders",
        "parents" => "merge fewer branches at once",
        "statement_bytes" => "sign a part of the range at a time",
        "deliveries" => "hand in fewer sign-offs at once",
        _ => "push an older commit first, or fewer refs at once",
    };
    Finding::new(&code, Family::CouldNotFinish, passed.to_string())
        .hint("this is not your fault: the gate takes no more at once")
        .hint(format!("{step}, or"))
        .hint(format!("an admin can raise {} under [limits]", passed.key))
}

/// A git error in the pusher's words.
pub(super) fn git(error: &GitError) -> Finding {
    match error {
        GitError::TooManyCommits { limit: most } => {
            limit(&Passed::new("new_commits", *most, "a range of this push"))
        }
        GitError::Limit(passed) => limit(passed),
        GitError::TagsTooDeep { .. } => {
            Finding::new("tags-too-deep", Family::NotAllowed, error.to_string())
                .hint("tag the commit itself")
        }
        GitError::MissingParent { commit, parent, ends_early: false } => Finding::new(
            "missing-parent",
            Family::CouldNotFinish,
            format!(
                "{} has the parent {}, which the server's repository lacks",
                commit.short(),
                parent.short()
            ),
        )
        .hint("this is not your fault: tell the server's admins that history is missing there"),
        GitError::MissingParent { commit, .. } => Finding::new(
            "shallow",
            Family::NotAllowed,
            format!(
                "{} has a parent that neither the push nor the repository holds: the history \
                 would become shallow",
                commit.short()
            ),
        )
        .hint("git fetch --unshallow, then push again"),
        GitError::Malformed { id, .. } => Finding::new(
            "malformed-object",
            Family::NotAllowed,
            format!("{error}: programs would read {} differently", id.short()),
        )
        .hint("recreate the commit with git itself"),
        GitError::MalformedBelow { id, .. } => Finding::new(
            "malformed-object",
            Family::NotAllowed,
            format!("{error}: programs would read {} differently", id.short()),
        )
        .hint("if the commit below is yours, recreate it with git itself; else")
        .hint("an admin can place one on the host that writes its folders anew")
        .hint("(git read-tree, git write-tree, git commit-tree) to rebase onto"),
        GitError::Environment { .. } => {
            Finding::new("environment", Family::CouldNotFinish, error.to_string())
        }
        GitError::Unreadable { id, .. } => {
            let message = format!("object {id} can't be read");
            Finding::new("unreadable-object", Family::CouldNotFinish, message).detail(chain(error))
        }
        GitError::Child { command, .. } if command == "merge-tree" => {
            let message = "git could not merge the merges of this push again, in the memory and \
                           the time that it may take";
            Finding::new("merge-not-weighed", Family::CouldNotFinish, message)
                .detail(chain(error))
                .hint("this is not your fault: push an older commit first, or tell the admins")
        }
        GitError::Open { .. } | GitError::File { .. } | GitError::Child { .. } => {
            let message = "the gate can't read this repository";
            Finding::new("repository-unreadable", Family::CouldNotFinish, message)
                .detail(chain(error))
        }
        _ => Finding::new("unreadable-object", Family::CouldNotFinish, error.to_string()),
    }
}
