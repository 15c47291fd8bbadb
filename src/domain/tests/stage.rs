//! A policy and the facts of one push, for tests: people, one rule, one commit, and
//! builders for what differs.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::evidence::{Detection, Evidence, MarkerKind, Place, Strength};
use crate::domain::facts::{CommitFacts, Cover, Facts, NewCommits, RefChange, RefFacts, Tie};
use crate::domain::glob::Globs;
use crate::domain::ids::{
    ChangeDigest, DecisionId, Login, ObjectFormat, ObjectId, PersonId, PolicyDigest, RefName,
    RepoPath, RepositoryName, StatementHash,
};
use crate::domain::policy::{Binding, Detect, Key, Mode, Person, Policy, Role, Rule};
use crate::domain::sighting::{Contributor, Contributors, Part, Sighting};
use crate::domain::statement::{SignOff, Statement, Subject, Verdict};

pub(super) const MAIN: &str = "refs/heads/main";
pub(super) const REPOSITORY: &str = "acme/api";
const DAY: u64 = 24 * 60 * 60;

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_780_000_000).unwrap()
}

/// `seconds` before now; negative: after.
pub(super) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(super) fn id(n: u8) -> ObjectId {
    ObjectId::from_raw(&[n; 20]).unwrap()
}

pub(super) fn digest(n: u8) -> ChangeDigest {
    ChangeDigest::from_raw([n; 32])
}

pub(super) fn hash(n: usize) -> StatementHash {
    StatementHash::from_raw([u8::try_from(n).unwrap(); 32])
}

pub(super) fn who(name: &str) -> PersonId {
    PersonId::new(name)
}

pub(super) fn globs<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Globs {
    Globs::new(patterns).unwrap()
}

fn person(name: &str, logins: &[&str], role: Role) -> (PersonId, Person) {
    let person = Person {
        id: who(name),
        name: name.to_owned(),
        emails: vec![format!("{name}@example.com")],
        logins: [name].iter().chain(logins).map(|l| Login::new(*l)).collect(),
        keys: vec![key(name)],
        role,
    };
    (who(name), person)
}

pub(super) fn key(name: &str) -> Key {
    Key {
        public: format!("ssh-ed25519 {name}"),
        valid_after: None,
        valid_before: None,
        revoked: false,
    }
}

pub(super) const SENIORS: [&str; 3] = ["ann", "ben", "cleo"];

pub(super) fn rule(name: &str, line: usize) -> Rule {
    Rule {
        name: name.to_owned(),
        line,
        reason: None,
        repos: globs(["**"]),
        refs: globs([MAIN]),
        trusts: globs([MAIN]),
        paths: globs(["**"]),
        all_paths: true,
        sign_offs: 1,
        from: vec!["seniors".to_owned()],
        approvers: SENIORS.iter().map(|s| who(s)).collect(),
        binding: Binding::Replay,
        valid_for: Duration::from_secs(10 * DAY),
        mode: Mode::Enforce,
        veto: false,
        allow_delete: false,
        allow_rewind: false,
        exempt_pushers: [].into(),
        readers: [].into(),
        hints_count: false,
        check_clean_merges: false,
        break_glass: [].into(),
        review_within: Duration::from_secs(DAY),
        freeze: false,
    }
}

pub(super) fn policy() -> Policy {
    let agent = |owner: Option<&str>| Role::Agent { owner: owner.map(who) };
    let people = [
        person("ann", &["ann.a"], Role::Person),
        person("ben", &[], Role::Person),
        person("cleo", &[], Role::Person),
        person("dev", &["dev.d"], Role::Person),
        person("pam", &[], Role::Person),
        person("bot", &[], agent(Some("ann"))),
        person("ghost", &[], agent(None)),
        person("queue", &[], Role::Service),
    ];
    Policy {
        digest: PolicyDigest::from_raw([9; 32]),
        people: people.into(),
        groups: [("seniors".to_owned(), SENIORS.iter().map(|s| who(s)).collect())].into(),
        detect: Detect { memory: true, ..Detect::default() },
        rules: vec![rule("production", 10)],
    }
}

/// Who has a hand in a commit and who first showed it.
#[derive(Debug, Clone)]
pub(super) struct Hands {
    pub(super) author: String,
    pub(super) co_authors: Vec<String>,
    pub(super) committer: String,
    pub(super) row: Row,
    /// Whether neither its object nor a row of it can be read.
    pub(super) unread: bool,
}

/// The row of the first pusher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    None,
    Nameless,
    Login(String),
}

impl Row {
    pub(super) fn new(word: &str) -> Self {
        match word {
            "norow" => Self::None,
            "none" => Self::Nameless,
            login => Self::Login(login.to_owned()),
        }
    }

    fn login(&self) -> Option<Login> {
        match self {
            Self::None | Self::Nameless => None,
            Self::Login(login) => Some(Login::new(login)),
        }
    }
}

impl Default for Hands {
    fn default() -> Self {
        Self {
            author: "dev".to_owned(),
            co_authors: Vec::new(),
            committer: "dev".to_owned(),
            row: Row::Login("dev".to_owned()),
            unread: false,
        }
    }
}

impl Hands {
    /// A name `?x` is an address that nobody has.
    pub(super) fn contributors(&self) -> Contributors {
        let one = |part: Part, name: &str| {
            let address = name.strip_prefix('?').map(|n| format!("{n}@elsewhere.example"));
            let email = address.unwrap_or_else(|| format!("{name}@example.com"));
            Contributor { part, email }
        };
        let mut all = vec![one(Part::Author, &self.author)];
        all.extend(self.co_authors.iter().zip(9..).map(|(n, line)| one(Part::CoAuthor(line), n)));
        all.push(one(Part::Committer, &self.committer));
        Contributors(all)
    }

