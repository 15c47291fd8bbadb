//! The one decision, held against tables and laws: no repository, no store, no clock.

mod laws;
mod matrix;
mod memory;
mod oracle;
mod stage;
mod tree;
mod words;
mod worlds;
