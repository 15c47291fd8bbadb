//! The ground floor: the words of the product as types, and the one decision.
//!
//! Owns what must be true whoever asks: ids, change digests, the policy as checked
//! data, statements, facts, and [`decide()`]. It must not touch files, clocks,
//! environment, network, git2, SQL, clap or axum; `digest` alone names sha2.

pub mod change;
mod corrections;
pub mod decide;
pub mod decision;
pub mod digest;
pub mod escape;
pub mod evidence;
pub mod facts;
pub mod four_eyes;
pub mod glob;
pub mod ids;
pub mod limits;
pub mod memory;
pub mod object;
pub mod policy;
pub mod request;
pub mod sighting;
pub mod statement;
mod tally;
#[cfg(test)]
mod tests;
pub mod validity;

pub use decide::decide;
