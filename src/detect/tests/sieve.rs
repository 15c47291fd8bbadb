//! Whatever the sieve keeps back, the reader finds nothing in.

use super::*;
use crate::domain::policy::{CustomMarker, CustomPattern};

/// A detector beside one that reads everything.
struct Pair {
    sieved: Detector,
    open: Detector,
    kept: usize,
}

impl Pair {
    fn new(policy: &Detect) -> Self {
        let sieved = Detector::new(policy).unwrap();
        let mut open = Detector::new(policy).unwrap();
        open.catalogue.sieve.is_blind = true;
        Self { sieved, open, kept: 0 }
    }

    /// As a message, as a header and as an identity.
    fn hold(&mut self, text: &str) {
        let mut commit = commit(text);
        assert_eq!(self.sieved.commit(&commit), self.open.commit(&commit), "{text:?}");
        let may_hold = self.sieved.catalogue.sieve.may_hold(text.as_bytes(), Sort::Message);
        self.kept += usize::from(!may_hold);
        commit.message = b"Fix it".to_vec();
        let (name, email) = text.split_once('<').unwrap_or((text, text));
        commit.author = ident(name.trim(), email.trim_end_matches('>'));
        commit.extra_headers = vec![(b"mergetag".to_vec(), text.into())];
        assert_eq!(self.sieved.commit(&commit), self.open.commit(&commit), "{text:?}");
    }
}

/// Ways to write a text that are read as it is, or nearly.
fn disguised(text: &str) -> Vec<String> {
    let between = |with: &str| text.chars().map(String::from).collect::<Vec<_>>().join(with);
    let each = |write: fn(char) -> String| text.chars().map(write).collect::<String>();
    let wide = |c: char| match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c).to_string(),
        other => other.to_string(),
    };
    let mut all = vec![
        format!("Fix it\n\n{text}\n"),
        format!("Merge branch '{text}'\n\nReviewed-by: {text} 5\nx-by: {text}-4\n"),
        format!("Reviewed-by (by a machine, as we all know): {text}\nSigned-off-by: {text}"),
        format!("Signed-off-by: Jane <{}>", text.split('<').next_back().unwrap_or(text)),
        format!("a\u{202e}{}", text.chars().rev().collect::<String>()),
        text.replace(' ', "\n").to_uppercase(),
        text.replace(' ', "\r"),
        text.replace('@', " (at) ").replace('.', " dot "),
        text.replace('@', "[at]"),
        text.replace("noreply@", "noreply+tag at "),
        text.replace('o', "\u{43e}").replace('-', "\u{2011}"),
        text.replace('a', "a\u{200b}").replace(' ', "\u{a0}"),
        text.replace('e', "&#101;").replace(':', "\u{ff1a}"),
        text.replace("[x]", "\u{ff3b}x\u{ff3d}").replace('i', "\u{131}"),
        text.replace("[x]", "[\u{200b}X\\]"),
        text.replace("fi", "\u{fb01}").replace('l', "I").replace('o', "0"),
        text.replace(' ', "</b> <i>").replace('-', "<br/>"),
        between("\0"),
        between("\u{200b}"),
        between(" "),
        between("\\"),
        between("\u{1b}[0m"),
        each(wide),
        each(|c| format!("&#{};", u32::from(c))),
        each(|c| if c.is_ascii_graphic() { format!("%{:02x}", u32::from(c)) } else { c.into() }),
        each(|c| if c.is_ascii_graphic() { format!("\\x{:02x}", u32::from(c)) } else { c.into() }),
    ];
    let tags = ["+tag@", "+tag @", "+tag\n @ ", "+tag \" @", "\u{ff0b}t\u{ff20}", "&#43;x%40"];
    all.extend(tags.map(|tagged| text.replace('@', tagged)));
    all
}

