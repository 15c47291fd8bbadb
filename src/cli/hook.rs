//! `countersign hook pre-receive | post-receive`: what git calls.

use std::io::stdin;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::error::CliError;
use super::exit::Exit;
use super::{out, random};
use crate::hook::{post, run};

/// Which hook.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, as a hook of a repository:\n  exec countersign --config /etc/countersign/countersign.toml hook pre-receive"
)]
pub(super) struct HookArgs {
    #[command(subcommand)]
    hook: Hook,
}

#[derive(Debug, Subcommand)]
enum Hook {
    /// Judge a push; exit 0 lets it in, 1 rejects every ref of it
    PreReceive,
    /// Record what landed, publish refs/countersign/log
    PostReceive,
}

/// By it the runtime sizes the stack of every thread, those of libraries too. Where sshd lets
/// a client set it, no thread starts, or one overflows (G22).
///
/// By the others, libraries take other authorities for the system's: whoever set them could vouch
/// for a sign-off server of their own.
const NOT_OURS: [&str; 3] = ["RUST_MIN_STACK", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Runs one hook. A panic of a worker is told to the log alone, never to the pusher.
pub(super) fn run(args: &HookArgs, config: Option<PathBuf>) -> Result<Exit, CliError> {
    if NOT_OURS.iter().any(|name| std::env::var_os(name).is_some()) {
        // Nothing is read yet and no thread runs: begin again without them.
        let mut again = Command::new(std::env::current_exe()?);
        again.args(std::env::args_os().skip(1));
        for name in NOT_OURS {
            again.env_remove(name);
        }
        return Err(again.exec().into());
    }
    std::panic::set_hook(Box::new(|info| tracing::error!(panic = %info, "bug")));
    let config = config.unwrap_or_else(|| PathBuf::from("/etc/countersign/countersign.toml"));
    let invocation = run::Invocation {
        config,
        env: std::env::vars_os().collect(),
        cwd: std::env::current_dir()?,
        stdin: Box::new(stdin()),
        now: Timestamp::now(),
        random: random()?,
    };
    match args.hook {
        Hook::PreReceive => {
            let answer = run::pre_receive(invocation, &out::error);
            out::error(&answer.text);
            Ok(if answer.accepted { Exit::Done } else { Exit::Failed })
        }
        Hook::PostReceive => {
            if let Err(e) = post::post_receive(invocation) {
                tracing::error!(error = %e, "post-receive");
                out::error("warning: countersign could not publish its log; the next push will\n");
            }
            Ok(Exit::Done)
        }
    }
}
