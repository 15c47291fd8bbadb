//! Every name under which rules may gate a ref: symbolic refs are followed in both
//! directions (G17). What points to a gated ref is gated, and so is what a gated symbolic
//! ref leads to: it moves with it.

use std::sync::OnceLock;

use crate::domain::ids::{RefName, RepositoryName};
use crate::domain::policy::Policy;
use crate::git::aliases::Alias;
use crate::git::{GitError, Repo};

/// The aliases that rules gate, looked for once a push and only where some rule does not
/// gate what is pushed already.
pub type Aliases = OnceLock<Vec<Alias>>;

/// The ref's own name, what it leads to, and the gated symbolic refs that lead to any of
/// these.
///
/// # Errors
/// As [`Repo::resolve_symbolic`] and [`Repo::symbolic_aliases`].
pub fn names_of(
    repo: &Repo,
    policy: &Policy,
    repository: &RepositoryName,
    aliases: &Aliases,
    name: &RefName,
) -> Result<Vec<RefName>, GitError> {
    let mut names = vec![name.clone()];
    names.extend(repo.resolve_symbolic(name)?);
    if policy.rules_for(repository).all(|(_, rule)| rule.gates_any(&names)) {
        return Ok(names);
    }
    let aliases = match aliases.get() {
        Some(aliases) => aliases,
        None => {
            let rules = policy.rules_for(repository);
            let patterns: Vec<_> = rules.flat_map(|(_, rule)| rule.refs.patterns()).collect();
            let found = repo.symbolic_aliases(&patterns)?;
            aliases.get_or_init(|| found)
        }
    };
    let forwards = names.clone();
    for alias in aliases {
        for name in forwards.iter().filter_map(|name| alias.of(name)) {
            let is_gated = policy.rules_for(repository).any(|(_, rule)| rule.gates(&name));
            if is_gated && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}
