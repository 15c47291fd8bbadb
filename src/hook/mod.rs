//! One push from standard input to exit code.
//!
//! Owns the order of things: input, environment, facts, decision, log, text. It decides
//! nothing itself ([`crate::domain::decide()`] does) and prints nothing (`cli` does).

pub mod adopt;
mod ask;
mod certificate;
pub mod collect;
mod cover;
mod deliver;
pub mod environment;
mod findings;
mod held;
pub mod input;
mod learn;
pub mod log;
mod look;
pub mod memory;
mod merges;
pub mod names;
mod notes;
pub mod opened;
mod over;
pub mod post;
mod pushee;
mod ranges;
mod recalled;
mod record;
mod refused;
pub mod report;
mod requests;
pub mod run;
mod settle;
mod statements;
mod waiting;
mod walks;
