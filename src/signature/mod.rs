//! Sign-off statements: bytes to verified and back. The only place that names a signature crate.
