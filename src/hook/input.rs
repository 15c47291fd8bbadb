//! The hook's standard input: one `old SP new SP ref LF` per ref (githooks(5)).

use crate::domain::decision::{Family, Finding};
use crate::domain::escape::escape_short;
use crate::domain::ids::{ObjectId, RefName};
use crate::domain::limits::{Limits, Passed};

/// Characters of a name that is too long that are told.
const NAME: usize = 40;

/// One line of the hook's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Value before; zero for a create.
    pub old: ObjectId,
    /// Value after; zero for a delete.
    pub new: ObjectId,
    /// The ref, as pushed.
    pub name: RefName,
}

impl Update {
    /// Whether the ref is to go.
    #[must_use]
    pub fn is_delete(&self) -> bool {
        self.new.is_zero()
    }
}

/// The updates of a push, and the limit that they pass, if any: that rejects where one of
/// them is gated, never elsewhere (G5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updates {
    /// In the order of the input; `None` where that is too long to be read, so that nobody
    /// knows whether a gated ref is among them.
    pub all: Option<Vec<Update>>,
    /// The first limit that is passed.
    pub over: Option<Passed>,
}

/// Bytes to updates; no more than one over the limit need be given.
///
/// # Errors
/// A finding for input that is not what git writes (G5).
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Updates, Finding> {
    if bytes.len() > limits.stdin_bytes {
        let what = "git's list of the refs of this push";
        let over = Passed::new("stdin_bytes", limits.stdin_bytes, what);
        return Ok(Updates { all: None, over: Some(over) });
    }
    let short = || malformed("git's list of ref updates ends in the middle");
    let body = bytes.strip_suffix(b"\n").ok_or_else(short)?;
    let all: Vec<Update> = body.split(|b| *b == b'\n').map(parse_line).collect::<Result<_, _>>()?;
    let over = over(&all, limits);
    Ok(Updates { all: Some(all), over })
}

fn over(all: &[Update], limits: &Limits) -> Option<Passed> {
    if all.len() > limits.refs {
        return Some(Passed::new("refs", limits.refs, "this push").seen(all.len()));
    }
    let longest = all.iter().map(|u| &u.name).max_by_key(|name| name.as_bytes().len())?;
    let (bytes, limit) = (longest.as_bytes().len(), limits.ref_name_bytes);
    let what = || format!("the name {}", escape_short(longest.as_bytes(), NAME));
    (bytes > limit).then(|| Passed::new("ref_name_bytes", limit, what()).seen(bytes))
}

fn parse_line(line: &[u8]) -> Result<Update, Finding> {
    let bad = || malformed("a line of git's list of ref updates is not \"old new ref\"");
    let mut parts = line.splitn(3, |b| *b == b' ');
    let old = parts.next().and_then(ObjectId::from_hex).ok_or_else(bad)?;
    let new = parts.next().and_then(ObjectId::from_hex).ok_or_else(bad)?;
    let name = parts.next().filter(|n| !n.is_empty()).ok_or_else(bad)?;
    if old.format() != new.format() || name.contains(&0) {
        return Err(bad());
    }
    Ok(Update { old, new, name: RefName::new(name) })
}

fn malformed(message: &str) -> Finding {
    Finding::new("input-malformed", Family::CouldNotFinish, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const Z: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn only_what_git_writes_is_taken() {
        let limits = Limits { refs: 2, stdin_bytes: 400, ref_name_bytes: 20, ..Limits::default() };
        let long = "refs/heads/a-name-too-long";
        let s256 = A.repeat(2).chars().take(64).collect::<String>();
        let rows: &[(String, Result<usize, &str>)] = &[
            (format!("{Z} {A} refs/heads/main\n"), Ok(1)),
            (format!("{Z} {A} refs/heads/a\n{A} {Z} refs/heads/b\n"), Ok(2)),
            (format!("{Z} {A} refs/heads/main"), Err("input-malformed")),
            (String::new(), Err("input-malformed")),
            ("\n".to_owned(), Err("input-malformed")),
            (format!("{Z} {A} \n"), Err("input-malformed")),
            (format!("{Z} {A}\n"), Err("input-malformed")),
            (format!("{Z} {}g refs/heads/a\n", &A[..39]), Err("input-malformed")),
            (format!("{Z} {s256} refs/heads/a\n"), Err("input-malformed")),
            (format!("{Z} {A} {long}\n"), Err("ref_name_bytes")),
            (format!("{Z} {A} refs/heads/a\n").repeat(3), Err("refs")),
            ("x".repeat(401), Err("stdin_bytes")),
        ];
        for (text, expected) in rows {
            let got = parse(text.as_bytes(), &limits).map_err(|f| f.code).and_then(|u| {
                let all = u.all.map_or(0, |all| all.len());
                u.over.map_or(Ok(all), |passed| Err(passed.key.to_owned()))
            });
            assert_eq!(got, expected.map_err(str::to_owned), "{text}");
        }
    }
}
