//! Exit codes, in one place.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// 0: done. For the hook: the push may land.
    Done,
    /// 1: failed. For the hook: the push may not land.
    Failed,
    /// 2: the command line is not one.
    Usage,
    /// 3: the policy says no.
    PolicySaysNo,
    /// 4: nobody is logged in.
    NotAuthenticated,
    /// 5: the store is unreachable.
    StoreUnreachable,
}

impl From<Exit> for ExitCode {
    /// The one place of the program where 0 stands (G5).
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::PolicySaysNo => 3,
            Exit::NotAuthenticated => 4,
            Exit::StoreUnreachable => 5,
        })
    }
}
