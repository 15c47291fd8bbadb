//! Git repositories as facts: the only place that names git2, and the only one that starts
//! `git` children.
//!
//! Owns opening a repository (once, in one way, seeing a push's quarantine and nothing a
//! client injected, G22), strict reading of raw objects (G17), walks (G1), changes and
//! their replay (G10), deliveries and the published log (G24). It must not judge, print,
//! exit, read a clock or name the store; of the process's environment it reads what
//! [`child`] says.
//!
//! What is read from objects is read in process. These start one child each: walks that
//! are not a plain chain of single parents ([`range`]), [`Repo::refs`],
//! [`Repo::merge_bases`], [`Repo::own_changes`] of merges, every write ([`log`], [`inbox`]), and
//! everything in [`laptop`].
//! A push of commits with one parent each, on top of the ref's old value, starts none.

pub mod aliases;
pub mod bases;
pub mod change;
mod child;
pub mod commit;
pub mod diff;
mod environment;
mod error;
pub mod graph;
pub mod inbox;
pub mod laptop;
pub mod log;
pub mod log_read;
pub mod made;
mod merge;
mod octopus;
pub mod range;
mod read;
mod refs;
mod remote;
pub mod replay;
mod repo;
mod shallow;
mod tables;
#[cfg(test)]
mod tests;
mod tree;
mod write;

pub use child::stop as stop_children;
pub use environment::{HookEnv, Quarantine};
pub use error::GitError;
pub use merge::OwnChange;
pub use read::{Kind, Peeled, is_of};
pub use remote::PushSaid;
pub use repo::{Repo, common_dir};
