//! The policy as checked data. `crate::policy` is the only way in from TOML.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::glob::Globs;
use super::ids::{Login, PersonId, PolicyDigest, RefName, RepositoryName};
use super::memory::Thresholds;

/// All rules of a server.
#[derive(Debug, Clone)]
pub struct Policy {
    /// SHA-256 of the file's bytes.
    pub digest: PolicyDigest,
    /// By the table's key.
    pub people: BTreeMap<PersonId, Person>,
    /// Nested groups resolved to people.
    pub groups: BTreeMap<String, BTreeSet<PersonId>>,
    /// What the detector is told.
    pub detect: Detect,
    /// In the order of the file.
    pub rules: Vec<Rule>,
}

/// One table of `[people]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The table's key.
    pub id: PersonId,
    /// For display; the key where the policy names none.
    pub name: String,
    /// In lower case.
    pub emails: Vec<String>,
    /// Names the Git server may call them, the table's key first.
    pub logins: Vec<Login>,
    /// Keys they sign with.
    pub keys: Vec<Key>,
    /// Person, agent or service.
    pub role: Role,
}

/// What a login stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Somebody.
    Person,
    /// An AI tool: what it pushes is AI-assisted, and its owner stands where it stands.
    Agent {
        /// Who runs it.
        owner: Option<PersonId>,
    },
    /// No person: pushes, never signs, stands for nobody's identity.
    Service,
}

/// A public key and when it may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `type base64` of an OpenSSH public key, no comment.
    pub public: String,
    /// Signatures issued before do not count.
    pub valid_after: Option<Timestamp>,
    /// Signatures issued, or looked at, after do not count.
    pub valid_before: Option<Timestamp>,
    /// Never counts again.
    pub revoked: bool,
}

/// `[detect]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Detect {
    /// `declare = "required"`: a commit without evidence must say yes or no (G6).
    pub declaration_required: bool,
    /// `memory = true` (G9).
    pub memory: bool,
    /// `memory_lines` and `memory_share`.
    pub thresholds: Thresholds,
    /// `generated`: files that memory does not learn from.
    pub generated: Globs,
    /// `catalogue`: a file that stands for the built-in markers.
    pub catalogue: Option<CatalogueFile>,
    /// Names of built-in markers that are switched off.
    pub disable: Vec<String>,
    /// `[[detect.marker]]`.
    pub markers: Vec<CustomMarker>,
}

/// A file of markers that stands for the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueFile {
    /// As the policy names it: a full path, or one from the policy's folder.
    pub path: String,
    /// Its text, checked; `None` where only the policy's bytes are at hand, as in a clone.
    /// The built-in markers are taken then.
    pub text: Option<String>,
}

/// One `[[detect.marker]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomMarker {
    /// Its stable name.
    pub name: String,
    /// The tool it tells.
    pub tool: Option<String>,
    /// What it looks at.
    pub pattern: CustomPattern,
    /// What it proves; assistance unless the policy says otherwise.
    pub strength: super::evidence::Strength,
}

/// What a policy's own marker looks at. Regular expressions are already checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomPattern {
    /// A trailer's key, in any case, and what its value must match.
    Trailer {
        /// The key.
        key: String,
        /// A regular expression, found anywhere in the value; none: any value.
        value: Option<String>,
    },
    /// The author's address, whole, in any case.
    AuthorEmail(String),
    /// Any identity (author, committer, co-author) with this address, whole, in any case.
    Identity(String),
    /// A regular expression found anywhere in a line.
    Line(String),
}

/// How a sign-off is tied to what is pushed (G10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// The same commit id.
    Commit,
    /// The same change digest.
    SameFiles,
    /// Also a clean rebase of the signed files.
    Replay,
}

/// What happens when a rule is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It is only recorded.
    Observe,
    /// The pusher is told.
    Warn,
    /// The push is rejected.
    Enforce,
}

/// One `[[rule]]`.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Line of its `[[rule]]` in the file, from 1.
    pub line: usize,
    /// Shown to the pusher.
    pub reason: Option<String>,
    /// Which repositories.
    pub repos: Globs,
    /// Which refs.
    pub refs: Globs,
    /// Refs below whose old tips nothing is new (G1).
    pub trusts: Globs,
    /// Which changed paths.
    pub paths: Globs,
    /// Whether `paths` is everything, as it is by default.
    pub all_paths: bool,
    /// How many distinct people must sign.
    pub sign_offs: usize,
    /// Names of the groups they come from, as written.
    pub from: Vec<String>,
    /// The people of these groups who can sign: persons with a key that is not revoked, no
    /// agents or services.
    pub approvers: BTreeSet<PersonId>,
    /// How a sign-off is tied to what is pushed.
    pub binding: Binding,
    /// How old a sign-off may be.
    pub valid_for: Duration,
    /// What happens when the rule is not met.
    pub mode: Mode,
    /// Whether one decline blocks.
    pub veto: bool,
    /// `allow = ["delete"]`.
    pub allow_delete: bool,
    /// `allow = ["rewind"]`.
    pub allow_rewind: bool,
    /// People whose own first pushes need no sign-off (G2).
    pub exempt_pushers: BTreeSet<PersonId>,
    /// People who may read what waits for it, beside those who sign.
    pub readers: BTreeSet<PersonId>,
    /// `hints = "count"`: what is too weak to conclude, and reviews, are evidence here.
    pub hints_count: bool,
    /// `clean_merges = "check"` (G16).
    pub check_clean_merges: bool,
    /// People who may break the glass (G19).
    pub break_glass: BTreeSet<PersonId>,
    /// How soon a broken glass is to be signed off (G19).
    pub review_within: Duration,
    /// Whether an overdue debt stops AI-assisted pushes (G19).
    pub freeze: bool,
}

