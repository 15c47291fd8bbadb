//! The gate from outside: real pushes by real git against real repositories, in a
//! hermetic environment. Each attack stands beside its innocent twin.
//!
//! Needed on the machine: git, ssh-keygen, ssh, sshd, script, openssl and PostgreSQL. A test whose tool is
//! missing fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

mod admin;
mod catalogue;
mod cheats;
mod controls;
mod demo;
mod detect;
mod docs;
mod generator;
mod kinds;
mod layers;
mod limits;
mod memory;
mod policy;
mod postgres;
mod progress;
mod requests;
mod server;
mod support;
mod team;
mod terminal;
mod text;
mod tools;
mod transports;
