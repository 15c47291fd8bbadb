//! Reads `matrix.txt`, builds each push it tells of, and compares the verdicts.

use super::words::build;
use crate::domain::decide;
use crate::domain::decision::{CommitDecision, Decision, Met, Outcome, Requirement};

const TEXT: &str = include_str!("matrix.txt");

#[test]
fn the_matrix_holds() {
    let mut wrong = Vec::new();
    let mut cells = 0;
    for cell in cells_of(TEXT) {
        cells += 1;
        let (policy, facts) = build(&cell.words).unwrap_or_else(|e| panic!("{}: {e}", cell.place));
        let decision = decide(&policy, &facts);
        if let Err(got) = cell.expected.compare(&decision) {
            wrong.push(format!("{} [{}]: {got}", cell.place, cell.words));
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cells > 400, "only {cells} cells were read");
}

/// A test that can't fail is a defect: each cell turned round must be found wrong.
#[test]
fn every_cell_can_be_wrong() {
    for cell in cells_of(TEXT) {
        let (policy, facts) = build(&cell.words).unwrap();
        let decision = decide(&policy, &facts);
        let other = match decision.verdict {
            Outcome::Accept => "0/1",
            Outcome::Reject => "ok",
        };
        assert!(Expected::new(other).compare(&decision).is_err(), "{}", cell.place);
    }
}

struct Cell<'a> {
    /// Line, row and column, for people.
    place: String,
    words: String,
    expected: Expected<'a>,
}

fn cells_of(text: &str) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    let mut columns: Vec<(&str, &str)> = Vec::new();
    for (line, row) in text.lines().enumerate().map(|(n, l)| (n + 1, l)) {
        if row.is_empty() || row.starts_with('#') || row.starts_with("==") {
            continue;
        }
        let mut parts = row.split('|').map(str::trim);
        let label = parts.next().unwrap_or_default();
        if label == "columns" {
            columns = parts
                .map(|p| p.split_once(':').unwrap_or_else(|| panic!("line {line}: no colon")))
                .collect();
            continue;
        }
        let words = parts.next().unwrap_or_default();
        let found: Vec<&str> = parts.collect();
        assert_eq!(found.len(), columns.len(), "line {line}: cells and columns");
        for ((column, more), cell) in columns.iter().zip(found).filter(|(_, c)| *c != ".") {
            cells.push(Cell {
                place: format!("line {line}, {label}, {column}"),
                words: format!("{words} {more}").trim().to_owned(),
                expected: Expected::new(cell),
            });
        }
    }
    cells
}

/// What a cell says.
#[derive(Debug)]
struct Expected<'a> {
    accepted: bool,
    kind: Kind,
    reason: &'a str,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Ok,
    Exempt,
    Free,
    Unmet { have: usize, needed: usize, one_more: Option<bool> },
}

impl<'a> Expected<'a> {
    fn new(cell: &'a str) -> Self {
        let plain = |kind| Self { accepted: true, kind, reason: "" };
        match cell {
            "ok" => return plain(Kind::Ok),
            "exempt" => return plain(Kind::Exempt),
            "free" => return plain(Kind::Free),
            _ => {}
        }
        let (accepted, cell) = cell.strip_prefix("told ").map_or((false, cell), |c| (true, c));
        let (count, reason) = cell.split_once(' ').unwrap_or((cell, ""));
        let one_more = match count.chars().last() {
            Some('+') => Some(true),
            Some('?') => None,
            _ => Some(false),
        };
        let (have, needed) = count.trim_end_matches(['+', '?']).split_once('/').unwrap();
        let (have, needed) = (have.parse().unwrap(), needed.parse().unwrap());
        Self { accepted, kind: Kind::Unmet { have, needed, one_more }, reason }
    }

    fn compare(&self, decision: &Decision) -> Result<(), String> {
        let requirements: Vec<&Requirement> =
            all_commits(decision).flat_map(|c| &c.requirements).collect();
        let reasons = reasons(decision, &requirements);
        let shown = shown(decision, &requirements, &reasons);
        let all = |met| requirements.iter().all(|r| r.met == met) && !requirements.is_empty();
        let nothing_said = decision.refs.iter().all(|r| r.findings.is_empty());
        let met = match &self.kind {
            Kind::Ok => all(Met::SignedOff) && nothing_said,
            Kind::Exempt => all(Met::Exempt) && nothing_said,
            Kind::Free => requirements.is_empty() && reasons.is_empty(),
            Kind::Unmet { have, needed, one_more } => {
                let of = worst(&requirements);
                let counts = of.map_or((0, 0, false), |r| (r.have.len(), r.needed, r.one_more));
                counts.0 == *have
                    && match one_more {
                        Some(one_more) => counts.1 == *needed && counts.2 == *one_more,
                        None => counts.1 == *needed || counts.1 == needed + 1,
                    }
            }
        };
        let said = self.reason.is_empty() || reasons.iter().any(|r| r.starts_with(self.reason));
        let accepted = decision.verdict == Outcome::Accept;
        if met && said && accepted == self.accepted { Ok(()) } else { Err(shown) }
    }
}

fn all_commits(d: &Decision) -> impl Iterator<Item = &CommitDecision> {
    d.refs.iter().flat_map(|r| &r.commits)
}

/// The first one that is not met, those that reject before others; else the first.
fn worst<'a>(requirements: &[&'a Requirement]) -> Option<&'a Requirement> {
    let first =
        |wanted: &dyn Fn(&Requirement) -> bool| requirements.iter().copied().find(|r| wanted(r));
    first(&|r| r.rejects()).or_else(|| first(&|r| r.met == Met::No)).or_else(|| first(&|_| true))
}

fn reasons(decision: &Decision, requirements: &[&Requirement]) -> Vec<String> {
    let findings = decision
        .findings
        .iter()
        .chain(decision.refs.iter().flat_map(|r| &r.findings))
        .chain(all_commits(decision).flat_map(|c| &c.findings))
        .map(|f| f.message.clone());
    let statements = requirements
        .iter()
        .flat_map(|r| &r.unusable)
        .map(|u| u.why.strip_prefix("can't sign it: ").unwrap_or(&u.why).to_owned());
    let blocked = requirements.iter().any(|r| r.blocked).then(|| "blocked".to_owned());
    findings.chain(statements).chain(blocked).collect()
}

fn shown(decision: &Decision, requirements: &[&Requirement], reasons: &[String]) -> String {
    let each: Vec<_> = requirements
        .iter()
        .map(|r| {
            let more = if r.one_more { "+" } else { "" };
            format!("{:?} {}/{}{more}", r.met, r.have.len(), r.needed)
        })
        .collect();
    format!("{:?}, {each:?}, {reasons:?}", decision.verdict)
}
