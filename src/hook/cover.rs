//! How statements are tied to a commit that is to land (G10, G11).
//!
//! STRATEGY. Ids first: a statement that names the commit is the strongest tie, where it names
//! the commit's change as well: a senior may have been shown the change alone, by a server
//! that nobody trusts. Then change
//! digests, then, where a statement names the same set of paths, the replay. A digest that a
//! statement gives for a commit is believed only where that commit's own object, or the row
//! of its first push, has the same one: else a signer could name somebody else's harmless
//! commit beside a digest of their own work.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::merges;
use super::ranges::Reader;
use crate::domain::change::Change;
use crate::domain::digest::{change_digest, change_digest_of_bytes, paths_digest};
use crate::domain::facts::{Cover, Tie};
use crate::domain::ids::{ChangeDigest, ObjectId, PersonId, StatementHash};
use crate::domain::limits::STATEMENTS_TRIED;
use crate::domain::policy::Rule;
use crate::domain::sighting::Sighting;
use crate::domain::statement::{Net, SignOff, Statement, Verdict};
use crate::domain::validity::SKEW;
use crate::git::change;
use crate::git::replay::{self, Replay};
use crate::git::{GitError, range};

/// Subjects of one approval that are tried for one commit.
const SUBJECTS_TRIED: usize = 64;

/// Stale sign-offs of a push that are looked at for being older ones.
pub(super) const LOOKS: usize = 32;

/// What ties are computed from, beside the objects.
pub(super) struct Ties<'a> {
    pub(super) sign_offs: &'a BTreeMap<StatementHash, SignOff>,
    pub(super) sightings: &'a BTreeMap<ObjectId, Sighting>,
    /// Kept entries by change digest, not yet hashed again.
    pub(super) kept: &'a BTreeMap<ChangeDigest, Vec<u8>>,
    /// Whose statements are worth more than a look at their ids.
    pub(super) eligible: Eligible,
    /// How often may still be asked whether a signed commit is an older one.
    pub(super) looks: usize,
    /// AI-assisted commits of ranges, computed once each.
    pub(super) nets: BTreeMap<StatementHash, Result<Vec<ObjectId>, String>>,
}

/// Who may sign anything of this push, and since when: what can't count for any rule must
/// not use up the tries of what can (G10).
pub(super) struct Eligible {
    pub(super) approvers: BTreeSet<PersonId>,
    /// An approval that was issued earlier is too old for every rule.
    pub(super) since: Timestamp,
    /// One that was issued later comes from a clock that is wrong.
    pub(super) until: Timestamp,
}

impl Eligible {
    /// For the rules that gate any ref of a push.
    pub(super) fn of<'a>(rules: impl Iterator<Item = &'a Rule>, now: Timestamp) -> Self {
        let (mut approvers, mut valid_for) = (BTreeSet::new(), Duration::ZERO);
        for rule in rules {
            approvers.extend(rule.approvers.iter().cloned());
            valid_for = valid_for.max(rule.valid_for);
        }
        let since = now.checked_sub(valid_for).unwrap_or(Timestamp::MIN);
        let until = now.checked_add(SKEW).unwrap_or(Timestamp::MAX);
        Self { approvers, since, until }
    }

    fn takes(&self, s: &SignOff) -> bool {
        let issued = s.statement.issued_at;
        let in_time = self.since <= issued && issued <= self.until;
        self.approvers.contains(&s.signer) && (in_time || s.statement.verdict == Verdict::Decline)
    }
}

/// One commit that is to land.
pub(super) struct Landing {
    pub(super) id: ObjectId,
    /// As a subject's name ends in it.
    pub(super) title: String,
    /// `None` for a merge or an empty change: covered by its id alone.
    pub(super) change: Option<(ChangeDigest, Change)>,
}

