//! What a senior is about to sign: commits and the sum of a range, read and shown.

use super::clone::Clone;
use super::error::CliError;
use super::out;
use crate::detect::Detector;
use crate::domain::change::Change;
use crate::domain::digest::{change_digest, paths_digest};
use crate::domain::escape::escape_short;
use crate::domain::evidence::Detection;
use crate::domain::ids::{ObjectId, RepositoryName};
use crate::domain::object::Commit;
use crate::domain::statement::{Net, Subject, Verdict};
use crate::git::change::{self, CommitChange};
use crate::git::laptop::Named;
use crate::git::{OwnChange, range};
use crate::hook::collect::TITLE;

/// Commits shown one by one: all that one statement names. Nobody signs what they can't see.
const SHOWN: usize = 1_000;
/// Files shown of a commit.
const FILES: usize = 8;

/// One commit to sign.
pub(super) struct Item {
    commit: Commit,
    detection: Detection,
    change: Option<Change>,
    /// What it does as a merge; `None` for any other commit.
    own: Option<OwnChange>,
}

/// The sum of a range (G11).
pub(super) struct NetChange {
    pub(super) net: Net,
    change: Change,
}

/// Everything that a command line names.
pub(super) struct Picked {
    pub(super) items: Vec<Item>,
    pub(super) net: Option<NetChange>,
}

impl Picked {
    pub(super) fn read(
        clone: &Clone,
        specs: &[String],
        detector: &Detector,
    ) -> Result<Self, CliError> {
        let mut ids = Vec::new();
        let mut span = None;
        for spec in specs {
            match clone.repo.resolve_range(spec)? {
                Named::Commit(id) => ids.push(id),
                Named::Range { base, tip } => {
                    let max = clone.limits.new_commits;
                    let range = range::new_commits(&clone.repo, tip, &[base], max)?;
                    if range.is_empty() {
                        return Err(CliError::usage(format!("\"{spec}\" holds no commits")));
                    }
                    ids.extend(range);
                    span = (specs.len() == 1).then_some((base, tip));
                }
            }
        }
        let mut items: Vec<Item> = Vec::new();
        for id in ids {
            if items.iter().all(|i| i.commit.id != id) {
                items.push(Item::read(clone, id, detector)?);
            }
        }
        let merges: Vec<&Commit> = items.iter().map(|i| &i.commit).collect();
        let mut own = clone.repo.own_changes(&merges, &clone.limits)?;
        for item in &mut items {
            item.own = own.remove(&item.commit.id);
        }
        let net = match span {
            Some(span) if items.len() > 1 => net_change(clone, span)?,
            _ => None,
        };
        Ok(Self { items, net })
    }

    pub(super) fn evidence(&self) -> serde_json::Value {
        let commits: Vec<_> = self
            .items
            .iter()
            .filter(|i| i.detection.is_ai_assisted())
            .take(100)
            .map(|i| {
                let texts: Vec<_> =
                    i.detection.evidence.iter().filter(|e| e.strength.counts()).take(5).collect();
                serde_json::json!({ "commit": i.commit.id, "evidence": texts })
            })
            .collect();
        serde_json::Value::Array(commits)
    }
}

/// From the range's single merge base to its tip; several merge bases: no net change.
fn net_change(
    clone: &Clone,
    (base, tip): (ObjectId, ObjectId),
) -> Result<Option<NetChange>, CliError> {
    let bases = clone.repo.merge_bases(base, tip)?;
    let [base] = bases.as_slice() else { return Ok(None) };
    let sum = change::net(&clone.repo, *base, tip, &clone.limits)?;
    let is_empty = sum.entries().is_empty();
    Ok((!is_empty).then_some(NetChange { net: Net { base: *base, tip }, change: sum }))
}

impl NetChange {
    pub(super) fn subject(&self) -> Subject {
        let Net { base, tip } = self.net;
        Subject {
            name: format!("net change {}..{}", base.short(), tip.short()),
            commit: None,
            change: change_digest(&self.change),
            paths: Some(paths_digest(&self.change)),
            statement: None,
        }
    }
}

