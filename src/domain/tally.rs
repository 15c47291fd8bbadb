//! Which of the statements tied to a commit count for a rule (G10 to G15).

use super::decide::{Case, Judge};
use std::collections::BTreeSet;

use super::decision::{Have, Unusable};
use super::escape::escape_short;
use super::facts::Tie;
use super::four_eyes::{FourEyes, Pair};
use super::ids::{ObjectId, PersonId};
use super::policy::{Binding, Mode, Rule};
use super::statement::{SignOff, Verdict};
use super::validity::Standard;

#[derive(Default)]
pub(super) struct Tally {
    /// Each person once, and whether their cover needs one more.
    pub(super) have: Vec<(Have, bool)>,
    pub(super) unusable: Vec<Unusable>,
    pub(super) declined: Vec<Unusable>,
}

impl Tally {
    /// Whether as many people signed as the rule wants. People whose cover needs one more
    /// count towards the higher threshold alone.
    pub(super) fn is_enough(&self, rule: &Rule) -> bool {
        let plain = self.have.iter().filter(|(_, more)| !more).count();
        plain >= rule.sign_offs || self.have.len() > rule.sign_offs
    }

    /// Two statements, or two keys, of one person are one (G14); the better one stays.
    fn add(&mut self, (have, more): (Have, bool)) {
        match self.have.iter_mut().find(|(h, _)| h.person == have.person) {
            None => self.have.push((have, more)),
            Some(known) if known.1 && !more => *known = (have, more),
            Some(_) => {}
        }
    }
}

struct Tied {
    binding: Binding,
    net: bool,
    signed: Vec<ObjectId>,
}

/// Whether a tie is close enough for the rule's binding (G10).
fn tied(case: Case<'_>, tie: &Tie) -> Result<Tied, String> {
    let (binding, net, signed) = match tie {
        Tie::Commit => (Binding::Commit, false, vec![case.commit.id]),
        Tie::SameFiles { signed } => (Binding::SameFiles, false, vec![*signed]),
        Tie::Replay { signed } => (Binding::Replay, false, vec![*signed]),
        Tie::Net { same_files, signed } => {
            let binding = if *same_files { Binding::SameFiles } else { Binding::Replay };
            (binding, true, signed.clone())
        }
        Tie::Stale { why, .. } => return Err(format!("stale: {why}")),
    };
    if binding <= case.rule.binding {
        return Ok(Tied { binding, net, signed });
    }
    let named = signed.first().map_or_else(String::new, ObjectId::short);
    Err(match case.rule.binding {
        Binding::Commit => format!("stale: it names {named}, the rule wants this very commit"),
        _ => format!("stale: it names {named}, whose files differ"),
    })
}

/// Declines that block or void: tied under the rule's binding, by somebody of its groups,
/// and not lifted by a later approval of the same person.
fn standing_declines<'a>(
    case: Case<'_>,
    standard: Standard<'_>,
    statements: impl Iterator<Item = (&'a SignOff, &'a Tie)>,
) -> Vec<&'a SignOff> {
    let tied: Vec<_> = statements.filter(|(_, tie)| tied(case, tie).is_ok()).collect();
    let lifted = |d: &SignOff| {
        tied.iter().any(|(a, _)| {
            a.statement.verdict == Verdict::Approve
                && a.signer == d.signer
                && a.statement.issued_at > d.statement.issued_at
                && standard.approval(a).is_ok()
        })
    };
    tied.iter()
        .map(|(s, _)| *s)
        .filter(|s| s.statement.verdict == Verdict::Decline)
        .filter(|s| standard.decline(s).is_ok() && !lifted(s))
        .collect()
}

/// The commit that a tie is about.
fn named(case: Case<'_>, tie: &Tie) -> Option<ObjectId> {
    match tie {
        Tie::Commit => Some(case.commit.id),
        Tie::SameFiles { signed } | Tie::Replay { signed } => Some(*signed),
        Tie::Stale { signed, .. } => *signed,
        Tie::Net { .. } => None,
    }
}

/// Why a statement does not count.
pub(super) struct Refusal {
    why: String,
    had_a_hand: bool,
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self { why, had_a_hand: false }
    }
}

