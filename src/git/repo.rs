//! The one way to open a repository.
//!
//! Objects are read through an object database that is put together from directories we
//! have looked at, never through libgit2's reading of the environment, so that repositories
//! whose extensions libgit2 does not know (reftable, partial clone) read alike.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use git2::{Config, Odb, Repository, RepositoryOpenFlags};

use crate::domain::escape::escape;
use crate::domain::ids::ObjectFormat;

use super::child::Child;
use super::environment::{HookEnv, Quarantine, alternates_of, quoted_alternate};
use super::tables::Tables;
use super::{GitError, read};

/// Where a repository keeps its refs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefStorage {
    /// One file a ref, and `packed-refs`.
    Files,
    /// Reftables.
    Tables,
}

/// An open repository, bare or the `.git` of a work tree.
pub struct Repo {
    pub(super) git_dir: PathBuf,
    pub(super) common_dir: PathBuf,
    pub(super) objects: PathBuf,
    pub(super) quarantine: Option<Quarantine>,
    pub(super) format: ObjectFormat,
    pub(super) ref_storage: RefStorage,
    /// The refs, where they stand in tables and were asked for.
    pub(super) tables: RefCell<Option<Rc<Tables>>>,
    /// Everything this push can see.
    pub(super) odb: Odb<'static>,
    /// What was there before the push; absent without a quarantine.
    pub(super) before: Option<Odb<'static>>,
}

impl Repo {
    /// Opens exactly this directory, a bare repository or a `.git`; nothing above it is
    /// looked at. Ownership is checked by libgit2, and where that refuses or does not know
    /// the repository's extensions, by git itself (one child).
    pub fn open(dir: &Path) -> Result<Self, GitError> {
        let git_dir = owned(dir)?;
        Self::assemble(git_dir, |_| Ok(None))
    }

    /// Opens the repository that git started a hook in, with the push's quarantine.
    ///
    /// # Errors
    /// [`GitError::Environment`] where a variable points outside of it (G22),
    /// [`GitError::Namespace`] for a push through a namespace (G17).
    pub fn open_in_hook(cwd: &Path, env: &HookEnv) -> Result<Self, GitError> {
        env.check_place(cwd)?;
        let git_dir = owned(cwd)?;
        Self::assemble(git_dir, |objects| env.quarantine(cwd, objects))
    }

    /// The git directory, canonical.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.git_dir
    }

    /// Which hash names its objects.
    #[must_use]
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// What the repository's own configuration file says, the last value of several: nothing
    /// of the system, a user or an included file, which other repositories may share. One
    /// child.
    ///
    /// # Errors
    /// [`GitError::Child`] where git can't read the file.
    pub fn own_setting(&self, name: &str) -> Result<Option<Vec<u8>>, GitError> {
        let file = self.common_dir.join("config");
        let said = Child::sealed(&self.git_dir, "config")
            .args([OsStr::new("--no-includes"), OsStr::new("--null"), OsStr::new("--file")])
            .args([file.as_os_str(), OsStr::new("--get"), OsStr::new(name)])
            .run()?;
        match said.code {
            0 => Ok(said.stdout.strip_suffix(b"\0").map(<[u8]>::to_vec)),
            1 => Ok(None),
            _ => Err(said.error("config")),
        }
    }

    /// Where this push's objects are, if apart.
    #[must_use]
    pub fn quarantine(&self) -> Option<&Quarantine> {
        self.quarantine.as_ref()
    }

    /// Whether history ends early here: a shallow clone.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        std::fs::metadata(self.common_dir.join("shallow")).is_ok_and(|m| m.len() > 0)
    }

    /// Puts a repository together whose owner has been checked.
    pub(super) fn assemble(
        git_dir: PathBuf,
        quarantine: impl FnOnce(&Path) -> Result<Option<Quarantine>, GitError>,
    ) -> Result<Self, GitError> {
        let common_dir = common_dir(&git_dir)?;
        let (format, ref_storage) = extensions(&common_dir)?;
        let objects = canonical(&common_dir.join("objects"))?;
        let quarantine = quarantine(&objects)?;
        let mut own = vec![objects.clone()];
        own.extend(alternates_of(&objects));
        let before = quarantine.as_ref().map(|_| database(format, &own)).transpose()?;
        if let Some(quarantine) = &quarantine {
            own.insert(0, quarantine.objects.clone());
        }
        let odb = database(format, &own)?;
        Ok(Self {
            git_dir,
            common_dir,
            objects,
            quarantine,
            format,
            ref_storage,
            tables: RefCell::default(),
            odb,
            before,
        })
    }

    /// A `git` in the sealed environment that sees what this repository sees.
    pub(super) fn git(&self, name: &str) -> Child {
        self.seeing(Child::sealed(&self.git_dir, name))
    }

    /// The same repository with further objects.
    pub(super) fn with_objects(&self, dir: &Path) -> Result<Self, GitError> {
        let mut own = vec![dir.to_owned()];
        own.extend(self.quarantine.iter().map(|q| q.objects.clone()));
        own.push(self.objects.clone());
        own.extend(alternates_of(&self.objects));
        Ok(Self {
            git_dir: self.git_dir.clone(),
            common_dir: self.common_dir.clone(),
            objects: self.objects.clone(),
            quarantine: self.quarantine.clone(),
            format: self.format,
            ref_storage: self.ref_storage,
            tables: self.tables.clone(),
            odb: database(self.format, &own)?,
            before: None,
        })
    }

    fn seeing(&self, child: Child) -> Child {
        match &self.quarantine {
            None => child,
            Some(quarantine) => child
                .env("GIT_OBJECT_DIRECTORY", &quarantine.objects)
                .env("GIT_QUARANTINE_PATH", &quarantine.objects)
                .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted_alternate(&self.objects)),
        }
    }
}

