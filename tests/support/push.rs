//! What a push came to: git's verdict, what the pusher read, what really moved.

use std::collections::BTreeMap;
use std::path::Path;

use super::run::{Output, run};
use super::world::World;

/// All refs of a bare repository, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Refs(pub(crate) BTreeMap<String, String>);

impl Refs {
    /// As they stand now.
    #[track_caller]
    pub(crate) fn of(world: &World, bare: &Path) -> Self {
        let mut command = world.command("git");
        command.current_dir(bare);
        command.args(["for-each-ref", "--format=%(refname) %(objectname)"]);
        let text = run(&mut command, b"").line();
        let pair = |l: &str| l.split_once(' ').map(|(n, id)| (n.to_owned(), id.to_owned()));
        Self(text.lines().filter_map(pair).collect())
    }

    /// The gate keeps house below `refs/countersign/`; the rest is the pusher's.
    fn is_pushers(name: &str) -> bool {
        !name.starts_with("refs/countersign/")
    }
}

/// A finished push.
#[derive(Debug)]
pub(crate) struct PushResult {
    /// Whether git succeeded for every ref.
    pub(crate) ok: bool,
    /// What the server said, without `remote: ` and git's padding.
    pub(crate) remote: String,
    /// All that the client saw.
    pub(crate) all: String,
    pub(crate) before: Refs,
    pub(crate) after: Refs,
    command: String,
}

impl PushResult {
    pub(crate) fn new(output: Output, before: Refs, after: Refs) -> Self {
        let all = output.all();
        // Git ends each line of the server with eight blanks or a code that clears the rest.
        let strip = |line: &str| {
            let line = line.strip_prefix("remote:")?;
            let line = line.strip_suffix("\x1b[K").unwrap_or(line).trim_end();
            Some(line.strip_prefix(' ').unwrap_or(line).to_owned())
        };
        let lines: Vec<String> = all.lines().filter_map(strip).collect();
        let remote = lines.join("\n");
        assert_harmless(&remote, &all);
        Self { ok: output.code == Some(0), remote, all, before, after, command: output.command }
    }

    /// Refs outside `refs/countersign/` that the push created, moved or deleted.
    pub(crate) fn landed(&self) -> Vec<String> {
        let value = |refs: &Refs, name: &str| refs.0.get(name).cloned();
        let names = self.before.0.keys().chain(self.after.0.keys());
        let mut moved: Vec<String> = names
            .filter(|n| Refs::is_pushers(n) && value(&self.before, n) != value(&self.after, n))
            .cloned()
            .collect();
        moved.sort();
        moved.dedup();
        moved
    }

    /// Everything that was pushed landed.
    #[track_caller]
    pub(crate) fn accepted(&self) -> &Self {
        assert!(self.ok, "rejected: {}\n{}", self.command, self.all);
        self
    }

    /// Accepted, and these refs moved, in this order of name.
    #[track_caller]
    pub(crate) fn lands(&self, refs: &[&str]) -> &Self {
        self.accepted();
        assert_eq!(self.landed(), refs, "what landed of {}\n{}", self.command, self.all);
        self
    }

    /// The hook said no: no ref of the pusher's moved, and the text says why.
    #[track_caller]
    pub(crate) fn rejected_with(&self, needle: &str) -> &Self {
        self.rejected();
        self.says(needle)
    }

    /// The hook said no, in words and with an exit code, not by falling over.
    #[track_caller]
    pub(crate) fn rejected(&self) -> &Self {
        assert!(!self.ok, "accepted: {}\n{}", self.command, self.all);
        assert_eq!(self.landed(), Vec::<String>::new(), "{} landed\n{}", self.command, self.all);
        assert!(
            self.all.contains("pre-receive hook declined"),
            "not the hook's no: {}\n{}",
            self.command,
            self.all
        );
        assert!(self.remote.lines().any(|l| l.starts_with("error: ")), "no reason: {}", self.all);
        self
    }

    /// Refused by git itself or by the hook; nothing landed.
    #[track_caller]
    pub(crate) fn refused(&self) -> &Self {
        assert!(!self.ok, "accepted: {}\n{}", self.command, self.all);
        assert_eq!(self.landed(), Vec::<String>::new(), "{} landed\n{}", self.command, self.all);
        self
    }

    /// The server's words contain this; line breaks and runs of blanks count as one blank.
    #[track_caller]
    pub(crate) fn says(&self, needle: &str) -> &Self {
        assert!(
            flat(&self.remote).contains(&flat(needle)),
            "the server does not say {needle:?}: {}\n{}",
            self.command,
            self.all
        );
        self
    }

    /// The server's words do not contain this.
    #[track_caller]
    pub(crate) fn keeps_quiet_about(&self, needle: &str) -> &Self {
        assert!(
            !flat(&self.remote).contains(&flat(needle)),
            "the server says {needle:?}: {}\n{}",
            self.command,
            self.all
        );
        self
    }
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nothing that a terminal obeys, and nothing that hides, ever comes from the server (G21).
#[track_caller]
fn assert_harmless(remote: &str, all: &str) {
    let harmful = |c: &char| {
        matches!(u32::from(*c),
            0..=0x09 | 0x0b..=0x1f | 0x7f..=0x9f | 0xad | 0x61c | 0x200b..=0x200f
            | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfffd | 0xe0000..=0xe007f)
    };
    if let Some(c) = remote.chars().find(harmful) {
        panic!("the server sent {c:?}:\n{}", all.escape_debug().to_string().replace("\\n", "\n"));
    }
}