impl Ties<'_> {
    /// Every tie of every approval and decline to one commit.
    pub(super) fn of(&mut self, reader: &mut Reader<'_>, landing: &Landing) -> Vec<Cover> {
        let mut newest: Vec<&SignOff> = self
            .sign_offs
            .values()
            .filter(|s| matches!(s.statement.verdict, Verdict::Approve | Verdict::Decline))
            .collect();
        newest.sort_by_key(|s| (std::cmp::Reverse(s.statement.issued_at), s.hash));
        // Nobody's many statements may use up the tries of anybody else's.
        let mut of_signer: BTreeMap<&PersonId, usize> = BTreeMap::new();
        let mut newest: Vec<(usize, &SignOff)> = newest
            .into_iter()
            .map(|s| {
                let rank = of_signer.entry(&s.signer).or_default();
                *rank += 1;
                (*rank, s)
            })
            .collect();
        newest.sort_by_key(|(rank, _)| *rank);
        let mut covers = Vec::new();
        let mut tried = 0;
        for (_, s) in newest {
            let ties = if let Some(tie) = by_id(landing, &s.statement) {
                vec![tie]
            } else if !self.eligible.takes(s) {
                Vec::new()
            } else if s.statement.verdict == Verdict::Decline {
                // A limit on declines could be used to push one out.
                self.ties(reader, landing, s, usize::MAX)
            } else if tried == STATEMENTS_TRIED {
                Vec::new()
            } else {
                let ties = self.ties(reader, landing, s, SUBJECTS_TRIED);
                tried += usize::from(!ties.is_empty());
                ties
            };
            covers.extend(ties.into_iter().map(|tie| Cover { statement: s.hash, tie }));
        }
        covers
    }

    /// The subjects of a statement that are close to the landing commit, the likeliest
    /// first, at most `limit` of them.
    fn ties(
        &mut self,
        reader: &mut Reader<'_>,
        landing: &Landing,
        s: &SignOff,
        limit: usize,
    ) -> Vec<Tie> {
        let Some((digest, pushed)) = &landing.change else { return Vec::new() };
        let paths = paths_digest(pushed);
        let mut close: Vec<_> = s
            .statement
            .subjects
            .iter()
            .filter_map(|sub| Some((sub, sub.change?)))
            .filter(|(sub, change)| change == digest || sub.paths == Some(paths))
            .collect();
        let is_titled = |name: &str| name.split_once(' ').is_some_and(|(_, t)| t == landing.title);
        close.sort_by_key(|(sub, change)| (change != digest, !is_titled(&sub.name)));
        let mut ties = Vec::new();
        for (subject, signed_digest) in close.into_iter().take(limit) {
            let same_files = signed_digest == *digest;
            let tie = match (subject.commit, s.statement.net) {
                (Some(signed), _) if !self.does(reader, signed, signed_digest) => Tie::Stale {
                    signed: Some(signed),
                    why: "nothing here shows that this commit is what was signed".to_owned(),
                },
                (Some(signed), _) if same_files => Tie::SameFiles { signed },
                (Some(signed), _) => match self.replay(reader, landing, signed_digest) {
                    Ok(()) => Tie::Replay { signed },
                    Err(why) => Tie::Stale { signed: Some(signed), why },
                },
                (None, Some(net)) => self.net(reader, landing, s, (net, signed_digest)),
                (None, None) => continue,
            };
            // What shares its paths alone was most likely signed for something else.
            let is_close = subject.commit.is_none() || same_files || is_titled(&subject.name);
            let is_stale = matches!(tie, Tie::Stale { .. });
            if !is_stale || (is_close && !self.is_older(reader, landing, subject.commit)) {
                ties.push(tie);
            }
        }
        ties
    }

    /// Whether a signed commit lies below the landing one: its sign-off was for that, and is
    /// no stale one of this, though it names the same paths.
    fn is_older(
        &mut self,
        reader: &Reader<'_>,
        landing: &Landing,
        signed: Option<ObjectId>,
    ) -> bool {
        let Some(signed) = signed.filter(|id| self.looks > 0 && reader.repo.exists(*id)) else {
            return false;
        };
        self.looks -= 1;
        let bases = reader.repo.merge_bases(signed, landing.id);
        bases.is_ok_and(|bases| bases.contains(&signed))
    }

    /// Whether a commit really does what a statement says it does.
    fn does(&self, reader: &Reader<'_>, commit: ObjectId, digest: ChangeDigest) -> bool {
        let row = self.sightings.get(&commit).and_then(|r| r.change);
        change::known(reader.repo, commit, reader.limits).as_ref().and_then(change_digest).or(row)
            == Some(digest)
    }

    /// The signed entries, from the store and hashed again.
    fn entries(&self, digest: ChangeDigest) -> Option<Change> {
        let bytes = self.kept.get(&digest)?;
        (change_digest_of_bytes(bytes) == digest).then(|| Change::from_bytes(bytes))?
    }

    fn replay(
        &self,
        reader: &Reader<'_>,
        landing: &Landing,
        signed: ChangeDigest,
    ) -> Result<(), String> {
        let entries = self
            .entries(signed)
            .ok_or_else(|| "what was signed can't be read here any more".to_owned())?;
        let Some((_, pushed)) = &landing.change else {
            return Err("a merge or an empty change is covered by its id alone".to_owned());
        };
        match replay::replays(reader.repo, &entries, pushed, reader.limits) {
            Replay::Clean => Ok(()),
            Replay::Stale(why) => Err(why),
        }
    }

    fn net(
        &mut self,
        reader: &mut Reader<'_>,
        landing: &Landing,
        s: &SignOff,
        (net, digest): (Net, ChangeDigest),
    ) -> Tie {
        if !self.nets.contains_key(&s.hash) {
            let range = range_of(reader, &s.statement, (net, digest), self.sightings);
            self.nets.insert(s.hash, range);
        }
        let same_files = landing.change.as_ref().is_some_and(|(d, _)| *d == digest);
        match self.nets.get(&s.hash) {
            Some(Ok(signed)) if same_files => Tie::Net { same_files, signed: signed.clone() },
            Some(Ok(signed)) => match self.replay(reader, landing, digest) {
                Ok(()) => Tie::Net { same_files, signed: signed.clone() },
                Err(why) => Tie::Stale { signed: None, why },
            },
            Some(Err(why)) => Tie::Stale { signed: None, why: why.clone() },
            None => Tie::Stale { signed: None, why: "its range was not read".to_owned() },
        }
    }
}