impl Item {
    fn read(clone: &Clone, id: ObjectId, detector: &Detector) -> Result<Self, CliError> {
        let commit = clone.repo.commit(id, &clone.limits)?;
        let change = match change::of_commit(&clone.repo, &commit, &clone.limits)? {
            CommitChange::Change(change) => Some(change),
            CommitChange::Merge | CommitChange::Empty => None,
        };
        let detection = detector.commit(&commit);
        Ok(Self { commit, detection, change, own: None })
    }

    fn title(&self) -> String {
        format!("{} {}", self.commit.id.short(), escape_short(self.commit.subject(), TITLE))
    }

    pub(super) fn subject(&self) -> Subject {
        Subject {
            name: self.title(),
            commit: Some(self.commit.id),
            change: self.change.as_ref().and_then(change_digest),
            paths: self.change.as_ref().map(paths_digest),
            statement: None,
        }
    }
}

pub(super) fn show(
    picked: &Picked,
    verdict: Verdict,
    repository: &RepositoryName,
    refs: &[String],
) {
    let what = match verdict {
        Verdict::Decline => "Decline",
        Verdict::Correct => "Correct what is remembered",
        _ => "Approve",
    };
    let refs: Vec<_> = refs.iter().map(|r| escape_short(r.as_bytes(), 80)).collect();
    out::line(&format!("{what} for {repository}, {}:", refs.join(", ")));
    for item in picked.items.iter().take(SHOWN) {
        out::line("");
        out::line(&format!("  {}", item.title()));
        let author = &item.commit.author;
        out::line(&format!(
            "    by {} <{}>",
            escape_short(&author.name, 40),
            escape_short(&author.email, 60)
        ));
        for evidence in item.detection.evidence.iter().filter(|e| e.strength.counts()).take(3) {
            out::line(&format!("    AI: {}", escape_short(evidence.text.as_bytes(), 100)));
        }
        match &item.change {
            Some(change) => paths(change),
            None if item.own.is_some() => merge(item.own.as_ref()),
            None => out::line("    changes no file"),
        }
    }
    if picked.items.len() > SHOWN {
        out::line(&format!("\n  and {} more commits", picked.items.len() - SHOWN));
    }
    if let Some(net) = &picked.net {
        let Net { base, tip } = net.net;
        out::line(&format!(
            "\n  net change {}..{}, so that a squash of it counts too",
            base.short(),
            tip.short()
        ));
        paths(&net.change);
    }
    out::line("");
}

fn merge(own: Option<&OwnChange>) {
    let own = match own {
        Some(OwnChange::Paths(own)) => own,
        Some(OwnChange::Unread(absent)) => {
            let absent = absent.short();
            return out::line(&format!(
                "    a merge, signed by its id; this clone lacks object {absent}, so it can't be \
                 merged again"
            ));
        }
        Some(OwnChange::Clean) | None => {
            return out::line("    a clean merge, signed by its id");
        }
    };
    out::line("    a merge, signed by its id; it decides itself what these hold:");
    for path in own.iter().take(FILES) {
        out::line(&format!("    M {}", escape_short(path.as_bytes(), 100)));
    }
    if own.len() > FILES {
        out::line(&format!("    and {} more files", own.len() - FILES));
    }
}

fn paths(change: &Change) {
    for entry in change.entries().iter().take(FILES) {
        let sign = match (entry.old, entry.new) {
            (None, _) => "A",
            (_, None) => "D",
            (Some(old), Some(new)) if old.mode != new.mode => "T",
            _ => "M",
        };
        out::line(&format!("    {sign} {}", escape_short(entry.path.as_bytes(), 100)));
    }
    if change.entries().len() > FILES {
        out::line(&format!("    and {} more files", change.entries().len() - FILES));
    }
}
