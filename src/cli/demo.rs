//! stub
use super::{error::CliError, exit::Exit};
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {}
pub(super) fn run(_: &DemoArgs) -> Result<Exit, CliError> {
    Ok(Exit::Failed)
}
