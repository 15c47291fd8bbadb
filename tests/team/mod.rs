//! A team of five at its daily work: everything here is meant to work.

mod bindings;
mod landing;
mod rules;
mod signing;