impl Policy {
    /// Whether a person may read the source that waits for sign-offs in a repository.
    #[must_use]
    pub fn may_read(&self, person: &PersonId, repository: &RepositoryName) -> bool {
        self.rules_for(repository)
            .any(|(_, rule)| rule.approvers.contains(person) || rule.readers.contains(person))
    }
}

impl Rule {
    /// Whether it asks of every path.
    #[must_use]
    pub fn is_for_all_paths(&self) -> bool {
        self.paths.patterns().any(|pattern| pattern == "**")
    }

    /// Whether the rule speaks about this repository.
    #[must_use]
    pub fn is_for(&self, repository: &RepositoryName) -> bool {
        self.repos.matches(repository.as_str().as_bytes())
    }

    /// Whether the rule gates this ref of a repository it is for.
    #[must_use]
    pub fn gates(&self, name: &RefName) -> bool {
        self.refs.matches(name.as_bytes())
    }

    /// Whether the rule gates a ref under any of its names: what points to a gated ref is
    /// gated (G17).
    pub fn gates_any<'a>(&self, names: impl IntoIterator<Item = &'a RefName>) -> bool {
        names.into_iter().any(|name| self.gates(name))
    }
}

/// What an authenticated login stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Standing {
    /// A person of the policy.
    Listed {
        /// Who.
        person: PersonId,
    },
    /// A login that the policy does not list: somebody of their own.
    Unlisted {
        /// As authenticated.
        login: Login,
    },
    /// An agent of the policy, standing for its owner.
    Agent {
        /// The agent.
        agent: PersonId,
        /// Who runs it.
        owner: Option<PersonId>,
    },
    /// No name: identity missing, a service, a deploy key, a CI token.
    Nobody,
}

impl Standing {
    /// The person of the policy that this login stands for, owners included.
    #[must_use]
    pub fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Listed { person } => Some(person),
            Self::Agent { owner, .. } => owner.as_ref(),
            Self::Unlisted { .. } | Self::Nobody => None,
        }
    }

    /// Whether a name stands behind it that can be told apart from a senior's (G13).
    #[must_use]
    pub fn is_somebody(&self) -> bool {
        match self {
            Self::Listed { .. } | Self::Unlisted { .. } => true,
            Self::Agent { owner, .. } => owner.is_some(),
            Self::Nobody => false,
        }
    }
}

impl Policy {
    /// Whether any rule takes hints and reviews for evidence.
    #[must_use]
    pub fn counts_hints(&self) -> bool {
        self.rules.iter().any(|rule| rule.hints_count)
    }

    /// Who has this address, in any case.
    #[must_use]
    pub fn person_by_email(&self, email: &[u8]) -> Option<&Person> {
        let email = std::str::from_utf8(email).ok()?.trim().to_lowercase();
        self.people.values().find(|p| p.emails.contains(&email))
    }

    /// Who has this login; where nobody has it byte for byte, who has it in another case:
    /// some servers take `GHopper` for `ghopper`, and it must not be somebody else (G13).
    #[must_use]
    pub fn person_by_login(&self, login: &Login) -> Option<&Person> {
        let fold = |l: &Login| l.as_str().to_lowercase();
        let folded = fold(login);
        self.people
            .values()
            .find(|p| p.logins.contains(login))
            .or_else(|| self.people.values().find(|p| p.logins.iter().any(|l| fold(l) == folded)))
    }

    /// What a login stands for. `unlisted_is_nobody` is the setting `unlisted = "nobody"`.
    #[must_use]
    pub fn standing(&self, login: Option<&Login>, unlisted_is_nobody: bool) -> Standing {
        let Some(login) = login else { return Standing::Nobody };
        match self.person_by_login(login) {
            None if unlisted_is_nobody || is_machine_login(login) => Standing::Nobody,
            None => Standing::Unlisted { login: login.clone() },
            Some(p) => match &p.role {
                Role::Person => Standing::Listed { person: p.id.clone() },
                Role::Agent { owner } => {
                    Standing::Agent { agent: p.id.clone(), owner: owner.clone() }
                }
                Role::Service => Standing::Nobody,
            },
        }
    }

    /// The rules that speak about this repository, with their place in the file.
    pub fn rules_for<'a>(
        &'a self,
        repository: &'a RepositoryName,
    ) -> impl Iterator<Item = (usize, &'a Rule)> {
        self.rules.iter().enumerate().filter(move |(_, r)| r.is_for(repository))
    }

    /// The strictest mode of the rules that gate a ref under any of these names; `None`
    /// where none does.
    pub fn mode_of<'a>(
        &self,
        repository: &RepositoryName,
        names: impl IntoIterator<Item = &'a RefName> + Clone,
    ) -> Option<Mode> {
        self.rules_for(repository)
            .filter(|(_, r)| r.gates_any(names.clone()))
            .map(|(_, r)| r.mode)
            .max()
    }
}

/// Logins that a Git server makes up for machines (G22): `deploy-key:12`, `ci-token:…`.
#[must_use]
pub fn is_machine_login(login: &Login) -> bool {
    let text = login.as_str();
    text.starts_with("deploy-key:") || text.starts_with("ci-token:")
}

/// A policy's bytes with a catalogue of markers behind them, as they are kept and hashed.
#[must_use]
pub fn joined(mut policy: Vec<u8>, catalogue: &[u8]) -> Vec<u8> {
    policy.push(0);
    policy.extend_from_slice(catalogue);
    policy
}

/// A policy's bytes and those of its catalogue: no TOML holds a zero byte.
#[must_use]
pub fn parts(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    (parts.next().unwrap_or_default(), parts.next())
}
