//! `countersign serve`: the sign-off server.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::error::CliError;
use super::exit::Exit;
use super::{out, settings};
use crate::hook::log::level;
use crate::server::{Address, Policies, Server, Sessions, Tls, TlsFiles, listen, serve};
use crate::settings::LogSettings;
use crate::store;

/// Where and how stands in the settings.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  countersign --config /etc/countersign/countersign.toml serve")]
pub(super) struct ServeArgs {}

pub(super) fn run(_: &ServeArgs, config: Option<&Path>) -> Result<Exit, CliError> {
    let settings = settings(config)?;
    start_log(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let tls = settings.serve.tls.clone().map(|(certificate, key)| {
            Tls::open(TlsFiles { certificate, key }).map(Arc::new).map_err(CliError::new)
        });
        let tls = tls.transpose()?;
        let mut listeners = Vec::new();
        let mut names: Vec<String> = settings.serve.url.iter().cloned().collect();
        for text in &settings.serve.listen {
            let address = match text.strip_prefix("unix:") {
                Some(path) => Address::Unix(PathBuf::from(path)),
                None => Address::Tcp(text.clone()),
            };
            let listener = listen(&address)
                .await
                .map_err(|e| CliError::new(format!("can't listen at {text}: {e}")))?;
            let at = listener.address();
            let scheme = if tls.is_some() { "https" } else { "http" };
            names.push(if at.starts_with("unix:") { at } else { format!("{scheme}://{at}") });
            listeners.push(listener);
        }
        let second = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let store = store::open_keeper(settings.store.secret(), settings.serve.connections).await?;
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|e| CliError::new(format!("no random bits: {e}")))?;
        let server = Arc::new(Server {
            secret: store.secret("login", &random).await?,
            store,
            uids: settings.serve.uids.clone(),
            policies: Policies::open(settings.policy.clone(), Timestamp::now())
                .map_err(CliError::new)?,
            names,
            sessions: Sessions {
                idle: second(settings.serve.idle),
                longest: second(settings.serve.session),
            },
            clock: Timestamp::now,
        });
        let (end, ended) = watch::channel(false);
        let mut running = tokio::task::JoinSet::new();
        for listener in listeners {
            out::line(&format!("listening at {}", listener.address()));
            let mut ended = ended.clone();
            let end = async move {
                ended.wait_for(|over| *over).await.ok();
            };
            running.spawn(serve(Arc::clone(&server), listener, tls.clone(), end));
        }
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            Some(broken) = running.join_next() => {
                broken.map_err(|e| CliError::new(e.to_string()))??;
            }
        }
        // What is under way is finished; nothing new is taken.
        end.send(true).ok();
        while let Some(done) = running.join_next().await {
            done.map_err(|e| CliError::new(e.to_string()))??;
        }
        Ok(Exit::Done)
    })
}

/// Lines of JSON, to the file of the settings or to standard error.
fn start_log(settings: &LogSettings) -> Result<(), CliError> {
    let log = tracing_subscriber::fmt().json().with_max_level(level(settings.level));
    let started = match &settings.file {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path).map_err(|e| {
                CliError::new(format!("the log \"{}\" can't be written: {e}", path.display()))
            })?;
            log.with_writer(Mutex::new(file)).try_init()
        }
        None => log.with_writer(std::io::stderr).try_init(),
    };
    started.map_err(|e| CliError::new(format!("there is no log: {e}")))
}
