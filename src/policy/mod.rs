//! Policy TOML to checked data, with diagnostics that carry carets.
