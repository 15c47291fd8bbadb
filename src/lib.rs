//! Countersign: a gate in front of a Git server's important branches.
//!
//! The layers, arrows pointing down:
//! `domain <- {detect, policy, signature, git, store} <- {hook, server} <- cli <- main`.

pub mod cli;
pub mod detect;
pub mod diagnostics;
pub mod domain;
pub mod git;
pub mod hook;
pub mod policy;
pub mod server;
pub mod settings;
pub mod signature;
pub mod store;
