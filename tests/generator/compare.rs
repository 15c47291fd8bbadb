//! The oracle's verdict against what the gate said and what really happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::oracle::{Asked, Missing, Place, Verdict};
use crate::support::push::PushResult;

/// A push that was compared.
pub(super) struct Checked {
    pub(super) verdict: Verdict,
    /// What differs; nothing where they agree.
    pub(super) differs: Vec<String>,
}

/// Holds one against the other.
pub(super) fn compare(asked: &Asked, verdict: Verdict, result: &PushResult) -> Checked {
    let mut differs = Vec::new();
    let mut check = |what: &str, oracle: &dyn std::fmt::Debug, gate: &dyn std::fmt::Debug| {
        let (oracle, gate) = (format!("{oracle:?}"), format!("{gate:?}"));
        if oracle != gate {
            differs.push(format!("{what}\n  oracle: {oracle}\n  gate:   {gate}"));
        }
    };
    let succeeds = !verdict.rejects && verdict.unfit.is_empty();
    check("whether git push succeeds", &succeeds, &result.ok);
    let names = asked.updates.iter().map(|(name, ..)| name.clone());
    let mut refs: Vec<_> = names.filter(|name| !verdict.unfit.contains(name)).collect();
    refs.sort();
    let moved = if verdict.rejects { Vec::new() } else { refs };
    check("which refs move", &moved, &result.landed());
    for (hash, word) in &verdict.answers {
        let line = format!("countersign: {word} {hash}");
        check(&line, &true, &result.remote.lines().any(|l| l == line));
    }
    match said(&result.remote) {
        None => check("the machine's line", &true, &false),
        Some(said) => {
            let word = if verdict.rejects { "reject" } else { "accept" };
            check("the verdict", &word, &said.verdict);
            let (missing, codes): (BTreeSet<_>, BTreeSet<_>) =
                said.codes.iter().map(String::as_str).partition(|c| *c == "sign-off-missing");
            check("the findings", &verdict.codes, &codes);
            check("a code for what is missing", &!said.missing.is_empty(), &!missing.is_empty());
            if !verdict.either {
                check("what is missing", &verdict.missing, &said.missing);
            }
        }
    }
    for word in ["panicked", "bug of its own", "RUST_BACKTRACE"] {
        check(word, &false, &result.all.contains(word));
    }
    if !differs.is_empty() {
        differs.push(format!("the push:\n{}", result.all));
    }
    Checked { verdict, differs }
}

/// The line for programs.
#[derive(Default)]
struct Said {
    verdict: String,
    codes: BTreeSet<String>,
    missing: BTreeMap<Place, Missing>,
}

fn said(remote: &str) -> Option<Said> {
    let line = remote.lines().find_map(|l| l.strip_prefix("countersign-json: "))?;
    let json: Value = serde_json::from_str(line).ok()?;
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let number = |v: &Value| v.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(999);
    let missing = list(&json["missing"]).into_iter().map(|m| {
        let place = (text(&m["ref"]), text(&m["commit"]), text(&m["rule"]));
        let can_sign = list(&m["can_sign"]).iter().map(text).collect();
        let missing = Missing { needed: number(&m["needed"]), has: number(&m["has"]), can_sign };
        (place, missing)
    });
    Some(Said {
        verdict: text(&json["verdict"]),
        codes: list(&json["codes"]).iter().map(text).collect(),
        missing: missing.collect(),
    })
}