/// The tie of a statement that names the commit itself. Its subject tells the change too: one
/// that tells another was made by somebody who was shown something else.
fn by_id(landing: &Landing, statement: &Statement) -> Option<Tie> {
    let change = landing.change.as_ref().map(|(digest, _)| *digest);
    let mut named =
        statement.subjects.iter().filter(|sub| sub.commit == Some(landing.id)).peekable();
    named.peek()?;
    let is_what_it_does = named.any(|sub| sub.change == change);
    Some(if is_what_it_does || statement.verdict == Verdict::Decline {
        Tie::Commit
    } else {
        let why = "what was signed under this commit's id is not its change".to_owned();
        Tie::Stale { signed: Some(landing.id), why }
    })
}

/// The AI-assisted commits of a signed range, or why it gives no net cover (G11): the gate
/// walks it itself and takes nothing from the statement but names.
fn range_of(
    reader: &mut Reader<'_>,
    statement: &Statement,
    (net, digest): (Net, ChangeDigest),
    sightings: &BTreeMap<ObjectId, Sighting>,
) -> Result<Vec<ObjectId>, String> {
    let name = format!("{}..{}", net.base.short(), net.tip.short());
    let unreadable = |e: GitError| format!("the signed range {name} can't be read here: {e}");
    let bases = reader.repo.merge_bases(net.base, net.tip).map_err(unreadable)?;
    if bases != [net.base] {
        return Err(format!("the signed range {name} does not start at its single merge base"));
    }
    let sum = change::net(reader.repo, net.base, net.tip, reader.limits).map_err(unreadable)?;
    if change_digest(&sum) != Some(digest) {
        return Err(format!("the signed sum is not that of {name}"));
    }
    let max = reader.limits.new_commits;
    let commits = range::new_commits(reader.repo, net.tip, &[net.base], max).map_err(unreadable)?;
    let hints = reader.policy.counts_hints();
    let mut assisted = Vec::new();
    for id in &commits {
        let id = *id;
        let named = statement.subjects.iter().any(|s| s.commit == Some(id));
        if !named {
            return Err(format!("its range leaves out {}", id.short()));
        }
        let by_agent = reader.is_agents(sightings.get(&id));
        let seen = reader.read(id).map_err(|f| f.message)?;
        if by_agent || seen.detection.is_evidence(hints) {
            assisted.push(id);
        }
    }
    let below = merges::below(reader, &commits, |id| reader.shows(id, hints));
    let is_open = |id: &&ObjectId| reader.is_merge(id) && !assisted.contains(id);
    let mut bringing: Vec<ObjectId> = commits.iter().filter(is_open).copied().collect();
    bringing.retain(|id| merges::brought(reader, &below, id).is_some());
    reader.learn_own_changes(bringing.iter().copied()).map_err(unreadable)?;
    assisted.extend(bringing.into_iter().filter(|id| reader.has_own_change(id)));
    Ok(assisted)
}