fn open_error(path: &Path, reason: impl AsRef<str>) -> GitError {
    GitError::Open { path: path.to_owned(), reason: escape(reason.as_ref().as_bytes()) }
}

pub(super) fn canonical(path: &Path) -> Result<PathBuf, GitError> {
    std::fs::canonicalize(path).map_err(|e| open_error(path, e.to_string()))
}

/// The canonical directory, if it is a repository that this user may trust.
fn owned(dir: &Path) -> Result<PathBuf, GitError> {
    let dir = canonical(dir)?;
    let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT;
    if Repository::open_ext(&dir, flags, std::iter::empty::<&Path>()).is_ok() {
        return Ok(dir);
    }
    let above = dir.parent().unwrap_or(&dir);
    let said = Child::plain(&dir, "rev-parse")
        .env("GIT_CEILING_DIRECTORIES", above)
        .args(["--absolute-git-dir"])
        .run()?;
    let found = std::str::from_utf8(said.stdout.trim_ascii_end()).ok().map(Path::new);
    match found {
        Some(found) if said.code == 0 && canonical(found)? == dir => Ok(dir),
        Some(_) if said.code == 0 => Err(open_error(&dir, "it is no git directory")),
        _ => Err(open_error(&dir, said.stderr)),
    }
}

/// The repository that a git directory belongs to: itself, or for a further work tree of a
/// repository that one's directory.
///
/// # Errors
/// [`GitError::Open`] where `commondir` can't be read or leads nowhere.
pub fn common_dir(git_dir: &Path) -> Result<PathBuf, GitError> {
    match std::fs::read_to_string(git_dir.join("commondir")) {
        Ok(path) => canonical(&git_dir.join(path.trim_end_matches(['\n', '\r']))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(git_dir.to_owned()),
        Err(e) => Err(open_error(git_dir, e.to_string())),
    }
}

fn extensions(common_dir: &Path) -> Result<(ObjectFormat, RefStorage), GitError> {
    let file = common_dir.join("config");
    let config = Config::open(&file).map_err(|e| open_error(&file, e.message()))?;
    let value = |key: &str| match config.get_string(key) {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(e) => Err(open_error(&file, e.message())),
    };
    let format = match value("extensions.objectformat")?.as_deref() {
        None | Some("sha1") => ObjectFormat::Sha1,
        Some("sha256") => ObjectFormat::Sha256,
        Some(_) => return Err(open_error(common_dir, "its object format is unknown")),
    };
    let ref_storage = match value("extensions.refstorage")?.as_deref() {
        None | Some("files") => RefStorage::Files,
        Some("reftable") => RefStorage::Tables,
        Some(_) => return Err(open_error(common_dir, "its way to keep refs is unknown")),
    };
    Ok((format, ref_storage))
}

fn database(format: ObjectFormat, dirs: &[PathBuf]) -> Result<Odb<'static>, GitError> {
    let first = dirs.first().map_or(Path::new(""), PathBuf::as_path);
    let odb =
        Odb::new_ext(read::git2_format(format)).map_err(|e| open_error(first, e.message()))?;
    for dir in dirs {
        let text = dir.to_str().ok_or_else(|| open_error(dir, "its path is not UTF-8"))?;
        odb.add_disk_alternate(text).map_err(|e| open_error(dir, e.message()))?;
    }
    Ok(odb)
}