    fn sighting(&self, commit: ObjectId, change: Option<ChangeDigest>) -> Option<Sighting> {
        (self.row != Row::None && !self.unread).then(|| Sighting {
            commit,
            repository: RepositoryName::new(REPOSITORY),
            first_pusher: self.row.login(),
            at: ago(7200),
            change,
            paths: None,
            contributors: self.contributors(),
            evidence: "line 3 \"Co-Authored-By: Claude\"".to_owned(),
        })
    }
}

pub(super) fn evidence(strength: Strength) -> Evidence {
    Evidence {
        marker: "claude".to_owned(),
        tool: Some("Claude".to_owned()),
        kind: MarkerKind::TrailerIdentity,
        strength,
        place: Place::Line(3),
        text: "Co-Authored-By: Claude".to_owned(),
        quotation: false,
    }
}

/// A push of nothing to `refs/heads/main` by dev, for rule 1.
pub(super) fn facts() -> Facts {
    Facts {
        id: DecisionId::new("D-0000000000"),
        at: now(),
        repository: RepositoryName::new(REPOSITORY),
        pusher: Some(Login::new("dev")),
        unlisted_is_nobody: false,
        refs: vec![RefFacts {
            name: RefName::new(MAIN),
            leads_to: Vec::new(),
            old: id(250),
            new: id(1),
            change: RefChange::FastForward,
            sets: Vec::new(),
            problems: Vec::new(),
            ungated_ai: Vec::new(),
        }],
        deliveries: Vec::new(),
        problems: Vec::new(),
        commits: BTreeMap::new(),
        sightings: BTreeMap::new(),
        same_change: BTreeMap::new(),
        contributors: BTreeMap::new(),
        sign_offs: BTreeMap::new(),
        covers: BTreeMap::new(),
        recalled: BTreeMap::new(),
        noted: BTreeMap::new(),
    }
}

pub(super) fn zero() -> ObjectId {
    ObjectId::zero(ObjectFormat::Sha1)
}

/// Puts a commit among the new ones, with its row; `change` is `None` for a merge.
pub(super) fn land(facts: &mut Facts, commit: ObjectId, hands: &Hands, change: Option<u8>) {
    let change = change.map(digest);
    if let Some(row) = hands.sighting(commit, change) {
        same_change(facts, &row);
        facts.sightings.insert(commit, row);
    }
    let strengths = [evidence(Strength::Assistance)];
    facts.commits.insert(
        commit,
        CommitFacts {
            id: commit,
            subject: b"Add token refresh".to_vec(),
            detection: Detection { evidence: strengths.to_vec(), ..Detection::default() },
            contributors: hands.contributors(),
            brought: true,
            change,
            paths: change.map(|_| vec![RepoPath::new("src/a")]),
            merge: None,
        },
    );
}

/// A commit that statements name and that does not land.
pub(super) fn named(facts: &mut Facts, commit: ObjectId, hands: &Hands) {
    if hands.unread {
        return;
    }
    facts.contributors.insert(commit, hands.contributors());
    if let Some(row) = hands.sighting(commit, None) {
        facts.sightings.insert(commit, row);
    }
}

/// A row of the same change in another commit.
pub(super) fn shown(facts: &mut Facts, commit: ObjectId, row: &Row, change: u8) {
    let hands = Hands { row: row.clone(), ..Hands::default() };
    if let Some(row) = hands.sighting(commit, Some(digest(change))) {
        same_change(facts, &row);
    }
}

fn same_change(facts: &mut Facts, row: &Sighting) {
    if let Some(change) = row.change {
        facts.same_change.entry(change).or_default().push(row.clone());
    }
}

/// Fills each ref's sets: all commits are new for every rule that gates it.
pub(super) fn gate(policy: &Policy, facts: &mut Facts) {
    let commits: Vec<_> = facts.commits.keys().copied().collect();
    for r in &mut facts.refs {
        if r.change == RefChange::Delete {
            continue;
        }
        let gating = policy.rules.iter().enumerate();
        r.sets = gating
            .filter(|(_, rule)| rule.gates_any(std::iter::once(&r.name).chain(&r.leads_to)))
            .map(|(rule, _)| NewCommits {
                rule,
                checked: commits.len(),
                commits: commits.clone(),
                brings: BTreeMap::new(),
                lands_first: Vec::new(),
            })
            .collect();
    }
}

/// A statement about `names` by `signer`.
pub(super) fn statement(
    verdict: Verdict,
    signer: &str,
    names: &[ObjectId],
    issued_at: Timestamp,
) -> SignOff {
    let subject = |c: &ObjectId| Subject {
        name: c.short(),
        commit: Some(*c),
        change: None,
        paths: None,
        statement: None,
    };
    SignOff {
        hash: hash(0),
        statement: Statement {
            subjects: names.iter().map(subject).collect(),
            repository: RepositoryName::new(REPOSITORY),
            refs: vec![MAIN.to_owned()],
            verdict,
            reason: None,
            issued_at,
            expires_at: None,
            net: None,
        },
        signer: who(signer),
        key: key(signer),
        twin: None,
    }
}

/// A revocation's subject.
pub(super) fn revoked(statement: StatementHash) -> Subject {
    Subject {
        name: statement.short(),
        commit: None,
        change: None,
        paths: None,
        statement: Some(statement),
    }
}

/// Ties a statement to a commit that lands.
pub(super) fn cover(facts: &mut Facts, commit: ObjectId, statement: StatementHash, tie: Tie) {
    facts.covers.entry(commit).or_default().push(Cover { statement, tie });
}
