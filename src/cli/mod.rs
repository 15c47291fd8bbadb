//! The only place that names clap, standard output and exit codes; one file per command.
//!
//! Owns the command line, what people see outside a push, and [`exit::Exit`]. It works
//! nothing out that a hook or a server would need too.

mod adopt;
mod approve;
mod check;
mod clone;
mod deliver;
mod demo;
mod detect;
mod error;
mod exit;
mod files;
mod hook;
mod landed;
mod login;
mod markers;
mod memory;
mod out;
mod picked;
mod policy;
mod requests;
mod revoke;
mod serve;
mod show;
mod submit;
mod token;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::error::CliError;
use self::exit::Exit;
use crate::domain::policy::Policy;
use crate::hook::opened::location;
use crate::policy::PolicyError;
use crate::settings::{self as machine, Settings};
use crate::store::{self, Store, StoreError};

const EXIT_CODES: &str = "\
Exit codes:
  0  done; for the hook: the push may land
  1  failed; for the hook: the push may not land
  2  the command line is not one
  3  the policy says no
  4  not authenticated
  5  the sign-off store is unreachable";

/// A gate in front of a Git server's important branches: AI-assisted commits land only with
/// a senior's signed approval of exactly that change.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = EXIT_CODES, propagate_version = true)]
struct Cli {
    /// The machine's settings; for commands on the Git host
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A sign-off server to ask, after countersign login; else git config countersign.server
    #[arg(long, global = true, value_name = "URL", conflicts_with = "config")]
    server: Option<String>,
    /// Write JSON where the command reads something
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: a throw-away server where a push is rejected, signed off and let in
    Demo(demo::DemoArgs),
    /// What git calls: pre-receive and post-receive
    Hook(hook::HookArgs),
    /// Sign off commits or a range
    Approve(approve::ApproveArgs),
    /// Say no to commits or a range, with a reason
    Decline(approve::DeclineArgs),
    /// Say that what memory has of commits is wrong, with a reason
    Correct(approve::CorrectArgs),
    /// Take a statement of your own back, for good
    Revoke(revoke::RevokeArgs),
    /// Hand statements to the store, on the Git host
    Submit(submit::SubmitArgs),
    /// Check a landed commit, a ref, or a statement's files
    Verify(verify::VerifyArgs),
    /// What commits of yours still need before they may land
    Status(check::StatusArgs),
    /// Ask the gate's own engine here, before the push
    Check(check::CheckArgs),
    /// Keep sign-offs for several Git hosts, and answer their hooks
    Serve(serve::ServeArgs),
    /// Say which Git hosts may ask the server
    Token(token::TokenArgs),
    /// Put a repository that has a history behind the gate
    Adopt(adopt::AdoptArgs),
    /// What the gate remembers of AI-assisted changes, and why
    Memory(memory::MemoryArgs),
    /// Log in at a sign-off server, with the key that you sign with
    Login(login::LoginArgs),
    /// End the login
    Logout,
    /// List what waits for sign-offs
    Queue(requests::queue::QueueArgs),
    /// Read what waits, one after the other, and sign or decline it
    Review(requests::review::ReviewArgs),
    /// Show a decision of the gate, or a review request, by its id
    Show(show::ShowArgs),
    /// Tell which commits show the use of an AI tool, and by what
    Detect(detect::DetectArgs),
    /// List the markers of AI use, or explain one
    Markers(markers::MarkersArgs),
    /// Check a policy, or start one
    Policy(policy::PolicyArgs),
}

/// Parses the command line, runs the command, gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let exit = if e.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = e.print();
            return exit.into();
        }
    };
    run(cli)
        .unwrap_or_else(|e| {
            out::error(&e.text());
            e.exit
        })
        .into()
}

fn run(cli: Cli) -> Result<Exit, CliError> {
    let config = cli.config.as_deref();
    let server = cli.server.as_deref();
    let place = Place { config, server };
    match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Hook(args) => hook::run(&args, cli.config),
        Command::Approve(args) => approve::approve(&args, place),
        Command::Decline(args) => approve::decline(&args, place),
        Command::Correct(args) => approve::correct(&args, place),
        Command::Revoke(args) => revoke::run(&args, config),
        Command::Submit(args) => submit::run(&args, config),
        Command::Verify(args) => verify::run(&args, cli.json),
        Command::Status(args) => check::status(&args, cli.json),
        Command::Check(args) => check::check(&args, cli.json),
        Command::Serve(args) => serve::run(&args, config),
        Command::Token(args) => token::run(&args, config, cli.json),
        Command::Adopt(args) => adopt::run(&args, config, cli.json),
        Command::Memory(args) => memory::run(&args, config, cli.json),
        Command::Login(args) => login::login(&args, server),
        Command::Logout => login::logout(server),
        Command::Queue(args) => requests::queue::run(&args, place, cli.json),
        Command::Review(args) => requests::review::run(&args, place),
        Command::Show(args) => show::run(&args, place, cli.json),
        Command::Detect(args) => detect::run(&args, cli.json),
        Command::Markers(args) => markers::run(&args, cli.json),
        Command::Policy(args) => policy::run(&args, config, cli.json),
    }
}

/// Where a command finds the store: on the Git host, or at a server.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    /// `--config`.
    config: Option<&'a Path>,
    /// `--server`.
    server: Option<&'a str>,
}

/// The settings that `--config` names.
fn settings(config: Option<&Path>) -> Result<Settings, CliError> {
    let Some(config) = config else {
        return Err(CliError::usage("this command works on the Git host and needs --config FILE")
            .hint("for example --config /etc/countersign/countersign.toml"));
    };
    Ok(machine::load(config)?)
}

fn policy_of(path: &Path) -> Result<Policy, CliError> {
    match crate::policy::load(path, &crate::detect::marker_names()) {
        Ok(loaded) => Ok(loaded.checked.policy),
        Err(PolicyError::Broken(_)) => {
            let path = path.display();
            Err(CliError::new(format!("the policy \"{path}\" is broken"))
                .hint(format!("countersign policy check {path}")))
        }
        Err(e) => Err(CliError::new(e)),
    }
}

/// The store that the settings name. Only the hook makes one: a tool's user would own the
/// file, and where a disk is not mounted an empty one would pass for the real one.
async fn existing_store(settings: &Settings) -> Result<Box<dyn Store>, CliError> {
    store::open_existing_store(location(settings)).await.map_err(|e| {
        let is_unreachable = matches!(e, StoreError::Unreachable(_));
        let is_there = settings.store.file().map(Path::exists);
        let error = CliError::from(e);
        match (is_unreachable, is_there) {
            (true, Some(false)) => error
                .hint("the first push to a gated ref makes it; if there was one, is its disk mounted?")
                .hint("it may also be hidden from this user: run as the user that runs the hooks"),
            (true, Some(true)) => error
                .hint("run as the user that runs the hooks, such as runuser -u git -- countersign ..."),
            (true, None) => error
                .hint("the first push to a gated ref makes its tables; is it the right database?"),
            (false, _) => error,
        }
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// 64 random bits of the operating system.
fn random() -> Result<u64, CliError> {
    getrandom::u64().map_err(|e| CliError::new(format!("no random bits: {e}")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
