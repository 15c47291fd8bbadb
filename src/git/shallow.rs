//! Pushes from shallow clones.
//!
//! While a hook runs, receive-pack keeps the client's list of shallow commits in a file
//! `shallow_XXXXXX` of the git directory (setup_temporary_shallow of git's own source). With
//! `receive.shallowUpdate` git would make those of them that are new to the repository its
//! own shallow roots, even where their parents are there.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

use super::{GitError, Kind, Repo};
use crate::domain::ids::ObjectId;

/// Bytes of a list that are read: 200,000 ids.
const LIST: u64 = 16 << 20;
/// Lists that are read: one a push that runs just now.
const LISTS: usize = 1_000;

impl Repo {
    /// Whether history ends early for whoever pushes: by what a push brought, or where none
    /// is under way, in this very clone.
    pub(super) fn sender_is_shallow(&self) -> bool {
        match self.quarantine {
            Some(_) => self.new_shallow_root().is_ok_and(|root| root.is_some()),
            None => self.is_shallow(),
        }
    }

    /// A commit of this push that git would record as a shallow root of the repository;
    /// `None` where there is none. Lists of other pushes name nothing in this quarantine.
    /// No child.
    ///
    /// # Errors
    /// [`GitError::File`] where the git directory or a list can't be read.
    pub fn new_shallow_root(&self) -> Result<Option<ObjectId>, GitError> {
        if self.quarantine.is_none() {
            return Ok(None);
        }
        let path = self.common_dir.clone();
        let failed = |source| GitError::File { path: path.clone(), source };
        let entries = std::fs::read_dir(&self.common_dir).map_err(failed)?;
        let is_list = |name: &OsStr| name.as_bytes().starts_with(b"shallow_");
        for entry in entries.filter_map(Result::ok).filter(|e| is_list(&e.file_name())).take(LISTS)
        {
            // Another push may end meanwhile and take its list with it.
            let Ok(file) = std::fs::File::open(entry.path()) else { continue };
            let mut list = Vec::new();
            file.take(LIST).read_to_end(&mut list).map_err(failed)?;
            let mut ids = list.split(|b| *b == b'\n').filter_map(ObjectId::from_hex);
            let is_new = |id: &ObjectId| {
                id.format() == self.format()
                    && !self.exists_before_push(*id)
                    && matches!(self.header(*id), Ok((Kind::Commit, _)))
            };
            if let Some(root) = ids.find(is_new) {
                return Ok(Some(root));
            }
        }
        Ok(None)
    }
}
