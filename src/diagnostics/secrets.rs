//! Secrets that people paste into files, so that no diagnostic repeats them.

use std::ops::Range;

/// Where private keys stand: from after the words that tell to the end of the key. In
/// order, none inside another.
pub(super) fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut starts: Vec<usize> = BEGINNINGS
        .iter()
        .flat_map(|word| text.match_indices(word))
        .filter_map(|(at, word)| secret_from(text, at, word))
        .collect();
    starts.sort_unstable();
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in starts {
        if found.last().is_none_or(|last| last.end <= start) {
            found.push(start..start + key_len(text.get(start..).unwrap_or_default()));
        }
    }
    found
}

/// What a private key begins with: PEM, PuTTY's, and the bare base 64 of OpenSSH's format.
const BEGINNINGS: [&str; 3] = ["-----BEGIN ", "Private-Lines:", "b3BlbnNzaC1rZXktdjE"];

/// Where the secret part begins. A header line may be shown, a key's first letters may not.
fn secret_from(text: &str, at: usize, word: &str) -> Option<usize> {
    const PEM: &str = "PRIVATE KEY-----";
    const LONGEST_HEADER: usize = 64;
    match word {
        "-----BEGIN " => {
            let header = text.get(at..text.floor_char_boundary(at + LONGEST_HEADER))?;
            Some(at + header.lines().next()?.find(PEM)? + PEM.len())
        }
        "Private-Lines:" => Some(at + word.len()),
        _ => Some(at),
    }
}

/// Bytes until the key's end: its last line, else the end of the string that holds it.
fn key_len(rest: &str) -> usize {
    const LONGEST: usize = 32 << 10;
    let near = rest.get(..rest.floor_char_boundary(LONGEST)).unwrap_or(rest);
    near.find("-----END").or_else(|| near.find(['"', '\''])).unwrap_or(near.len())
}

/// A URL that may be shown: its password overwritten.
#[must_use]
pub fn redacted(url: &str) -> String {
    overwrite(url, &passwords(url))
}

/// Where passwords of URLs stand: between `://user:` and `@`.
pub(super) fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (scheme, _) in text.match_indices("://") {
        let start = scheme + 3;
        let rest = text.get(start..).unwrap_or_default();
        let rest = rest.split(['"', '\'', '\n', ' ']).next().unwrap_or_default();
        if let (Some(colon), Some(at)) = (rest.find(':'), rest.rfind('@'))
            && colon < at
        {
            found.push(start + colon + 1..start + at);
        }
    }
    found
}

/// The text with these ranges, and every character that can't be seen, overwritten byte
/// for byte; line ends stay.
pub(super) fn overwrite(text: &str, secret: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut secret = secret.iter().peekable();
    for (at, c) in text.char_indices() {
        while secret.next_if(|s| s.end <= at).is_some() {}
        let hidden = secret.peek().is_some_and(|s| s.contains(&at));
        match c {
            '\n' => out.push(c),
            c if hidden => out.extend(std::iter::repeat_n('*', c.len_utf8())),
            '\t' | '\r' => out.push(' '),
            c if crate::domain::escape::is_hidden(c) => {
                out.extend(std::iter::repeat_n('?', c.len_utf8()));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_overwritten_in_every_shape() {
        let rows = [
            "k = \"\"\"-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\nSECRET\n-----END OPENSSH PRIVATE KEY-----\"\"\"\nx = 1\n",
            "k = \"-----BEGIN RSA PRIVATE KEY-----\\nSECRET\"\nx = 1\n",
            "k = 'b3BlbnNzaC1rZXktdjEAAAASECRET'\nx = 1\n",
            "# -----BEGIN OPENSSH PRIVATE KEY-----\n# SECRET",
            "k = '''PuTTY-User-Key-File-3\nPrivate-Lines: 1\nSECRET'''\nx = 1\n",
        ];
        for text in rows {
            let spans = private_keys(text);
            let shown = overwrite(text, &spans);
            assert_eq!(spans.len(), 1, "{text}");
            assert!(!shown.contains("SECRET"), "{shown}");
            assert_eq!(shown.len(), text.len());
            assert_eq!(shown.matches('\n').count(), text.matches('\n').count());
            assert_eq!(text.contains("x = 1"), shown.contains("x = 1"), "{shown}");
        }
        assert!(private_keys("keys = [\"ssh-ed25519 AAAA\"] # public, not private").is_empty());
    }

    #[test]
    fn a_password_is_overwritten_and_nothing_else() {
        let text = "a = \"postgres://me:p@ss:w/rd@host/db\"\nb = \"sqlite:///x\"\n";
        let shown = overwrite(text, &passwords(text));
        assert_eq!(shown, "a = \"postgres://me:*********@host/db\"\nb = \"sqlite:///x\"\n");
    }

    #[test]
    fn what_cannot_be_seen_is_overwritten() {
        assert_eq!(overwrite("a\u{202e}b\u{1b}[1m\tc\r\n", &[]), "a???b?[1m c \n");
    }
}
