//! The workshop: objects written in process, since a push needs dozens of them, and said
//! again as shell for whoever gets a failing case.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use git2::{ObjectFormat, ObjectType, Repository};

use super::plan::{Edit, People};
use super::script::Script;

/// Hex.
pub(super) type Oid = String;

/// All files of a commit: mode and blob by path.
pub(super) type Tree = BTreeMap<String, (u32, Oid)>;

/// As libgit2 has it.
pub(super) fn oid(hex: &str) -> git2::Oid {
    let format = if hex.len() == 40 { ObjectFormat::Sha1 } else { ObjectFormat::Sha256 };
    git2::Oid::from_str_ext(hex, format).expect("an id")
}

pub(super) const PLAIN: u32 = 0o100_644;
const EXECUTABLE: u32 = 0o100_755;
const SYMLINK: u32 = 0o120_000;

/// See the module.
pub(super) struct Shop {
    repository: Repository,
    pub(super) script: Script,
    trees: HashMap<Oid, Tree>,
}

impl Shop {
    pub(super) fn new(clone: &Path, script: Script) -> Self {
        let repository = Repository::open(clone).expect("a repository");
        Self { repository, script, trees: HashMap::new() }
    }

    /// Writes any object.
    pub(super) fn write(&mut self, kind: ObjectType, bytes: &[u8]) -> Oid {
        let id = self.repository.odb().expect("objects").write(kind, bytes);
        let id = id.expect("a written object").to_string();
        if kind != ObjectType::Tree {
            self.script.object(kind.str(), bytes, &id);
        }
        id
    }

    /// The bytes of a blob.
    fn content(&self, id: &Oid) -> Vec<u8> {
        let id = oid(id);
        self.repository.find_blob(id).expect("a blob").content().to_vec()
    }

    /// The files of a tree.
    pub(super) fn files(&mut self, id: &Oid) -> Tree {
        if let Some(known) = self.trees.get(id) {
            return known.clone();
        }
        let mut files = Tree::new();
        let root = oid(id);
        let root = self.repository.find_tree(root).expect("a tree");
        let walked = root.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() != Some(ObjectType::Tree) {
                let mode = u32::try_from(entry.filemode()).expect("a mode");
                let name = entry.name().expect("a name in UTF-8");
                files.insert(format!("{folder}{name}"), (mode, entry.id().to_string()));
            }
            git2::TreeWalkResult::Ok
        });
        walked.expect("a walk");
        drop(root);
        self.trees.insert(id.clone(), files.clone());
        files
    }

    /// Writes a tree of trees.
    pub(super) fn tree(&mut self, files: &Tree) -> Oid {
        let id = self.folder(files);
        self.script.tree(files, &id);
        self.trees.insert(id.clone(), files.clone());
        id
    }

    fn folder(&mut self, files: &Tree) -> Oid {
        let mut folders: BTreeMap<String, Tree> = BTreeMap::new();
        let mut entries: Vec<(String, u32, Oid)> = Vec::new();
        for (path, (mode, id)) in files {
            match path.split_once('/') {
                None => entries.push((path.clone(), *mode, id.clone())),
                Some((folder, rest)) => {
                    let folder = folders.entry(folder.to_owned()).or_default();
                    folder.insert(rest.to_owned(), (*mode, id.clone()));
                }
            }
        }
        for (name, below) in folders {
            let id = self.folder(&below);
            entries.push((name, 0o040_000, id));
        }
        // Git sorts a folder as if its name ended in a slash.
        entries.sort_by_key(|(name, mode, _)| match mode {
            0o040_000 => format!("{name}/"),
            _ => name.clone(),
        });
        let mut bytes = Vec::new();
        for (name, mode, id) in entries {
            bytes.extend_from_slice(format!("{mode:o} {name}\0").as_bytes());
            bytes.extend_from_slice(oid(&id).as_bytes());
        }
        self.write(ObjectType::Tree, &bytes)
    }

    /// Writes a commit.
    pub(super) fn commit(
        &mut self,
        tree: &Oid,
        parents: &[Oid],
        people: People,
        (date, message): (usize, &[u8]),
    ) -> Oid {
        let parents: String = parents.iter().map(|p| format!("parent {p}\n")).collect();
        let People { author, committer } = people;
        let head = format!(
            "tree {tree}\n{parents}author {author} {date} +0000\ncommitter {committer} {date} +0000\n\n"
        );
        self.write(ObjectType::Commit, &[head.as_bytes(), message].concat())
    }

    /// Does to a tree what an edit says, as far as it fits.
    pub(super) fn edit(&mut self, files: &mut Tree, edit: &Edit) {
        match edit {
            Edit::File(path, content) => {
                let id = self.write(ObjectType::Blob, content);
                files.insert((*path).to_owned(), (PLAIN, id));
            }
            Edit::Link(path, target) => {
                let id = self.write(ObjectType::Blob, target.as_bytes());
                files.insert((*path).to_owned(), (SYMLINK, id));
            }
            Edit::Delete(path) => {
                if files.len() > 1 {
                    files.remove(*path);
                }
            }
            Edit::Rename(from, to) => {
                if let Some(file) = files.remove(*from) {
                    files.insert((*to).to_owned(), file);
                }
            }
            Edit::Mode(path) => {
                if let Some((mode, _)) = files.get_mut(*path) {
                    *mode = if *mode == PLAIN { EXECUTABLE } else { PLAIN };
                }
            }
            Edit::Line(path, at, text) => {
                self.edit_lines(files, path, |lines| {
                    let at = at % lines.len();
                    lines[at] = format!("{text}\n");
                });
            }
            Edit::Insert(path, at, text) => {
                self.edit_lines(files, path, |lines| {
                    lines.insert(at % lines.len(), format!("{text}\n"));
                });
            }
            Edit::Cut(path, at) => {
                self.edit_lines(files, path, |lines| {
                    lines.remove(at % lines.len());
                });
            }
        }
    }

    fn edit_lines(&mut self, files: &mut Tree, path: &str, change: impl FnOnce(&mut Vec<String>)) {
        let Some((mode, id)) = files.get(path).cloned() else { return };
        let Ok(text) = String::from_utf8(self.content(&id)) else { return };
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        if mode == SYMLINK || lines.is_empty() {
            return;
        }
        change(&mut lines);
        let id = self.write(ObjectType::Blob, lines.concat().as_bytes());
        files.insert(path.to_owned(), (mode, id));
    }
}