#[test]
fn it_lets_everything_through_that_counts() {
    let mut pair = Pair::new(&Detect::default());
    for entry in &entries::builtin().unwrap().entries {
        for line in entry.finds.iter().chain(&entry.misses).chain(entry.literals()) {
            for part in [line.as_str(), line.trim_start_matches("SUBJECT ")] {
                pair.hold(part);
                let is_found = entry.finds.contains(line);
                let most = if is_found { usize::MAX } else { 4 };
                disguised(part).iter().take(most).for_each(|text| pair.hold(text));
            }
        }
    }
    for word in ["Fix the parser", "Fix the bug in the reader\n\nIt read one byte too many.\n"] {
        pair.hold(word);
    }
    assert!(pair.kept > 100, "only {} kept back", pair.kept);
}

/// A fixed sequence of numbers below a bound.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        usize::try_from(self.0 >> 33).unwrap() % below.max(1)
    }
}

/// What a mutation puts between two characters, or in the place of one.
const PIECES: &[&str] = &[
    " ",
    "\n",
    "\r\n",
    "\n ",
    "\t",
    "-",
    "_",
    "\"",
    "+",
    "+x",
    "@",
    " @ ",
    " at ",
    "(at)",
    ".",
    ":",
    "=",
    "(",
    ")",
    "(AI): ",
    "[",
    "]",
    "[x] ",
    "<",
    ">",
    "/",
    "5",
    " 4.5",
    "v2",
    "k",
    "x",
    "\\",
    "\\n",
    "%20",
    "%40",
    "&lt;",
    "&#64;",
    "&",
    "<b>",
    "<br>",
    "\u{200b}",
    "\u{ad}",
    "\u{301}",
    "\u{43e}",
    "\u{ff41}",
    "\u{1f16}",
    "\u{ff0b}",
    "\u{202e}",
    "\u{2028}",
    "\u{fb01}",
    "\u{e9}",
    "\u{1b}[1m",
    "Reviewed-by: ",
    "Cc: ",
    "Signed-off-by: ",
    "\nMerge ",
    "Co-authored-by: ",
    "by ",
    "noreply",
    "claude",
    "",
];

#[test]
fn it_lets_mutations_through_that_count() {
    let mut pair = Pair::new(&Detect::default());
    let mut dice = Dice(11);
    for entry in &entries::builtin().unwrap().entries {
        for line in entry.finds.iter().chain(entry.literals()) {
            for _ in 0..12 {
                let mut text: Vec<char> = line.chars().collect();
                for _ in 0..=dice.roll(4) {
                    let at = dice.roll(text.len() + 1);
                    let end = (at + dice.roll(2)).min(text.len());
                    let piece = PIECES[dice.roll(PIECES.len())];
                    text.splice(at..end, piece.chars());
                }
                pair.hold(&text.into_iter().collect::<String>());
            }
        }
    }
    assert!(pair.kept > 100, "only {} kept back", pair.kept);
}

/// What may stand between two lines, so that one may go on in the other or not.
const BREAKS: &[&str] = &[
    "\n",
    "\n\n",
    "\n\n",
    "\n\n",
    "\n\n\n",
    "\n\n ",
    "\n\n    ",
    "\n\n@",
    "@\n\n",
    " \"\n\n",
    "\n\n\"",
    "<br\n\n>",
    "\n\n&#64;",
    "%40\n\n",
    "\u{200b}\n\n",
    "\n\n\u{200b}",
    "\n\n\u{1f916} ",
    "\n\n\u{ff20}",
    "\r\n\r\n",
    "\n\n---\n\n",
    "\n\n>",
    "\\\n\n",
    "\n\n\t",
    "\n\nAssisted-by: <tool>\n\n",
    ":\n\n",
    "\n\u{1b}[\n\n",
    " by\n\n",
    "\n\nclaude ",
    "\n\nAcme-Agent: robot\n ",
    "\n\nFixes:\n\n",
    "\nAcme-Agent: a\n\n",
];

