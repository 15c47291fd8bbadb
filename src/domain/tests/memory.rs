//! When memory knows a commit: each threshold at its edge, one side known and one not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::ids::{DecisionId, ObjectId, RepoPath, RepositoryName};
use crate::domain::memory::{
    Basis, FileRecollection, Place, Question, Recollection, Source, Sources, Thresholds,
};

fn id(n: u8) -> ObjectId {
    ObjectId::from_raw(&[n; 20]).expect("20 bytes")
}

/// An earlier commit that added so many lines.
fn source(n: u8, lines: usize) -> Source {
    Source {
        commit: id(n),
        repository: RepositoryName::new("a"),
        first_pusher: None,
        at: Timestamp::UNIX_EPOCH,
        evidence: String::new(),
        decision: DecisionId::new("D-1"),
        lines,
        echo: false,
        landed_for: BTreeSet::new(),
    }
}

/// So many lines in a row, each of these sources.
fn runs(seen: usize, sources: &[usize]) -> BTreeMap<Place, Sources> {
    (1..seen).map(|n| ([n - 1, n], sources.to_vec())).collect()
}

/// A file with so many lines, of which so many were seen in the first source.
fn file(of: usize, seen: usize) -> FileRecollection {
    FileRecollection {
        path: RepoPath::new(format!("{of}-{seen}")),
        lines: of,
        blob: Sources::new(),
        runs: runs(seen, &[0]),
        whole: BTreeMap::new(),
    }
}

/// A commit of these files, whose lines were seen in a source of so many.
fn commit(of_source: usize, files: &[(usize, usize)]) -> Recollection {
    Recollection {
        sources: vec![source(1, of_source)],
        lines: files.iter().map(|(of, _)| of).sum(),
        files: files.iter().map(|(of, seen)| file(*of, *seen)).collect(),
        ..Recollection::default()
    }
}

fn question(corrected: &BTreeSet<ObjectId>) -> Question<'_> {
    Question { rule: 3, name: "production", corrected, thresholds: Thresholds::default() }
}

fn basis(known: &Recollection) -> Option<&'static str> {
    let nobody = BTreeSet::new();
    known.basis(question(&nobody)).map(|basis| match basis {
        Basis::Itself(_) => "itself",
        Basis::Change(_) => "change",
        Basis::File(..) => "file",
        Basis::Lines { .. } => "lines",
        Basis::Spread(..) => "spread",
    })
}

/// What, lines of the source, lines of each file and how many were seen, whether it is known.
type Row = (&'static str, usize, &'static [(usize, usize)], bool);

#[test]
fn so_many_lines_are_enough() {
    let rows: [Row; 18] = [
        ("half of a file", 100, &[(30, 15)], true),
        ("less than half", 100, &[(30, 14)], false),
        ("eight lines, all of them", 100, &[(8, 8)], true),
        ("seven lines, all of them", 100, &[(7, 7)], false),
        ("a few, which may be an idiom", 100, &[(16, 11)], false),
        ("a few, four fifths of a file", 100, &[(10, 8)], true),
        ("a few, not quite so many", 100, &[(14, 11)], false),
        ("a few, a third of what was shown", 33, &[(16, 11)], true),
        ("a few, less than a third", 34, &[(16, 11)], false),
        ("more than a few, half of a file", 100, &[(24, 12)], true),
        ("one file of several", 100, &[(100, 0), (10, 10)], true),
        ("a little in each of several", 100, &[(4, 4), (4, 4), (4, 4), (4, 4), (4, 4)], true),
        ("a little in each, among more", 100, &[(9, 4), (9, 4), (9, 4), (9, 4), (9, 4)], false),
        ("half of what was shown, among more", 40, &[(100, 20)], true),
        ("less than half of what was shown", 41, &[(100, 20)], false),
        ("half of what was shown, too few lines", 14, &[(100, 7)], false),
        ("nothing", 100, &[(10, 0)], false),
        ("nothing of nothing", 0, &[], false),
    ];
    for (what, of_source, files, is_known) in rows {
        let expected = is_known.then_some("lines");
        assert_eq!(basis(&commit(of_source, files)), expected, "{what}");
    }
}

/// Somebody brought the rest before: the file as it is then counts for what was shown.
#[test]
fn whole_files_count_for_what_was_shown() {
    let mut known = commit(40, &[(100, 10)]);
    assert_eq!(basis(&known), None);
    known.files[0].whole = runs(20, &[0]);
    assert_eq!(basis(&known), Some("lines"));
    known.files[0].whole = runs(19, &[0]);
    assert_eq!(basis(&known), None);
    // Without anything new of it, it is no affair of this commit.
    known.files[0].whole = runs(20, &[0]);
    known.files[0].runs = BTreeMap::new();
    assert_eq!(basis(&known), None);
}

/// What several commits add together, for the rule that asks.
#[test]
fn crumbs_are_counted_together() {
    let mut known = commit(40, &[(100, 2)]);
    known.spread.insert((3, 0), 20);
    assert_eq!(basis(&known), Some("spread"));
    known.spread.insert((3, 0), 19);
    assert_eq!(basis(&known), None);
    known.spread.insert((4, 0), 40);
    assert_eq!(basis(&known), None, "of another rule");
    known.spread.insert((3, 0), 20);
    known.files[0].runs = BTreeMap::new();
    assert_eq!(basis(&known), None, "none of it here");
}

/// An id, a change, a file; and nothing that landed, that memory alone told, or that was
/// corrected.
#[test]
fn what_has_no_weight_is_no_evidence() {
    type Shape = fn(&mut Recollection);
    let shapes: [(&str, Shape); 4] = [
        ("itself", |known| known.itself = vec![0]),
        ("change", |known| known.change = vec![0]),
        ("file", |known| known.files[0].blob = vec![0]),
        ("lines", |known| known.files[0].runs = runs(20, &[0])),
    ];
    for (what, shape) in shapes {
        let mut known = commit(20, &[(20, 0)]);
        shape(&mut known);
        assert_eq!(basis(&known), Some(what));
        let corrected = BTreeSet::from([id(1)]);
        assert!(known.basis(question(&corrected)).is_none(), "{what}: corrected");
        assert!(known.basis(question(&BTreeSet::from([id(2)]))).is_some(), "{what}: another");
        let mut echo = known.clone();
        echo.sources[0].echo = true;
        assert_eq!(basis(&echo), None, "{what}: an echo");
        let mut landed = known.clone();
        landed.sources[0].landed_for.insert("production".to_owned());
        assert_eq!(basis(&landed), None, "{what}: landed");
        let mut elsewhere = known.clone();
        elsewhere.sources[0].landed_for.insert("other".to_owned());
        assert_eq!(basis(&elsewhere), Some(what), "landed for another rule");
    }
}

/// What two have shown and one of them has landed is nobody's evidence.
#[test]
fn what_landed_once_is_free() {
    let mut known = commit(20, &[(20, 0)]);
    known.sources.push(source(2, 20));
    known.files[0].runs = runs(20, &[0, 1]);
    assert_eq!(basis(&known), Some("lines"));
    known.sources[1].landed_for.insert("production".to_owned());
    assert_eq!(basis(&known), None);
    // Lines of the other alone still tell.
    known.files[0].runs = runs(20, &[0]);
    assert_eq!(basis(&known), Some("lines"));
}

#[test]
fn an_echo_was_not_shown() {
    let mut known = commit(20, &[]);
    assert!(!known.was_shown());
    known.itself = vec![0];
    assert!(known.was_shown());
    known.sources[0].echo = true;
    assert!(!known.was_shown());
}
