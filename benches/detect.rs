//! What the scanner costs beside what it needs: reading and parsing the commits. It may cost
//! a third of that. `cargo bench --bench detect` measures a history made up of 100,000
//! commits; `COUNTERSIGN_REPOSITORIES`, git directories with colons between them, real ones.
//!
//! Both sides run in turn, five times, and the fastest of each counts: the figure is their
//! ratio, which hardly depends on the machine. Each time reads from the packs, as a hook does
//! that has just been started, and not from what an open object database keeps of an earlier
//! reading. The packs themselves are in the system's memory.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::detect::Detector;
use countersign::domain::ids::ObjectId;
use countersign::domain::limits::Limits;
use countersign::domain::object::Commit;
use countersign::git::{Repo, range};

const COMMITS: usize = 100_000;
const ROUNDS: usize = 5;
/// Commits read, then scanned, at a time: what the hook holds of a push.
const CHUNK: usize = 5_000;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let mut repositories: Vec<PathBuf> = std::env::var_os("COUNTERSIGN_REPOSITORIES")
        .map(|list| std::env::split_paths(&list).collect())
        .unwrap_or_default();
    if repositories.is_empty() {
        make(folder.path());
        repositories.push(folder.path().to_owned());
    }
    let mut too_slow = false;
    for repository in repositories {
        let (commits, read, scanned) = measure(&repository);
        let percent = scanned.as_micros() * 100 / read.as_micros().max(1);
        too_slow |= percent > 33;
        println!(
            "{}: {commits} commits, read and parsed in {read:.2?}, scanned in {scanned:.2?}: {percent} %",
            repository.display()
        );
    }
    assert!(!too_slow, "the scanner costs more than a third of reading");
}

/// The fastest rounds of reading and of scanning.
fn measure(repository: &Path) -> (usize, Duration, Duration) {
    let repo = Repo::discover(repository).unwrap();
    let tip = repo.resolve("HEAD").unwrap();
    let most = usize::try_from(i32::MAX).unwrap() - 1;
    let mut ids = range::new_commits(&repo, tip, &[], most).unwrap();
    ids.truncate(COMMITS);
    let detector = Detector::builtin().unwrap();
    drop(repo);
    let rounds = (0..ROUNDS).map(|_| round(&Repo::discover(repository).unwrap(), &ids, &detector));
    let best = rounds.reduce(|a, b| (a.0.min(b.0), a.1.min(b.1))).unwrap();
    (ids.len(), best.0, best.1)
}

fn round(repo: &Repo, ids: &[ObjectId], detector: &Detector) -> (Duration, Duration) {
    let limits = Limits::default();
    let (mut read, mut scanned) = (Duration::ZERO, Duration::ZERO);
    for chunk in ids.chunks(CHUNK) {
        let start = Instant::now();
        // A commit that is refused was read, too.
        let commits: Vec<Commit> =
            chunk.iter().filter_map(|id| repo.commit(*id, &limits).ok()).collect();
        read += start.elapsed();
        let start = Instant::now();
        let found = commits.iter().filter(|c| detector.commit(c).is_ai_assisted()).count();
        std::hint::black_box(found);
        scanned += start.elapsed();
    }
    (read, scanned)
}

/// A history of commits as people write them: a subject and some prose; one in twenty with
/// trailers, and one in a hundred by a tool.
fn make(folder: &Path) {
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(args);
        command
    };
    assert!(git(&["init", "-q", "--bare", "."]).status().unwrap().success());
    let mut import = git(&["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = std::io::BufWriter::new(import.stdin.take().unwrap());
    for n in 0..COMMITS {
        let message = message(n);
        let person = format!("P{} <p{}@example.com> {} +0000", n % 97, n % 97, 1_700_000_000 + n);
        write!(
            pipe,
            "commit refs/heads/main\nauthor {person}\ncommitter {person}\ndata {}\n{message}\n\
             M 100644 inline file{}\ndata {}\n{n}\n",
            message.len(),
            n % 200,
            n.to_string().len(),
        )
        .unwrap();
    }
    drop(pipe);
    assert!(import.wait().unwrap().success());
    let head = ["symbolic-ref", "HEAD", "refs/heads/main"];
    assert!(git(&head).status().unwrap().success());
}

fn message(n: usize) -> String {
    const WORDS: [&str; 32] = [
        "the", "parser", "reads", "a", "token", "when", "its", "buffer", "is", "empty", "and",
        "returns", "an", "error", "to", "caller", "which", "must", "handle", "it", "before",
        "next", "call", "state", "with", "tests", "for", "both", "cases", "by", "default", "made",
    ];
    let mut state = n.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut word = || {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        WORDS[(state >> 16) % WORDS.len()]
    };
    let mut text = format!("{}: {} {} {}\n\n", word(), word(), word(), word());
    for line in 0..3 + n % 9 {
        for _ in 0..11 {
            text.push_str(word());
            text.push(' ');
        }
        text.push_str(if line % 4 == 3 { "\n\n" } else { "\n" });
    }
    if n.is_multiple_of(20) {
        text.push_str("\nReviewed-by: Jane Doe <jane@example.com>\n");
        let _ = writeln!(text, "Signed-off-by: P{} <p{}@example.com>", n % 97, n % 97);
    }
    if n.is_multiple_of(100) {
        text.push_str("Co-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>\n");
    }
    text
}