/// A message that is read in parts says what it says as a whole.
#[test]
fn parts_say_what_the_whole_does() {
    let own = |name: &str, value: &str| CustomMarker {
        name: name.to_owned(),
        tool: None,
        pattern: CustomPattern::Trailer { key: name.to_owned(), value: Some(value.to_owned()) },
        strength: Strength::Assistance,
    };
    let markers = vec![own("Acme-Agent", "jane|claude"), own("Fixes", "^\\S+$")];
    let pair = Pair::new(&Detect { markers, ..Detect::default() });
    let mut dice = Dice(5);
    let entries = &entries::builtin().unwrap().entries;
    let lines: Vec<&String> =
        entries.iter().flat_map(|e| e.finds.iter().chain(&e.misses).chain(e.literals())).collect();
    let mut cut = 0;
    for _ in 0..8000 {
        let subjects = [
            "Read one byte more",
            "Merge it all again",
            "\n---\n\nRead the bytes",
            "Revert \"x y z\"",
            "\u{1f916} fix: read \u{2192} one byte more",
            "M\u{435}rge it all again",
            "\u{1f916} \u{200b}Revert \"x y z\"",
        ];
        let mut text = subjects[dice.roll(subjects.len())].to_owned();
        if dice.roll(2) == 0 {
            text = subjects[0].to_owned();
        }
        for _ in 0..=dice.roll(5) {
            text += BREAKS[dice.roll(BREAKS.len())];
            text += lines[dice.roll(lines.len())];
            if dice.roll(8) == 0 {
                let at = text.char_indices().map(|(at, _)| at).nth(dice.roll(text.chars().count()));
                text.truncate(at.unwrap_or(text.len()));
            }
        }
        cut += usize::from(parts(text.as_bytes()).is_some_and(|parts| parts.len() > 1));
        let commit = commit(&*text);
        assert_eq!(pair.sieved.commit(&commit), pair.open.commit(&commit), "{text:?}");
    }
    assert!(cut > 1000, "only {cut} were cut");
}

#[test]
fn it_lets_a_policys_own_markers_through() {
    let marker = |name: &str, pattern| CustomMarker {
        name: name.to_owned(),
        tool: None,
        pattern,
        strength: Strength::Assistance,
    };
    let mut own = vec![
        marker("key", CustomPattern::Trailer { key: "Acme-Agent".to_owned(), value: None }),
        marker("identity", CustomPattern::Identity("Robot.X+1@acme.example".to_owned())),
        marker("author", CustomPattern::AuthorEmail("j.r@acme.example".to_owned())),
    ];
    let mut pair = Pair::new(&Detect { markers: own.clone(), ..Detect::default() });
    let texts = [
        "Acme-Agent: yes",
        "Signed-off-by: Robot <robot.x+1@acme.example>",
        "Co-authored-by: Robot <robot.x+1@acme.example>",
        "J <j.r@acme.example>",
    ];
    for text in texts.into_iter().flat_map(disguised) {
        pair.hold(&text);
    }
    assert!(pair.kept > 0, "only {} kept back", pair.kept);
    own.push(marker("line", CustomPattern::Line("^qq$".to_owned())));
    let detector = Detector::new(&Detect { markers: own, ..Detect::default() }).unwrap();
    assert!(detector.commit(&commit("Fix\n\nqq\n")).is_ai_assisted(), "no sieve before a line");
}

/// Git's signatures are in nearly every message of some projects: they alone let nothing
/// through, and an agent's address in one is found however it is written.
#[test]
fn a_signature_is_read_only_where_it_holds_an_agent() {
    let detector = Detector::builtin().unwrap();
    let rows = [
        ("Signed-off-by: Jane Doe <jane@example.org>", false),
        ("Continue to goose\n\nSigned-off-by: Jane Doe <jane@example.org>", false),
        ("Reviewed-by: Jane Doe <12+jane@users.noreply.github.com>", false),
        ("Signed-off-by: Jane Doe <noreply (at) anthropic (dot) com>", true),
        ("Signed-off-by: Jane Doe <noreply+x[at]anthropic.com>", true),
        ("Signed-off-by: Jane Doe <noreply+x@anthropic.com>", true),
        ("Reviewed-by: CodeRabbit", true),
        ("Reviewed-by: Claude", true),
        ("Reviewed-by: the author of Claude", false),
    ];
    for (text, held) in rows {
        let message = format!("Fix it\n\n{text}\n");
        let may_hold = detector.catalogue.sieve.may_hold(message.as_bytes(), Sort::Message);
        assert_eq!(may_hold, held, "{text}");
        let found = detector.commit(&commit(message)).evidence;
        assert_eq!(!found.is_empty(), held, "{text}");
    }
}
