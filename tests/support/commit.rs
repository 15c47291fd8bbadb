//! What a commit is to be, before it is one.

/// The trailer that the tests' AI-assisted commits carry.
pub(crate) const CLAUDE: &str = "Co-Authored-By: Claude <noreply@anthropic.com>";

/// A commit to be made on top of a clone's branch.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) message: Vec<u8>,
    /// A path and its content; none deletes it.
    pub(crate) files: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// `Name <address>`; the clone's person where absent.
    pub(crate) author: Option<String>,
    pub(crate) committer: Option<String>,
}

/// A commit whose message is exactly this and says nothing of AI.
pub(crate) fn human(message: impl AsRef<[u8]>) -> Commit {
    Commit { message: message.as_ref().to_vec(), files: Vec::new(), author: None, committer: None }
}

/// A commit with this subject and an agent as co-author.
pub(crate) fn ai(subject: &str) -> Commit {
    human(format!("{subject}\n\n{CLAUDE}\n"))
}

impl Commit {
    /// Writes a file.
    pub(crate) fn file(mut self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.files.push((path.as_ref().to_vec(), Some(content.as_ref().to_vec())));
        self
    }

    /// Deletes a file.
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.files.push((path.into(), None));
        self
    }

    /// Says who wrote it: a name of the cast or `Name <address>`.
    pub(crate) fn author(mut self, who: &str) -> Self {
        self.author = Some(who.to_owned());
        self
    }

    /// Says who committed it.
    pub(crate) fn committer(mut self, who: &str) -> Self {
        self.committer = Some(who.to_owned());
        self
    }
}

/// `Name` and `address` of a name of the cast, or of `Name <address>`.
pub(crate) fn name_and_address(who: &str) -> (String, String) {
    let known = match who {
        "kim" => "Kim Developer <kim@example.com>",
        "ghopper" => "Grace Hopper <grace@example.com>",
        "alovelace" => "Ada Lovelace <ada@example.com>",
        "khamilton" => "Margaret Hamilton <margaret@example.com>",
        "mallory" => "Mallory <mallory@example.net>",
        other => other,
    };
    match known.split_once(" <") {
        Some((name, rest)) => (name.to_owned(), rest.trim_end_matches('>').to_owned()),
        None => (known.to_owned(), format!("{known}@example.com")),
    }
}
