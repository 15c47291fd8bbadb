//! Reading objects, sizes before contents (G20).

use git2::{ErrorCode, ObjectType, Oid};

use crate::domain::ids::{ObjectFormat, ObjectId};
use crate::domain::limits::{Limits, Passed};
use crate::domain::object::{Commit, Tag};

use super::commit::{parse_commit, parse_tag};
use super::{GitError, Repo};

/// Levels of tags around tags.
pub(super) const TAG_LEVELS: usize = 64;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A commit.
    Commit,
    /// A tree.
    Tree,
    /// A blob.
    Blob,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// Git's own name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    fn of(kind: ObjectType) -> Option<Self> {
        match kind {
            ObjectType::Commit => Some(Self::Commit),
            ObjectType::Tree => Some(Self::Tree),
            ObjectType::Blob => Some(Self::Blob),
            ObjectType::Tag => Some(Self::Tag),
            ObjectType::Any => None,
        }
    }
}

/// Whether git gives an object of these bytes this id.
#[must_use]
pub fn is_of(id: ObjectId, kind: Kind, bytes: &[u8]) -> bool {
    let of_git = match kind {
        Kind::Commit => ObjectType::Commit,
        Kind::Tree => ObjectType::Tree,
        Kind::Blob => ObjectType::Blob,
        Kind::Tag => ObjectType::Tag,
    };
    Oid::hash_object_ext(of_git, bytes, git2_format(id.format()))
        .is_ok_and(|oid| oid.as_bytes() == id.as_bytes())
}

/// What is left of an object once its tags are taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeled {
    /// The annotated tags on the way, outermost first.
    pub tags: Vec<Tag>,
    /// What they end in.
    pub target: ObjectId,
    /// What that is; never a tag.
    pub kind: Kind,
}

pub(super) fn git2_format(format: ObjectFormat) -> git2::ObjectFormat {
    match format {
        ObjectFormat::Sha1 => git2::ObjectFormat::Sha1,
        ObjectFormat::Sha256 => git2::ObjectFormat::Sha256,
    }
}

fn unreadable(id: ObjectId, error: &git2::Error) -> GitError {
    match error.code() {
        ErrorCode::NotFound => GitError::Missing { id },
        _ => GitError::Unreadable { id, reason: error.message().to_owned() },
    }
}

impl Repo {
    fn oid(&self, id: ObjectId) -> Result<Oid, GitError> {
        // An id of the other format names nothing here, and libgit2 would compare prefixes.
        if id.format() != self.format {
            return Err(GitError::Missing { id });
        }
        Oid::from_bytes(id.as_bytes()).map_err(|e| unreadable(id, &e))
    }

    /// An object's kind and its size in bytes; its contents are not read.
    pub fn header(&self, id: ObjectId) -> Result<(Kind, usize), GitError> {
        let oid = self.oid(id)?;
        let (size, kind) = self.odb.read_header(oid).map_err(|e| unreadable(id, &e))?;
        let unknown = || GitError::Unreadable { id, reason: "its kind is unknown".to_owned() };
        Ok((Kind::of(kind).ok_or_else(unknown)?, size))
    }

    /// An object's contents, if they are at most `max` bytes.
    pub fn raw(&self, id: ObjectId, max: usize) -> Result<(Kind, Vec<u8>), GitError> {
        let (kind, size) = self.header(id)?;
        if size > max {
            return Err(GitError::TooLarge { id, size, max });
        }
        let oid = self.oid(id)?;
        let object = self.odb.read(oid).map_err(|e| unreadable(id, &e))?;
        if object.len() != size || Kind::of(object.kind()) != Some(kind) {
            let reason = "its header and its contents differ".to_owned();
            return Err(GitError::Unreadable { id, reason });
        }
        Ok((kind, object.data().to_vec()))
    }

    /// As [`Repo::raw`], of one kind.
    pub fn raw_of(&self, id: ObjectId, kind: Kind, max: usize) -> Result<Vec<u8>, GitError> {
        match self.raw(id, max)? {
            (found, bytes) if found == kind => Ok(bytes),
            _ => Err(GitError::WrongKind { id, wanted: kind.name() }),
        }
    }

    /// Whether the object can be found.
    #[must_use]
    pub fn exists(&self, id: ObjectId) -> bool {
        self.oid(id).is_ok_and(|oid| self.odb.exists(oid))
    }

    /// Whether the object was there before this push brought its own. Without a quarantine
    /// everything was.
    #[must_use]
    pub fn exists_before_push(&self, id: ObjectId) -> bool {
        let odb = self.before.as_ref().unwrap_or(&self.odb);
        self.oid(id).is_ok_and(|oid| odb.exists(oid))
    }

    /// A commit, read strictly (G17).
    pub fn commit(&self, id: ObjectId, limits: &Limits) -> Result<Commit, GitError> {
        let commit = parse_commit(id, &self.text_of(id, Kind::Commit, limits)?)?;
        let (found, limit) = (commit.parents.len(), limits.parents);
        if found > limit {
            let what = format!("commit {}", id.short());
            return Err(GitError::Limit(Passed::new("parents", limit, what).seen(found)));
        }
        Ok(commit)
    }

    /// An annotated tag, read strictly (G17).
    pub fn tag(&self, id: ObjectId, limits: &Limits) -> Result<Tag, GitError> {
        Ok(parse_tag(id, &self.text_of(id, Kind::Tag, limits)?)?.0)
    }

    /// The bytes of a commit or a tag within the limit.
    fn text_of(&self, id: ObjectId, kind: Kind, limits: &Limits) -> Result<Vec<u8>, GitError> {
        self.raw_of(id, kind, limits.commit_bytes).map_err(|e| match e {
            GitError::TooLarge { size, max, .. } => {
                let what = format!("{} {}", kind.name(), id.short());
                GitError::Limit(Passed::new("commit_bytes", max, what).seen(size))
            }
            e => e,
        })
    }

    /// Takes annotated tags off, nested ones too (G17).
    pub fn peel(&self, id: ObjectId, limits: &Limits) -> Result<Peeled, GitError> {
        let mut tags = Vec::new();
        let mut target = id;
        let mut kind = self.header(id)?.0;
        while kind == Kind::Tag {
            if tags.len() >= TAG_LEVELS {
                return Err(GitError::TagsTooDeep { id, limit: TAG_LEVELS });
            }
            let raw = self.text_of(target, Kind::Tag, limits)?;
            let (tag, said) = parse_tag(target, &raw)?;
            kind = self.header(tag.target)?.0;
            if kind != said {
                let reason = "its target is of another kind than it says";
                return Err(GitError::Malformed { id: target, reason });
            }
            target = tag.target;
            tags.push(tag);
        }
        Ok(Peeled { tags, target, kind })
    }
}
