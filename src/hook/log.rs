//! The gate's own log: JSON lines in the file that the settings name.

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;

use crate::settings::{LogLevel, Settings};

/// Starts the log, once a process; without a file in the settings there is none, since a
/// hook's standard error is the pusher's screen. A file that can't be opened is no reason
/// to refuse a push.
pub(super) fn start(settings: &Settings) {
    let Some(path) = &settings.log.file else { return };
    let Ok(file) = OpenOptions::new().create(true).append(true).open(path) else { return };
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(level(settings.log.level))
        .with_writer(Mutex::new(file))
        .finish();
    // Only the first start of a process counts; a second one is no error.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    }
}
