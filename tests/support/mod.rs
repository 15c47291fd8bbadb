//! A world of its own for each test: bare repositories behind the gate, named people with
//! keys and clones, and an oracle for statements that shares no code with the program.
//!
//! Cast: `kim` develops; `ghopper`, `alovelace` and `khamilton` are seniors; `mallory` is
//! no one the policy knows.

pub(crate) mod clone;
pub(crate) mod commit;
pub(crate) mod delivery;
pub(crate) mod http;
pub(crate) mod keys;
pub(crate) mod policy;
pub(crate) mod push;
pub(crate) mod run;
pub(crate) mod sshd;
pub(crate) mod statement;
pub(crate) mod store;
pub(crate) mod world;

pub(crate) use clone::Clone;
pub(crate) use commit::{CLAUDE, Commit, ai, human};
pub(crate) use delivery::Delivery;
pub(crate) use keys::key;
pub(crate) use policy::Policy;
pub(crate) use push::PushResult;
pub(crate) use statement::{Draft, Signed};
pub(crate) use world::{World, reftables};

/// The branch that the standard policy gates.
pub(crate) const MAIN: &str = "refs/heads/main";
/// The repository that tests use unless they need two.
pub(crate) const API: &str = "payments/api";
/// What the first line of a rejection says where the policy asks for a sign-off.
pub(crate) const NEEDS: &str = "senior sign-off";
