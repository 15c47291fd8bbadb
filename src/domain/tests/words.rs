//! What the words of `matrix.txt` mean: a cell's words to a policy and the facts of a push.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::stage::{self, Hands, Row, ago, hash, id, now};
use crate::domain::evidence::{Declared, Strength};
use crate::domain::facts::{Facts, RefChange, Tie};
use crate::domain::ids::{Login, ObjectId, RefName, RepoPath, RepositoryName};
use crate::domain::policy::{Binding, Key, Mode, Policy, Rule};
use crate::domain::statement::{Net, SignOff, Verdict};

/// Compiling patterns is what takes time.
static POLICY: LazyLock<Policy> = LazyLock::new(stage::policy);

/// Words that a cell may have more than one of.
const REPEATED: &[&str] = &[
    "sign", "decline", "revoke", "override", "correct", "also", "memory", "co", "exempt", "allow",
];

/// The commits that land, and those that statements name.
const LANDS: [u8; 2] = [1, 2];
const SIGNED: [u8; 2] = [11, 12];

/// One word of a cell: a name, and what it is given.
struct Word<'a> {
    name: &'a str,
    value: &'a str,
}

/// Splits at blanks outside brackets.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut depth = 0_usize;
    let outside = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0 && c == ' '
    };
    text.split(outside).filter(|w| !w.is_empty()).map(word).collect()
}

fn word(text: &str) -> Word<'_> {
    let bracket = text.strip_suffix(')').and_then(|t| t.split_once('('));
    let (name, value) = bracket.or_else(|| text.split_once('=')).unwrap_or((text, ""));
    Word { name, value }
}

/// What the words of a cell say, before it becomes facts.
#[derive(Default)]
struct Push<'a> {
    lands: Hands,
    signed: [Hands; 2],
    /// Whether a net names a second commit.
    range_of_two: bool,
    two: bool,
    merge: bool,
    path: Option<&'a str>,
    strength: Option<&'a str>,
    says: Declared,
    memory: Vec<&'a str>,
    statements: Vec<Word<'a>>,
}

pub(super) fn build(text: &str) -> Result<(Policy, Facts), String> {
    let (mut policy, mut facts) = (POLICY.clone(), stage::facts());
    let mut push = Push::default();
    let mut seen = BTreeSet::new();
    for word in words(text) {
        // A column's word must not undo a row's.
        if !REPEATED.contains(&word.name) && !seen.insert(word.name) {
            return Err(format!("{} is said twice", word.name));
        }
        let known = push_word(&mut push, &word)?
            || facts_word(&mut policy, &mut facts, &word)?
            || rule_word(&mut policy.rules[0], &word)?;
        if !known {
            return Err(format!("unknown word {}", word.name));
        }
    }
    place(&push, &mut facts)?;
    for (n, word) in push.statements.iter().enumerate() {
        signed_word(&push, &mut facts, n + 1, word)?;
    }
    let nothing_new = facts.refs[0].change == RefChange::Delete;
    if nothing_new {
        facts.refs[0].new = stage::zero();
        facts.commits.clear();
    }
    stage::gate(&policy, &mut facts);
    Ok((policy, facts))
}

fn hands_word(hands: &mut Hands, word: &Word<'_>) -> bool {
    let value = || word.value.to_owned();
    match word.name {
        "author" => hands.author = value(),
        "co" => hands.co_authors.push(value()),
        "committer" => hands.committer = value(),
        "first" => hands.row = Row::new(word.value),
        "unread" => hands.unread = true,
        _ => return false,
    }
    true
}

fn push_word<'a>(push: &mut Push<'a>, word: &Word<'a>) -> Result<bool, String> {
    match word.name {
        "signed" | "signed2" => {
            push.range_of_two |= word.name == "signed2";
            let hands = &mut push.signed[usize::from(word.name == "signed2")];
            for inner in words(word.value) {
                if !hands_word(hands, &inner) {
                    return Err(format!("unknown word {}", inner.name));
                }
            }
        }
        "two" => push.two = true,
        "merge" => push.merge = true,
        "path" => push.path = Some(word.value),
        "evidence" => push.strength = Some(word.value),
        "says" => {
            push.says = if word.value == "yes" { Declared::Yes } else { Declared::No };
        }
        "memory" => push.memory.push(word.value),
        "sign" | "decline" | "revoke" | "override" | "correct" => {
            push.statements.push(Word { name: word.name, value: word.value });
        }
        _ => return Ok(hands_word(&mut push.lands, word)),
    }
    Ok(true)
}

