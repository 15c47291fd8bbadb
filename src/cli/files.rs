//! Statements as files: `FILE` and `FILE.sig`.

use std::fs;
use std::path::{Path, PathBuf};

use super::clone::STATEMENT;
use super::error::CliError;
use crate::domain::limits::SIGNATURE_BYTES;
use crate::domain::statement::Signed;
use crate::signature;

/// `statement.json` to `statement.json.sig`.
fn signature_path(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// Reads both files, each within its limit.
pub(super) fn read_signed(file: &Path) -> Result<Signed, CliError> {
    let statement = read(file, STATEMENT)?;
    let signature = read(&signature_path(file), SIGNATURE_BYTES)?;
    // A mail program may have wrapped it otherwise; only ssh-keygen's own form is taken.
    let signature = signature::normalise(&signature).unwrap_or(signature);
    Ok(Signed { statement, signature })
}

/// That neither file is there.
pub(super) fn is_free(file: &Path) -> Result<(), CliError> {
    for path in [file.to_owned(), signature_path(file)] {
        if path.symlink_metadata().is_ok() {
            return Err(CliError::new(format!("\"{}\" is there already", path.display())));
        }
    }
    Ok(())
}

/// Writes both files; neither may be there already.
pub(super) fn write_signed(file: &Path, signed: &Signed) -> Result<(), CliError> {
    for (path, bytes) in
        [(file.to_owned(), &signed.statement), (signature_path(file), &signed.signature)]
    {
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
            std::io::Write::write_all(&mut file, bytes)
        };
        write()
            .map_err(|e| CliError::new(format!("\"{}\" can't be written: {e}", path.display())))?;
    }
    Ok(())
}

fn read(path: &Path, max: usize) -> Result<Vec<u8>, CliError> {
    let said = |e| CliError::new(format!("\"{}\" can't be read: {e}", path.display()));
    let length = fs::metadata(path).map_err(said)?.len();
    if usize::try_from(length).map_or(true, |l| l > max) {
        let text = format!("\"{}\" is larger than {max} bytes", path.display());
        return Err(CliError::new(text));
    }
    fs::read(path).map_err(said)
}
