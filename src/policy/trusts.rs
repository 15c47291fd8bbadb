//! What `trusts` trusts in vain (G1).

use super::patterns::samples;
use super::rules::Placed;
use crate::diagnostics::read::Text;
use crate::diagnostics::{Finding, Report, quoted_whole};
use crate::domain::policy::{Mode, Rule};

/// Pairs of patterns that are compared at most; these are warnings.
const MAX_PAIRS: usize = 1_000_000;

/// Warns of trusted patterns whose refs nothing gates: they do not count, and commits that
/// are there already are new all the same. And of rules that do not trust their own refs.
pub(super) fn warn(report: &mut Report, rules: &[Placed<'_>]) {
    let patterns: usize =
        rules.iter().map(|r| r.rule.refs.patterns().count() + r.trusts.len()).sum();
    if patterns.saturating_mul(patterns) > MAX_PAIRS {
        return;
    }
    for (index, placed) in rules.iter().enumerate() {
        for trusted in &placed.trusts {
            warn_of_ungated(report, rules, index, trusted);
            warn_of_less(report, rules, index, trusted);
        }
        if !placed.trusts.is_empty() {
            warn_of_untrusted(report, placed);
        }
    }
}

fn warn_of_ungated(report: &mut Report, rules: &[Placed<'_>], index: usize, trusted: &Text<'_>) {
    let Some(own) = rules.get(index) else { return };
    let gates = |placed: &Placed<'_>, name: &str| {
        let counts = std::ptr::eq(placed, own)
            || (placed.rule.mode == Mode::Enforce && may_meet(&placed.rule, &own.rule));
        counts && placed.rule.refs.matches(name.as_bytes())
    };
    let ungated = samples(trusted.text)
        .into_iter()
        .find(|name| !rules.iter().any(|placed| gates(placed, name)));
    let Some(name) = ungated else { return };
    let message = if name == trusted.text {
        format!("nothing gates {}, so trusting it counts for nothing", quoted_whole(trusted.text))
    } else {
        format!("some of these refs are gated by nothing, such as {}", quoted_whole(&name))
    };
    let finding = Finding::warning("trusts-ungated", &trusted.span, message);
    report.add(finding.help("trust refs that this rule, or an enforcing one, has in its refs"));
}

/// Of refs that only rules which ask for less gate: what lands there is not new here.
fn warn_of_less(report: &mut Report, rules: &[Placed<'_>], index: usize, trusted: &Text<'_>) {
    let Some(own) = rules.get(index) else { return };
    for name in samples(trusted.text) {
        let name_bytes = name.as_bytes();
        let mut less = None;
        for placed in rules.iter().filter(|p| p.rule.refs.matches(name_bytes)) {
            if std::ptr::eq(placed, own) {
                less = None;
                break;
            }
            if placed.rule.mode != Mode::Enforce || !may_meet(&placed.rule, &own.rule) {
                continue;
            }
            less = asks_less(&placed.rule, &own.rule).map(|why| (placed, why));
            if less.is_none() {
                break;
            }
        }
        let Some((placed, why)) = less else { continue };
        let message = format!(
            "{} is gated by rule {} for less: {why}",
            quoted_whole(&name),
            quoted_whole(&placed.rule.name)
        );
        let finding = Finding::warning("trusts-less", &trusted.span, message);
        report.add(finding.help(
            "what lands there is not new for this rule; ask for as much there, or do not trust it",
        ));
        return;
    }
}

/// In what the first rule asks for less than the second.
fn asks_less(a: &Rule, b: &Rule) -> Option<&'static str> {
    let every_path = |rule: &Rule| rule.paths.patterns().any(|p| p == "**");
    let same_paths = a.paths.patterns().eq(b.paths.patterns());
    if a.sign_offs < b.sign_offs {
        Some("fewer sign-offs")
    } else if !a.approvers.is_subset(&b.approvers) {
        Some("people sign there who may not sign here")
    } else if !same_paths && !every_path(a) {
        Some("only some paths")
    } else if !a.exempt_pushers.is_subset(&b.exempt_pushers) {
        Some("pushers are exempt there who are not here")
    } else if b.hints_count && !a.hints_count {
        Some("hints pass there")
    } else if b.check_clean_merges && !a.check_clean_merges {
        Some("clean merges with a mark pass there")
    } else {
        None
    }
}

/// Whether two rules may speak about the same repository, as far as their patterns tell.
fn may_meet(a: &Rule, b: &Rule) -> bool {
    let names = |of: &Rule| of.repos.patterns().flat_map(samples).collect::<Vec<_>>();
    let matches = |rule: &Rule, names: &[String]| {
        names.is_empty() || names.iter().any(|name| rule.repos.matches(name.as_bytes()))
    };
    matches(a, &names(b)) || matches(b, &names(a))
}

fn warn_of_untrusted(report: &mut Report, placed: &Placed<'_>) {
    let trusts = &placed.rule.trusts;
    let own = placed.rule.refs.patterns().find(|pattern| {
        let is_trusted = |name: &String| trusts.matches(name.as_bytes());
        !trusts.patterns().any(|t| t == *pattern) && !samples(pattern).iter().all(is_trusted)
    });
    let Some(own) = own else { return };
    let message = format!("the rule does not trust its own {}", quoted_whole(own));
    let finding = Finding::warning("trusts-not-itself", &placed.trusts_span, message);
    report.add(finding.help(
        "add it, unless every push there is to account again for all that is not in the trusted \
         refs",
    ));
}
