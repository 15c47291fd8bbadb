//! A statement handed in by git, as the form wants it or as a forger bends it.

use super::clone::Clone;
use super::statement::Signed;

const IDENTITY: &str = "Countersign <countersign@localhost> 0 +0000";

/// An inbox commit in the making.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// Mode, name and content of each file.
    pub(crate) files: Vec<(&'static str, String, Vec<u8>)>,
    pub(crate) parents: Vec<String>,
    pub(crate) author: String,
    pub(crate) committer: String,
    pub(crate) message: String,
    pub(crate) extra_headers: String,
    /// The last component of the ref's name.
    pub(crate) hash: String,
}

impl Delivery {
    /// As the form wants it.
    pub(crate) fn of(signed: &Signed) -> Self {
        Self {
            files: vec![
                ("100644", "statement.json".to_owned(), signed.statement.clone()),
                ("100644", "statement.json.sig".to_owned(), signed.signature.clone()),
            ],
            parents: Vec::new(),
            author: IDENTITY.to_owned(),
            committer: IDENTITY.to_owned(),
            message: "Countersign delivery\n".to_owned(),
            extra_headers: String::new(),
            hash: signed.hash(),
        }
    }

    /// The inbox ref.
    pub(crate) fn name(&self) -> String {
        format!("refs/countersign/inbox/{}", self.hash)
    }

    /// Writes the commit into a clone; the refspec that delivers it.
    #[track_caller]
    pub(crate) fn write(&self, clone: &Clone<'_>) -> String {
        let mut listing = Vec::new();
        for (mode, name, content) in &self.files {
            let kind = if *mode == "040000" { "tree" } else { "blob" };
            let id = clone.object(kind, content);
            listing.extend_from_slice(format!("{mode} {kind} {id}\t{name}\0").as_bytes());
        }
        let tree = clone.git_with(&["mktree", "-z", "--missing"], &listing);
        let parents: String = self.parents.iter().map(|p| format!("parent {p}\n")).collect();
        let object = format!(
            "tree {tree}\n{parents}author {}\ncommitter {}\n{}\n{}",
            self.author, self.committer, self.extra_headers, self.message
        );
        format!("{}:{}", clone.object("commit", object.as_bytes()), self.name())
    }
}

impl Clone<'_> {
    /// Writes the statements' deliveries; the refspecs that hand them in.
    #[track_caller]
    pub(crate) fn deliveries(&self, signed: &[&Signed]) -> Vec<String> {
        signed.iter().map(|s| Delivery::of(s).write(self)).collect()
    }

    /// Hands statements in; they must all be taken.
    #[track_caller]
    pub(crate) fn deliver(&self, signed: &[&Signed]) {
        let specs = self.deliveries(signed);
        let push = self.push(&specs.iter().map(String::as_str).collect::<Vec<_>>());
        push.accepted();
        for statement in signed {
            push.says(&format!("countersign: stored {}", statement.hash()));
        }
    }
}
