//! The hook's standard input: one `old SP new SP ref LF` per ref (githooks(5)).

use crate::domain::decision::{Family, Finding};
use crate::domain::ids::{ObjectId, RefName};
use crate::domain::limits::Limits;

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
    /// In the order of the input.
    pub all: Vec<Update>,
    /// The first limit that is passed.
    pub over: Option<Finding>,
}

/// Bytes to updates.
///
/// # Errors
/// A finding for input that is too long to be read (G20) or is not what git writes (G5).
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Updates, Finding> {
    if bytes.len() > limits.stdin_bytes {
        return Err(limit("limit-stdin", "the hook's input", limits.stdin_bytes, "stdin_bytes"));
    }
    let short = || malformed("git's list of ref updates ends in the middle");
    let body = bytes.strip_suffix(b"\n").ok_or_else(short)?;
    let all: Vec<Update> = body.split(|b| *b == b'\n').map(parse_line).collect::<Result<_, _>>()?;
    let longest = all.iter().map(|u| u.name.as_bytes().len()).max().unwrap_or(0);
    let over = if all.len() > limits.refs {
        Some(limit("limit-refs", "the number of refs in this push", limits.refs, "refs"))
    } else if longest > limits.ref_name_bytes {
        let what = "the length of a ref's name";
        Some(limit("limit-ref-name", what, limits.ref_name_bytes, "ref_name_bytes"))
    } else {
        None
    };
    Ok(Updates { all, over })
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

/// A finding for a passed limit: it names the limit and its setting.
#[must_use]
pub fn limit(code: &str, what: &str, limit: usize, key: &str) -> Finding {
    Finding::new(code, Family::CouldNotFinish, format!("{what} passes the limit of {limit}"))
        .hint("split the push into smaller ones, or")
        .hint(format!("an admin can raise {key} under [limits]"))
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
            (format!("{Z} {A} {long}\n"), Err("limit-ref-name")),
            (format!("{Z} {A} refs/heads/a\n").repeat(3), Err("limit-refs")),
            ("x".repeat(401), Err("limit-stdin")),
        ];
        for (text, expected) in rows {
            let got = parse(text.as_bytes(), &limits);
            let got = got.and_then(|u| u.over.map_or(Ok(u.all.len()), Err)).map_err(|f| f.code);
            assert_eq!(got, expected.map_err(str::to_owned), "{text}");
        }
    }
}
