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
const STACKS: &str = "RUST_MIN_STACK";

/// Runs one hook. A panic of a worker is told to the log alone, never to the pusher.
pub(super) fn run(args: &HookArgs, config: Option<PathBuf>) -> Result<Exit, CliError> {
    if std::env::var_os(STACKS).is_some() {
        // Nothing is read yet and no thread runs: begin again without it.
        let program = std::env::current_exe()?;
        let error =
            Command::new(program).args(std::env::args_os().skip(1)).env_remove(STACKS).exec();
        return Err(error.into());
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
