//! Whatever git takes for a trailer is among what the detector sees (G7).

use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::domain::policy::{CustomMarker, CustomPattern};

/// Key and value of every trailer that git sees. Without git the test fails.
fn git_trailers(message: &[u8], more: &[&str]) -> Vec<(String, String)> {
    let mut git = Command::new("git")
        .args(["interpret-trailers", "--parse"])
        .args(more)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_DIR", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs git");
    git.stdin.take().unwrap().write_all(message).unwrap();
    let output = git.wait_with_output().unwrap();
    assert!(output.status.success(), "git interpret-trailers failed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| line.split_once(':').unwrap_or_else(|| panic!("no trailer: {line}")))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// Whether a policy's marker for this key and exactly this value finds it.
fn sees(message: &[u8], key: &str, value: &str) -> bool {
    let pattern = CustomPattern::Trailer {
        key: key.to_owned(),
        value: Some(format!("^{}$", regex::escape(value))),
    };
    let (name, strength) = ("git's".to_owned(), Strength::Assistance);
    let marker = CustomMarker { name, tool: None, pattern, strength };
    let detector = Detector::new(&Detect { markers: vec![marker], ..Detect::default() }).unwrap();
    detector.commit(&commit(message)).evidence.iter().any(|e| e.marker == "git's")
}

const TRAILER: &str = "Co-authored-by: Claude <noreply@anthropic.com>";

/// Messages that parsers of trailers disagree about. `@@` is the trailer.
const MESSAGES: &[&str] = &[
    "Fix it\n\n@@\n",
    "Fix it\n\n@@",
    "Fix it\n\nProse.\n\n@@\nSigned-off-by: Jane <j@x.io>\n",
    "Fix it\n\nSigned-off-by: Jane <j@x.io>\n@@\n",
    "Fix it\n\nSigned-off-by: Jane <j@x.io>\nsome prose among them\n@@\n",
    "Fix it\n\n(cherry picked from commit 0123456789)\n@@\n",
    "Fix it\n\nXy:\n@@\n",
    "Fix it\n\nXy: \n  folded\n@@\n",
    "Fix it\n\nXy: a\n b\n\tc\n@@\n",
    "Fix it\n\nXy: a\n \u{200b}b\n@@\n",
    "Fix it\n\n@@\n  and more of the value\n",
    "Fix it\n\nXy   : a\n@@\n",
    "Fix it\n\nXy\t:a\n@@\n",
    "Fix it\n\nXy=a\n@@\n",
    "Fix it\n\n@@\n\n# a comment\n# another\n",
    "Fix it\n\n@@\n# a comment\n",
    "Fix it\n\n@@\n\nConflicts:\n\ta.rs\n",
    "Fix it\n\n@@\n---\n a.rs | 2 +-\n",
    "Fix it\n\nProse.\n---\n\nXy: a\n@@\n",
    "Fix it\n\n@@\n\n# ------------------------ >8 ------------------------\ndiff\n",
    "Fix it\r\n\r\n@@\r\n",
    "Fix it\n\n@@\r\n",
    "Fix it\n\nXy: Jos\u{e9} <\u{e9}@x.io>\n@@\n",
    "Fix it\n\nXy: <\u{e9}>\n@@\n",
    "Fix it\n\nXy: \u{1f916} made\n@@\n",
    "Fix it\n\nXy: a: b: c=d\n@@\n",
    "Fix it\n\nXy: https://x.io/a?b=c&amp;d\n@@\n",
    "Fix it\n\nXy: back\\nslash \\u0041 100%41\n@@\n",
    "Fix it\n\nXy: a\u{b}b\u{c}c\n@@\n",
    "Fix it\n\nXy: a\u{2028}b\u{85}c\n@@\n",
    "Fix it\n\nXy: a\rb\n@@\n",
    "Fix it\n\nXy: \u{202e}abc\n@@\n",
    "Fix it\n\nXy: <br>a<br>\n@@\n",
    "Fix it\n\n10: a\n@@\n",
    "Fix it\n\nXy-: a\n-Xy: b\n--Xy: c\n@@\n",
    "Fix it\n\nxY: a\nXY: b\nxy: c\n@@\n",
    "Fix it\n\nAcked-by: Xy: a\nXy: Xy: b\n@@\n",
    "Fix it\n\nCo-authored-by: A\nCo-authored-by:\n B\n@@\n",
    "\n\nFix it\n\n@@\n\n\n",
    "Fix it\n\n@@\n \n",
    "@@\n",
    "Fix it\n@@\n",
    "Fix: it\n\nXy: a\n\n@@\n",
    "\n@@\n",
    "Fix it\n\n   \n@@\n",
    "Merge branch 'x'\n\n* x:\n  One\n  Two\n\n@@\n",
    "Fix it\n\n* One\n\n* Two\n\n---------\n\n@@\n",
    "Fix it\n\n\u{feff}@@\nXy: a\n",
    "Fix it\n\nXy: a\0b\n@@\n",
];

#[test]
fn the_detector_sees_whatever_git_sees() {
    let builtin = Detector::builtin().unwrap();
    let mut missed = Vec::new();
    let mut seen = 0;
    for message in MESSAGES {
        let message = message.replace("@@", TRAILER).into_bytes();
        for more in [&[][..], &["--no-divider"], &["--trim-empty"]] {
            for (key, value) in git_trailers(&message, more) {
                seen += 1;
                if !sees(&message, &key, &value) {
                    missed
                        .push(format!("{key}: {value} in {:?}", String::from_utf8_lossy(&message)));
                }
            }
        }
        assert!(builtin.commit(&commit(message)).is_ai_assisted());
    }
    missed.dedup();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(seen > 150, "git saw only {seen} trailers: the comparison is empty");
}