pub(super) fn unusable(s: &SignOff, names: Option<ObjectId>, refusal: &Refusal) -> Unusable {
    Unusable {
        person: s.signer.clone(),
        statement: s.hash,
        names,
        why: escape_short(refusal.why.as_bytes(), 200),
        had_a_hand: refusal.had_a_hand,
        correction: s.statement.verdict == Verdict::Correct,
    }
}

impl Judge<'_> {
    /// Sorts every statement tied to the commit into what counts and what does not.
    pub(super) fn tally(&mut self, case: Case<'_>) -> Tally {
        let facts = self.facts;
        let standard = Standard { facts, rule: case.rule, reference: case.reference };
        let covers = facts.covers.get(&case.commit.id).map_or(&[][..], Vec::as_slice);
        let mut tally = Tally::default();
        let declines = standing_declines(
            case,
            standard,
            covers.iter().filter_map(|c| Some((facts.sign_offs.get(&c.statement)?, &c.tie))),
        );
        let mut nets = Vec::new();
        for cover in covers {
            let Some(s) = facts.sign_offs.get(&cover.statement) else { continue };
            if s.statement.verdict != Verdict::Approve {
                continue;
            }
            let counted = self.count(case, standard, s, &cover.tie).and_then(|have| {
                let voided = declines.iter().any(|d| {
                    d.signer == s.signer && d.statement.issued_at >= s.statement.issued_at
                });
                if voided {
                    Err("declined since, by the same person".to_owned().into())
                } else {
                    Ok(have)
                }
            });
            match counted {
                Ok(have) if have.0.net => nets.push((have, s)),
                Ok(have) => tally.add(have),
                Err(refusal) => {
                    tally.unusable.push(unusable(s, named(case, &cover.tie), &refusal));
                }
            }
        }
        for (have, s) in nets {
            let is_known = |(h, more): &(Have, bool)| h.person == have.0.person && !more;
            if tally.is_enough(case.rule) || tally.have.iter().any(is_known) {
                continue;
            }
            match self.reserve(case, s) {
                Ok(()) => tally.add(have),
                Err(refusal) => tally.unusable.push(unusable(s, None, &refusal)),
            }
        }
        let counts = |person: &PersonId| tally.have.iter().any(|(h, _)| h.person == *person);
        // Of a person's statements that do not count one is shown: what the person had a hand
        // in says more than what is stale, and the newest more than the others.
        tally.unusable.sort_by_key(|u| (!u.had_a_hand, u.why.starts_with("stale: ")));
        let mut told = BTreeSet::new();
        tally.unusable.retain(|u| !counts(&u.person) && told.insert(u.person.clone()));
        tally.declined = declines
            .iter()
            .filter(|d| !counts(&d.signer))
            .map(|d| unusable(d, None, &d.statement.reason.clone().unwrap_or_default().into()))
            .collect();
        tally
    }

    fn count(
        &mut self,
        case: Case<'_>,
        standard: Standard<'_>,
        s: &SignOff,
        tie: &Tie,
    ) -> Result<(Have, bool), Refusal> {
        let tied = tied(case, tie)?;
        standard.approval(s)?;
        let eyes = FourEyes { policy: self.policy, facts: self.facts };
        let pair = Pair { signed: &tied.signed, landing: &case.commit.id };
        if let Some(why) = eyes.objection(&s.signer, pair) {
            return Err(Refusal { why: format!("can't sign it: {why}"), had_a_hand: true });
        }
        let have = Have {
            person: s.signer.clone(),
            statement: s.hash,
            binding: tied.binding,
            net: tied.net,
        };
        Ok((have, eyes.needs_one_more(pair)))
    }

    /// Takes a net change for a commit that needs it: it covers one, never two together
    /// (G11). A rule that only tells takes nothing from one that rejects.
    fn reserve(&mut self, case: Case<'_>, s: &SignOff) -> Result<(), Refusal> {
        let Some(net) = s.statement.net else {
            return Err("it names no range".to_owned().into());
        };
        let range = (s.signer.clone(), net.base, net.tip);
        let first = match case.rule.mode {
            Mode::Enforce => *self.nets.entry(range).or_insert(case.commit.id),
            Mode::Warn | Mode::Observe => case.commit.id,
        };
        if first == case.commit.id {
            return Ok(());
        }
        Err(format!("its net change covers {} in this push", first.short()).into())
    }
}
