//! Which statements cover a commit (G10 to G15).

use std::collections::BTreeMap;

use super::{Court, Missing, SKEW};
use crate::generator::history::Digests;
use crate::generator::objects::Oid;
use crate::generator::rules::{self, Binding, Rule};
use crate::generator::statements::Statement;
use crate::support::run::run;
use crate::support::statement::Entry;

/// How a statement is tied to a commit.
#[derive(Debug, Clone)]
struct Tie {
    binding: Binding,
    net: bool,
    signed: Vec<Oid>,
}

/// What a rule asks of a commit on a ref.
pub(super) struct Case<'a> {
    pub(super) rule: &'a Rule,
    pub(super) name: &'a str,
    pub(super) id: &'a Oid,
}

impl Court<'_, '_> {
    /// `None` where the requirement is met.
    pub(super) fn requirement(&mut self, case: &Case<'_>) -> Option<Missing> {
        let Case { rule, id, .. } = *case;
        let mut tied: Vec<(Statement, Tie)> = Vec::new();
        let oracle = self.oracle;
        for statement in &oracle.store {
            if matches!(statement.verdict, "approve" | "decline") && !statement.wrong_repository {
                let ties = self.ties(statement, id);
                tied.extend(ties.into_iter().map(|tie| (statement.clone(), tie)));
            }
        }
        let close = |tie: &Tie| tie.binding <= rule.binding;
        if tied.iter().any(|(_, tie)| !close(tie)) {
            self.note("void: looser than the rule's binding");
        }
        tied.retain(|(_, tie)| close(tie));
        let declines = self.standing_declines(case, &tied);
        let mut have: BTreeMap<&'static str, (bool, Binding, bool)> = BTreeMap::new();
        let mut nets = Vec::new();
        for (statement, tie) in tied.iter().filter(|(s, _)| s.verdict == "approve") {
            let signer = rules::owner(statement.key).expect("a key of the policy").owner;
            let why = match self.approves(case, statement) {
                Some(why) => Some(why),
                None => self.objection(signer, &tie.signed, id),
            };
            let declined = declines.iter().any(|d| {
                d.issued >= statement.issued
                    && rules::owner(d.key).is_some_and(|k| k.owner == signer)
            });
            if let Some(why) = why.or(declined.then_some("declined since")) {
                self.note(&format!("void: {why}"));
                continue;
            }
            let more = self.needs_one_more(&tie.signed, id);
            if tie.net {
                nets.push((signer, more, statement.net.clone().expect("a net change")));
            } else {
                let entry = have.entry(signer).or_insert((more, tie.binding, false));
                if entry.0 && !more {
                    *entry = (more, tie.binding, false);
                }
            }
        }
        for (signer, more, (base, tip)) in nets {
            let is_known = have.get(signer).is_some_and(|(more, ..)| !more);
            if is_known || enough(rule, &have) {
                continue;
            }
            let first = match rule.mode {
                rules::Mode::Enforce => {
                    let key = (signer.to_owned(), base, tip);
                    self.nets.entry(key).or_insert_with(|| id.clone()).clone()
                }
                _ => id.clone(),
            };
            if first == *id {
                let entry = have.entry(signer).or_insert((more, Binding::Replay, true));
                entry.0 &= more;
            } else {
                self.verdict.either = true;
                self.note("void: a net change covers one");
            }
        }
        let counts =
            |d: &&Statement| rules::owner(d.key).is_some_and(|k| have.contains_key(k.owner));
        let blocked = rule.veto && declines.iter().any(|d| !counts(&d));
        if blocked {
            self.note("vetoed");
        }
        if !blocked && self.is_exempt(rule, id) {
            self.note("covered: exempt");
            return None;
        }
        if !blocked && enough(rule, &have) {
            for (_, binding, net) in have.values() {
                let how = if *net { "net".to_owned() } else { format!("{binding:?}") };
                self.note(&format!("covered: {how}"));
            }
            if have.len() > 1 {
                self.note("covered: by two");
            }
            return None;
        }
        let own = std::slice::from_ref(id);
        let one_more = match have.len() {
            0 => self.needs_one_more(own, id),
            _ => !enough(rule, &have) && have.values().any(|(more, ..)| *more),
        };
        if one_more {
            self.note("one more");
        }
        let open = rule.from.1.iter().filter(|p| !have.contains_key(*p));
        let can_sign = open.filter(|p| self.objection(p, own, id).is_none());
        Some(Missing {
            needed: rule.sign_offs + usize::from(one_more),
            has: have.len(),
            can_sign: can_sign.map(|p| (*p).to_owned()).collect(),
        })
    }

