//! The layer against the real ssh-keygen, which must be there.

mod allowed;
mod certificate;
mod check;
mod fixtures;
mod kinds;
mod sign;
mod sshsig;
mod statement;
mod verify;
