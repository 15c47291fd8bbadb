//! A decision as one line for programs.

use std::collections::BTreeSet;

use crate::domain::decision::{Decision, Met};

/// One line for programs: the verdict, the codes and what is missing of each commit.
pub(super) fn line(decision: &Decision) -> String {
    let commits = || decision.refs.iter().flat_map(|r| &r.commits);
    let requirements = || commits().flat_map(|c| &c.requirements);
    let codes: BTreeSet<&str> = decision
        .findings
        .iter()
        .chain(decision.refs.iter().flat_map(|r| &r.findings))
        .chain(commits().flat_map(|c| &c.findings))
        .map(|f| f.code.as_str())
        .chain(requirements().any(|q| q.met == Met::No).then_some("sign-off-missing"))
        .collect();
    let missing: Vec<_> = decision
        .refs
        .iter()
        .flat_map(|r| r.commits.iter().map(move |c| (r, c)))
        .flat_map(|(r, c)| c.requirements.iter().map(move |q| (r, c, q)))
        .filter(|(_, _, q)| q.met == Met::No)
        .map(|(r, c, q)| {
            serde_json::json!({
                "ref": r.name, "commit": c.id, "rule": q.rule, "mode": q.mode,
                "needed": q.needed, "has": q.have.len(), "can_sign": q.can_sign,
            })
        })
        .take(100)
        .collect();
    serde_json::json!({
        "decision": decision.id, "verdict": decision.verdict, "codes": codes, "missing": missing,
    })
    .to_string()
}
