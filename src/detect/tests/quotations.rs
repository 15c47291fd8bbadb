//! Lines of another message: they count, and the finding says whose they are.

use super::*;

const TRAILER: &str = "Co-authored-by: Claude <noreply@anthropic.com>";

#[test]
fn quotations_count_and_are_told() {
    let rows = [
        ("own", format!("Fix it\n\n{TRAILER}\n"), false),
        ("answered", format!("Fix it\n\n> {TRAILER}\n"), true),
        ("answered twice", format!("Fix it\n\n > > {TRAILER}\n"), true),
        (
            "old body above a revert's words",
            format!(
                "Revert \"Add it\"\n\nAdds it.\n\n{TRAILER}\n\nThis reverts commit 0123abcd.\n"
            ),
            true,
        ),
        (
            "a revert's own",
            format!("Revert \"Add it\"\n\nThis reverts commit 0123abcd.\n\n{TRAILER}\n"),
            false,
        ),
        (
            "a copied message",
            format!(
                "Revert \"Add it\"\n\nThis reverts commit 0123abcd.\n\nOriginal commit message:\n\n{TRAILER}\n"
            ),
            true,
        ),
        ("the subject", "Reapply \"aider\"\n\nDone by hand.\n".to_owned(), false),
        ("in the subject", format!("Revert \"Fix it {TRAILER}\"\n"), true),
        ("a merge's log", format!("Merge branch 'x'\n\n* x:\n  Fix it\n  {TRAILER}\n"), true),
        ("a merge's own", format!("Merge branch 'x'\n\n{TRAILER}\n"), false),
        ("a squash", format!("Fix it\n\n* Fix it\n\n  {TRAILER}\n"), false),
        ("about reverts", format!("Revert commits by their range\n\n{TRAILER}\n"), false),
    ];
    let detector = Detector::builtin().unwrap();
    for (name, message, is_quotation) in rows {
        let found = detector.commit(&commit(message));
        assert_eq!(found.is_ai_assisted(), name != "the subject", "{name}");
        let told: Vec<bool> = found.evidence.iter().map(|e| e.quotation).collect();
        assert!(told.iter().all(|q| *q == is_quotation), "{name}: {:?}", found.evidence);
    }
}

/// Stored decisions were written before there was such a word.
#[test]
fn evidence_without_the_word_is_read_and_written_as_before() {
    let found = Detector::builtin().unwrap().commit(&commit(TRAILER));
    let json = serde_json::to_string(&found.evidence).unwrap();
    assert!(!json.contains("quotation"), "{json}");
    let back: Vec<Evidence> = serde_json::from_str(&json).unwrap();
    assert_eq!(back, found.evidence);
}
