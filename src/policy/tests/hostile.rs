//! No bytes make it panic, and none make it take a policy that nobody could meet.

use super::*;

/// What holds for every policy that is taken, however strange its text.
fn hold(bytes: &[u8]) -> bool {
    match parse("policy.toml", bytes, &known_markers()) {
        Ok(Checked { policy, warnings }) => {
            assert!(!policy.rules.is_empty());
            for rule in &policy.rules {
                assert!(rule.sign_offs >= 1 && rule.approvers.len() >= rule.sign_offs);
                assert!(rule.refs.patterns().next().is_some());
                assert!(rule.trusts.patterns().next().is_some());
                assert!(rule.approvers.iter().all(|id| policy.people.contains_key(id)));
                assert!(!rule.valid_for.is_zero() && !rule.review_within.is_zero());
            }
            let _ = warnings.render(true);
            let signers = crate::signature::allowed_signers(&policy);
            let keys = signers.lines().filter(|line| !line.starts_with('#'));
            assert!(keys.clone().all(|line| line.split(' ').count() == 4), "{signers}");
            true
        }
        Err(all) => {
            assert!(all.has_errors());
            let text = all.render(false);
            let plain = |c: char| c == '\n' || !crate::domain::escape::is_hidden(c);
            assert!(text.chars().all(plain), "{}", text.escape_debug());
            let ordered =
                all.iter().zip(all.iter().skip(1)).all(|(a, b)| a.span.start <= b.span.start);
            assert!(ordered && all.iter().all(|d| d.line >= 1 && d.column >= 1));
            false
        }
    }
}

#[test]
fn every_beginning_of_the_example() {
    let text = example().into_bytes();
    for cut in 0..=text.len() {
        hold(&text[..cut]);
    }
}

/// xorshift64: the same numbers on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below).expect("small")).expect("small")
    }
}

const PIECES: [&str; 34] = [
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "#",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{feff}",
    "\u{fffd}",
    "0",
    "-1",
    "99999999999999999999",
    "1e9",
    "true",
    "2027-01-01T00:00:00Z",
    "2027-13-41T99:99:99Z",
    "\\u0000",
    "[[rule]]\n",
    "[groups]\n",
    "x.y.z = 1\n",
    "@",
];

fn mutate(text: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.next(text.len() + 1);
    let to = (at + numbers.next(40)).min(text.len());
    match numbers.next(6) {
        0 => drop(text.drain(at..to)),
        1 => {
            let piece = PIECES[numbers.next(PIECES.len())];
            text.splice(at..at, piece.bytes());
        }
        2 => {
            let piece = PIECES[numbers.next(PIECES.len())];
            text.splice(at..to, piece.bytes());
        }
        3 => {
            let copy = text[at..to].to_vec();
            let place = numbers.next(text.len() + 1);
            text.splice(place..place, copy);
        }
        4 if at < text.len() => text[at] = u8::try_from(numbers.next(256)).expect("a byte"),
        _ => {
            // Two lines change places.
            let mut lines: Vec<Vec<u8>> = text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
            let (a, b) = (numbers.next(lines.len()), numbers.next(lines.len()));
            lines.swap(a, b);
            *text = lines.join(&b'\n');
        }
    }
}

#[test]
fn seeded_mutations() {
    let mut numbers = Numbers(0x5eed_c0de_1234_5678);
    let mut taken = 0;
    for round in 0..3_000 {
        let base = if round % 2 == 0 { keyed(SMALL) } else { example() };
        let mut text = base.into_bytes();
        for _ in 0..=numbers.next(4) {
            mutate(&mut text, &mut numbers);
        }
        taken += usize::from(hold(&text));
    }
    // Both outcomes were looked at.
    assert!((50..2_950).contains(&taken), "{taken}");
}

#[test]
fn deep_and_long_texts() {
    let texts = [
        "[".repeat(100_000),
        "{".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}1", "{a = ".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("a = \"{}", "x".repeat(1_000_000)),
        "a = 1\n".repeat(100_000),
        "]\n".repeat(100_000),
        "[[rule]]\n".repeat(100_000),
        "b3BlbnNzaC1rZXktdjE\n".repeat(20_000),
        "-----BEGIN ".repeat(20_000),
        format!(
            "[groups]\n{}",
            (0..20_000).map(|i| format!("g{i} = [\"nobody{i}\"]\n")).collect::<String>()
        ),
        format!("[groups]\ng = [{}]", "\"nobody\",".repeat(100_000)),
        format!("version = 1 {}", "\u{202e}".repeat(100_000)),
    ];
    for text in texts {
        hold(text.as_bytes());
        hold(format!("{}{text}", keyed(SMALL)).as_bytes());
    }
}

/// What stands behind a zero byte is a catalogue, and only of a policy that names one: no
/// two policies have the same bytes to be hashed.
#[test]
fn a_zero_byte_is_none_of_a_policys() {
    for tail in ["\0", "# x\0y\n", "\0version = \"acme\"\n"] {
        assert!(checked(&format!("{SMALL}{tail}")).is_err(), "{tail:?}");
    }
    let named = SMALL.replace("[detect]\n", "[detect]\ncatalogue = \"markers.toml\"\n");
    assert!(checked(&named).is_ok());
    assert!(checked(&format!("{named}\0")).is_err());
    assert!(checked(&format!("{named}\0version = \"acme\"\n")).is_err());
}
