//! `countersign.toml`: the settings of one machine.