    /// Declines that stand: no later approval of the same person lifted them.
    fn standing_declines(&mut self, case: &Case<'_>, tied: &[(Statement, Tie)]) -> Vec<Statement> {
        let mut standing = Vec::new();
        for (d, _) in tied.iter().filter(|(s, _)| s.verdict == "decline") {
            let key = rules::owner(d.key).expect("a key of the policy");
            let lifted = tied.iter().any(|(a, _)| {
                a.verdict == "approve"
                    && rules::owner(a.key).is_some_and(|k| k.owner == key.owner)
                    && a.issued > d.issued
                    && self.approves(case, a).is_none()
            });
            if lifted {
                self.note("a decline was lifted");
            } else if self.speaks(case, d).is_none() {
                standing.push(d.clone());
            }
        }
        standing
    }

    /// Why a statement is not one for this rule and ref, however old it is (G12, G15).
    fn speaks(&self, case: &Case<'_>, s: &Statement) -> Option<&'static str> {
        let key = rules::owner(s.key).expect("a key of the policy");
        let named = |r: &String| {
            r == case.name
                || (case.rule.refs.contains(&r.as_str())
                    && rules::matches(&[r.as_str()], case.name))
        };
        if !s.refs.iter().any(named) {
            return Some("wrong ref");
        }
        if !case.rule.from.1.contains(&key.owner) {
            return Some("not of the group");
        }
        if key.revoked {
            return Some("revoked key");
        }
        if !self.key_holds(key, s.issued) {
            return Some("the key was not valid when it signed");
        }
        let revoked = self.oracle.store.iter().any(|r| {
            let by = rules::owner(r.key).expect("a key of the policy");
            r.revokes.as_ref() == Some(&s.hash)
                && by.owner == key.owner
                && !by.revoked
                && self.key_holds(by, r.issued)
        });
        revoked.then_some("revoked")
    }

    /// Why an approval does not count now.
    fn approves(&self, case: &Case<'_>, s: &Statement) -> Option<&'static str> {
        let key = rules::owner(s.key).expect("a key of the policy");
        let age = self.facts.now.duration_since(s.issued);
        if let Some(why) = self.speaks(case, s) {
            return Some(why);
        }
        if age < -SKEW {
            return Some("from the future");
        }
        if age.as_secs() > case.rule.valid_for {
            return Some("too old");
        }
        if s.expires.is_some_and(|end| end <= self.facts.now) {
            return Some("expired");
        }
        (!self.key_holds(key, self.facts.now)).then_some("retired key")
    }

    fn key_holds(&self, key: &rules::SigningKey, at: jiff::Timestamp) -> bool {
        let at = at.duration_since(self.oracle.began).as_secs();
        key.after.is_none_or(|start| start <= at) && key.before.is_none_or(|end| at < end)
    }

    fn ties(&mut self, s: &Statement, id: &Oid) -> Vec<Tie> {
        if s.subjects.iter().any(|subject| subject.commit.as_ref() == Some(id)) {
            return vec![Tie { binding: Binding::Commit, net: false, signed: vec![id.clone()] }];
        }
        let Some(own) = self.history.commit(self.clone, id).digests.clone() else {
            return Vec::new();
        };
        let mut ties = Vec::new();
        for subject in &s.subjects {
            let Some(digests) = subject.digests.clone() else { continue };
            if digests.0 != own.0 && digests.1 != own.1 {
                continue;
            }
            let signed = match (&subject.commit, &s.net) {
                (Some(commit), _) if self.does(commit).as_ref() == Some(&digests.0) => {
                    vec![commit.clone()]
                }
                (Some(_), _) => {
                    self.note("void: the signed commit does something else");
                    continue;
                }
                (None, Some((base, tip))) => match self.range(s, base, tip, &digests) {
                    Some(signed) => signed,
                    None => continue,
                },
                (None, None) => continue,
            };
            let net = subject.commit.is_none();
            if digests.0 == own.0 {
                ties.push(Tie { binding: Binding::SameFiles, net, signed });
            } else if self.replays(&digests.0, id) {
                ties.push(Tie { binding: Binding::Replay, net, signed });
            }
        }
        ties
    }

    /// What a commit really does, by its object or its row.
    fn does(&mut self, id: &Oid) -> Option<String> {
        let row = self.oracle.rows.get(id).and_then(|row| row.digests.clone());
        let digests = if self.facts.there.contains(id) {
            self.history.commit(self.clone, id).digests.clone().or(row)
        } else {
            row
        };
        digests.map(|(change, _)| change)
    }

    /// The AI-assisted commits of a signed range (G11).
    fn range(&mut self, s: &Statement, base: &Oid, tip: &Oid, sum: &Digests) -> Option<Vec<Oid>> {
        if !self.facts.there.contains(base) || !self.facts.there.contains(tip) {
            return None;
        }
        let bases = self.clone.try_git(&["merge-base", "--all", base, tip]).out();
        if bases.trim() != base || self.history.sum(self.clone, base, tip).as_ref() != Some(sum) {
            return None;
        }
        let all = self.history.rev_list(
            self.clone,
            std::slice::from_ref(tip),
            std::slice::from_ref(base),
        );
        let named = |id: &Oid| s.subjects.iter().any(|sub| sub.commit.as_ref() == Some(id));
        if !all.iter().all(named) {
            self.note("void: a range with a gap");
            return None;
        }
        let mut assisted: Vec<Oid> = all.iter().filter(|id| self.is_ai(id)).cloned().collect();
        assisted.extend(self.bringing(&all, &all));
        Some(assisted)
    }

    /// Whether a commit is a clean rebase of a signed change (G10).
    fn replays(&mut self, signed: &str, id: &Oid) -> bool {
        if !self.oracle.kept.contains(signed) {
            self.note("void: what was signed is not kept");
            return false;
        }
        let mut signed: Vec<Entry> = self.history.entries[signed].clone();
        let mut pushed = self.history.commit(self.clone, id).entries.clone();
        signed.sort();
        pushed.sort();
        let paths = |entries: &[Entry]| entries.iter().map(|e| e.0.clone()).collect::<Vec<_>>();
        let clean = paths(&signed) == paths(&pushed)
            && signed.iter().zip(&pushed).all(|(s, p)| self.replays_file(s, p));
        if !clean {
            self.note("void: no clean replay");
        }
        clean
    }

    fn replays_file(&self, (_, old, new): &Entry, (_, parent, pushed): &Entry) -> bool {
        if old == parent {
            return new == pushed;
        }
        let sides = [old, new, parent, pushed];
        let plain = |mode: u32| mode == 0o100_644 || mode == 0o100_755;
        if !sides.iter().all(|side| side.0 == old.0 && plain(side.0)) {
            return false;
        }
        let hex =
            |side: &(u32, Vec<u8>)| git2::Oid::from_bytes(&side.1).expect("an id").to_string();
        let ids: Vec<Oid> = sides.iter().map(|side| hex(side)).collect();
        if !ids.iter().all(|id| self.facts.there.contains(id)) {
            return false;
        }
        let blob =
            |id: &str| run(self.clone.command("git").args(["cat-file", "blob", id]), b"").stdout;
        let texts: Vec<Vec<u8>> = ids.iter().map(|id| blob(id)).collect();
        if texts.iter().take(3).any(|text| text.is_empty() || text.contains(&0)) {
            return false;
        }
        ["myers", "patience"].iter().all(|algorithm| {
            let how = format!("--diff-algorithm={algorithm}");
            let args = ["merge-file", "-p", "-q", "--object-id", &how, &ids[2], &ids[0], &ids[1]];
            let merged = run(self.clone.command("git").args(args), b"");
            merged.code == Some(0) && merged.stdout == texts[3]
        })
    }
}

fn enough(rule: &Rule, have: &BTreeMap<&'static str, (bool, Binding, bool)>) -> bool {
    let plain = have.values().filter(|(more, ..)| !more).count();
    plain >= rule.sign_offs || have.len() > rule.sign_offs
}
