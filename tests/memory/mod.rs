//! What the gate remembers (G9): work that showed a mark once is known without it, whoever
//! pushes it; what people wrote themselves, and what has landed, is not.

mod adopt;
mod defences;
mod innocent;
mod laundered;
mod measure;
mod notes;
mod public;
mod told;
mod work;