fn facts_word(policy: &mut Policy, facts: &mut Facts, word: &Word<'_>) -> Result<bool, String> {
    match word.name {
        "pusher" => facts.pusher = (word.value != "none").then(|| Login::new(word.value)),
        "unlisted" => facts.unlisted_is_nobody = word.value == "nobody",
        "declare" => policy.detect.declaration_required = true,
        "also" => {
            let mut second = stage::rule("second", 20);
            for inner in word.value.split(',').filter(|w| !w.is_empty()) {
                if !rule_word(&mut second, &self::word(inner))? {
                    return Err(format!("unknown word {inner}"));
                }
            }
            policy.rules.push(second);
        }
        "change" => {
            facts.refs[0].change = match word.value {
                "create" => RefChange::Create,
                "forward" => RefChange::FastForward,
                "rewind" => RefChange::Rewind,
                "delete" => RefChange::Delete,
                other => return Err(format!("unknown change {other}")),
            };
        }
        "pushed" => facts.refs[0].name = RefName::new(word.value),
        "leads" => facts.refs[0].leads_to = vec![RefName::new(word.value)],
        _ => return Ok(false),
    }
    Ok(true)
}

fn rule_word(rule: &mut Rule, word: &Word<'_>) -> Result<bool, String> {
    match word.name {
        "needs" => rule.sign_offs = word.value.parse().map_err(|_| "needs a number")?,
        "binding" => {
            rule.binding = match word.value {
                "commit" => Binding::Commit,
                "same-files" => Binding::SameFiles,
                "replay" => Binding::Replay,
                other => return Err(format!("unknown binding {other}")),
            };
        }
        "mode" => {
            rule.mode = match word.value {
                "observe" => Mode::Observe,
                "warn" => Mode::Warn,
                "enforce" => Mode::Enforce,
                other => return Err(format!("unknown mode {other}")),
            };
        }
        "veto" => rule.veto = true,
        "refs" => rule.refs = stage::globs(word.value.split('+')),
        "paths" => {
            rule.paths = stage::globs([word.value]);
            rule.all_paths = false;
        }
        "allow" => {
            rule.allow_delete |= word.value == "delete";
            rule.allow_rewind |= word.value == "rewind";
        }
        "exempt" => drop(rule.exempt_pushers.insert(stage::who(word.value))),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Puts the commits of a push among the facts.
fn place(push: &Push<'_>, facts: &mut Facts) -> Result<(), String> {
    for n in LANDS.iter().take(if push.two { 2 } else { 1 }) {
        stage::land(facts, id(*n), &push.lands, (!push.merge).then_some(*n));
        let commit = facts.commits.get_mut(&id(*n)).unwrap();
        if let Some(path) = push.path {
            commit.paths = Some(path.split('+').map(RepoPath::new).collect());
        }
        commit.detection.declared = push.says;
        commit.detection.evidence = match push.strength {
            Some(word) => strength(word)?.map(stage::evidence).into_iter().collect(),
            None => vec![stage::evidence(Strength::Assistance)],
        };
    }
    for (n, hands) in SIGNED.iter().zip(&push.signed) {
        stage::named(facts, id(*n), hands);
    }
    for (n, row) in push.memory.iter().enumerate() {
        let other = id(u8::try_from(100 + n).unwrap());
        stage::shown(facts, other, &Row::new(row), LANDS[0]);
    }
    Ok(())
}

fn strength(word: &str) -> Result<Option<Strength>, String> {
    Ok(Some(match word {
        "none" => return Ok(None),
        "authorship" => Strength::Authorship,
        "declaration" => Strength::Declaration,
        "review" => Strength::ReviewOnly,
        "hint" => Strength::Hint,
        other => return Err(format!("unknown evidence {other}")),
    }))
}

fn signed_word(
    push: &Push<'_>,
    facts: &mut Facts,
    n: usize,
    word: &Word<'_>,
) -> Result<(), String> {
    let (verdict, age) = match word.name {
        "sign" => (Verdict::Approve, 3600),
        "decline" => (Verdict::Decline, 1800),
        "revoke" => (Verdict::Revoke, 600),
        "override" => (Verdict::Override, 3600),
        _ => (Verdict::Correct, 3600),
    };
    let mut options = word.value.split(',');
    let signer = options.next().unwrap_or_default();
    let mut s = stage::statement(verdict, signer, &[], ago(age));
    s.hash = hash(n);
    let (mut tie, mut on, mut key) = ("commit", None, "");
    let mut net = Net { base: id(200), tip: id(11) };
    for option in options.map(self::word) {
        let value = option.value;
        match option.name {
            "age" => s.statement.issued_at = ago(seconds(value)?),
            "ends" => s.statement.expires_at = Some(ago(-seconds(value)?)),
            "repo" => s.statement.repository = RepositoryName::new(value),
            "ref" => {
                let refs = value.split('+').filter(|r| !r.is_empty());
                s.statement.refs = refs.map(str::to_owned).collect();
            }
            "key" => key = value,
            "on" => on = Some(value),
            "base" => net.base = id(value.parse().map_err(|_| "base a number")?),
            "tip" => net.tip = id(value.parse().map_err(|_| "tip a number")?),
            "of" => {
                let of = value.parse().map_err(|_| "of a number")?;
                s.statement.subjects = vec![stage::revoked(hash(of))];
            }
            _ => tie = option.name,
        }
    }
    s.key = key_word(&s, key)?;
    if verdict == Verdict::Revoke {
        facts.sign_offs.insert(s.hash, s);
        return Ok(());
    }
    let lands: Vec<ObjectId> = facts.commits.keys().copied().collect();
    let on = |c: &ObjectId| on.is_none_or(|on| *c == id(LANDS[usize::from(on == "2")]));
    for commit in lands.into_iter().filter(on) {
        stage::cover(facts, commit, s.hash, tie_word(push, tie)?);
        s.statement
            .subjects
            .extend(stage::statement(verdict, "", &[commit], now()).statement.subjects);
    }
    s.statement.net = tie.starts_with("net").then_some(net);
    facts.sign_offs.insert(s.hash, s);
    Ok(())
}

fn tie_word(push: &Push<'_>, tie: &str) -> Result<Tie, String> {
    let signed = id(SIGNED[0]);
    let range: Vec<_> =
        SIGNED.iter().take(if push.range_of_two { 2 } else { 1 }).map(|n| id(*n)).collect();
    Ok(match tie {
        "commit" => Tie::Commit,
        "same" => Tie::SameFiles { signed },
        "replay" => Tie::Replay { signed },
        "net" => Tie::Net { same_files: true, signed: range },
        "net-replay" => Tie::Net { same_files: false, signed: range },
        "net-empty" => Tie::Net { same_files: true, signed: Vec::new() },
        "stale" => Tie::Stale { signed: Some(signed), why: "src/a differs".to_owned() },
        other => return Err(format!("unknown tie {other}")),
    })
}

fn key_word(s: &SignOff, word: &str) -> Result<Key, String> {
    let issued = s.statement.issued_at;
    let minute = jiff::SignedDuration::from_mins(1);
    let mut key = s.key.clone();
    match word {
        "" => {}
        "second" => key.public.push_str("-second"),
        "revoked" => key.revoked = true,
        "retired" => key.valid_before = Some(ago(60)),
        "from-issue" => key.valid_after = Some(issued),
        "until-now" => key.valid_before = Some(now()),
        "ended" => key.valid_before = Some(issued - minute),
        "unborn" => key.valid_after = Some(issued + minute),
        other => return Err(format!("unknown key {other}")),
    }
    Ok(key)
}

fn seconds(text: &str) -> Result<i64, String> {
    let bad = || format!("unknown time {text}");
    let unit = text.chars().last().ok_or_else(bad)?;
    let number: i64 = text.trim_end_matches(unit).parse().map_err(|_| bad())?;
    let scale = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(bad()),
    };
    Ok(number * scale)
}
