//! A developer, and sometimes a senior, who wants AI-assisted work on main without the
//! sign-off it needs. Each attack is a real push; its innocent twin stands beside it.

mod carried;
mod certificates;
mod crowding;
mod delivery;
mod environment;
mod forged;
mod four_eyes;
mod marks;
mod merges;
mod net_change;
mod objects;
mod ranges;
mod references;
mod replay;
mod store;
mod validity;
