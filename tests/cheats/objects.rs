//! Objects that git keeps and programs read differently, as real pushes: what hides a mark
//! stays out, and its innocent twin lands.

use crate::support::clone::path_text;
use crate::support::{CLAUDE, Clone, Draft, MAIN, NEEDS, Policy, World, ai, human};

const KIM: &str = "Kim Developer <kim@example.com> 1767600000 +0000";
const NOBODY: &str = "1111111111111111111111111111111111111111";
const AGENT: &str = "Claude <noreply@anthropic.com> 1767600000 +0000";

/// What becomes of a commit on a gated ref.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// It needs a sign-off, and lands with it.
    Asked,
    /// It is no commit that everybody reads alike.
    Malformed,
    Lands,
}
use Fate::{Asked, Lands, Malformed};

/// Everything that follows `tree` and `parent`, as bytes; what becomes of it.
fn rows() -> Vec<(&'static str, Vec<u8>, Fate)> {
    let people =
        |author: &str, committer: &str| format!("author {author}\ncommitter {committer}\n");
    let plain = people(KIM, KIM);
    let with = |extra: &str, message: &str| format!("{plain}{extra}\n{message}").into_bytes();
    let in_bytes = |encoding: &str, message: &[u8]| {
        [plain.as_bytes(), format!("encoding {encoding}\n\n").as_bytes(), message].concat()
    };
    let marked = format!("Add it\n\n{CLAUDE}\n");
    let wide = |bytes: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let dated = |time: &str| {
        let who = format!("Kim Developer <kim@example.com> {time}");
        people(&who, &who)
    };
    let named = |who: &str| format!("{}\nAdd it\n", people(who, KIM)).into_bytes();
    let signature = "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n";
    let mergetag = |tagger: &str, line: &str| {
        format!(
            "mergetag object 1111111111111111111111111111111111111111\n type commit\n tag v1\n \
             tagger {tagger}\n \n v1\n {line}\n"
        )
    };
    vec![
        ("plain", with("", "Add it\n"), Lands),
        ("marked", with("", &marked), Asked),
        // Headers.
        ("a mark in a header", with(&format!("note x\n {CLAUDE}\n"), "Add it\n"), Asked),
        ("a header of another program", with("HG:rename a:b\n", "Add it\n"), Lands),
        ("a mark below a signature", with(&format!("{signature} {CLAUDE}\n"), "x\n"), Asked),
        ("a signature", with(signature, "Add it\n"), Lands),
        ("two signatures", with(&format!("{signature}{signature}"), "Add it\n"), Malformed),
        ("a tag with a mark", with(&mergetag(KIM, CLAUDE), "Add it\n"), Asked),
        ("a tag by an agent", with(&mergetag(AGENT, "x"), "Add it\n"), Asked),
        ("a tag", with(&mergetag(KIM, "x"), "Add it\n"), Lands),
        ("a second author", with(&format!("author {AGENT}\n"), "Add it\n"), Malformed),
        ("two authors", format!("author {AGENT}\n{plain}\nx\n").into_bytes(), Malformed),
        ("out of order", format!("committer {KIM}\nauthor {AGENT}\n\nx\n").into_bytes(), Malformed),
        ("no committer", format!("author {KIM}\n\nx\n").into_bytes(), Malformed),
        (
            "a parent too late",
            with("parent 1111111111111111111111111111111111111111\n", "x\n"),
            Malformed,
        ),
        (
            "a tree too late",
            with("tree 1111111111111111111111111111111111111111\n", "x\n"),
            Malformed,
        ),
        ("a folded author", plain.replacen(" 1767", "\n 1767", 1).into_bytes(), Malformed),
        ("headers without an end", plain.clone().into_bytes(), Malformed),
        (
            "headers that end in CRLF",
            format!("{}\r\n", plain.replace('\n', "\r\n")).into_bytes(),
            Malformed,
        ),
        ("a NUL in the message", with("", &format!("Add it\n\0\n{CLAUDE}\n")), Malformed),
        ("a NUL in a header", with("note a\0b\n", "Add it\n"), Malformed),
        ("no message", with("", ""), Lands),
        ("blank lines first", with("", &format!("\n\n\n{marked}")), Asked),
        ("lone carriage returns", with("", &format!("Add it\r\r{CLAUDE}\r")), Asked),
        // People.
        ("an agent without an address", named("Claude <> 1767600000 +0000"), Asked),
        ("a person without an address", named("Kim <> 1767600000 +0000"), Lands),
        ("a person without a name", named("<kim@example.com> 1767600000 +0000"), Lands),
        ("an agent's address for a name", named("noreply@anthropic.com <> 1 +0000"), Asked),
        ("an agent's address with a name", named("Kim <noreply@anthropic.com> 1 +0000"), Asked),
        (
            "two addresses",
            named("Kim <kim@example.com> <noreply@anthropic.com> 1 +0000"),
            Malformed,
        ),
        ("an address in an address", named("Kim <<noreply@anthropic.com>> 1 +0000"), Malformed),
        ("no address at all", named("Claude 1767600000 +0000"), Malformed),
        ("an address without an end", named("Claude <noreply@anthropic.com 1 +0000"), Malformed),
        // Times.
        ("before 1970", format!("{}\nAdd it\n", dated("-86400 +0000")).into_bytes(), Lands),
        ("before 1970, marked", format!("{}\n{marked}", dated("-86400 +0000")).into_bytes(), Asked),
        ("past 2038", format!("{}\nAdd it\n", dated("4294967296 +1400")).into_bytes(), Lands),
        (
            "past 2038, marked",
            format!("{}\n{marked}", dated("4294967296 +1400")).into_bytes(),
            Asked,
        ),
        (
            "past all times",
            format!("{}\nx\n", dated("99999999999999999999 +0000")).into_bytes(),
            Malformed,
        ),
        // Encodings: what stands there, and what it means.
        ("latin 1", in_bytes("ISO-8859-1", b"Gr\xfc\xdfe\n"), Lands),
        (
            "latin 1, marked",
            in_bytes("ISO-8859-1", &[b"Gr\xfc\xdfe\n\n", CLAUDE.as_bytes()].concat()),
            Asked,
        ),
        ("UTF-16, marked", in_bytes("UTF-16BE", &wide(u16::to_be_bytes, &marked)), Malformed),
        ("Japanese", in_bytes("Shift_JIS", b"\x83e\x83X\x83g\n"), Lands),
        (
            "Japanese, marked",
            in_bytes("Shift_JIS", &[b"\x83e\x83X\x83g\n\n", CLAUDE.as_bytes()].concat()),
            Asked,
        ),
        (
            "an encoding that hides",
            in_bytes("ISO-2022-JP", &[b"x\n\n\x1b$B", CLAUDE.as_bytes(), b"\n"].concat()),
            Asked,
        ),
        (
            "UTF-7, marked",
            in_bytes(
                "UTF-7",
                b"Add it\n\n+AEMAbw-+AC0-Authored-By: Cl+AGE-ude <noreply+AEA-anthropic.com>\n",
            ),
            Asked,
        ),
        ("an encoding of nobody's", in_bytes("x-none", b"Add it\n"), Asked),
        (
            "an encoding that lies",
            in_bytes("UTF-8", &[b"Gr\xfc\n\n", CLAUDE.as_bytes()].concat()),
            Asked,
        ),
        ("two encodings", with("encoding UTF-8\nencoding UTF-7\n", "Add it\n"), Malformed),
    ]
}

fn sign(kim: &Clone<'_>, id: &str) {
    kim.deliver(&[&Draft::approve().commit(kim, id).sign("ghopper")]);
}

#[track_caller]
fn meets(kim: &Clone<'_>, id: &str, fate: Fate) {
    let push = || kim.push(&[&format!("{id}:{MAIN}")]);
    match fate {
        Lands => drop(push().lands(&[MAIN])),
        Malformed => drop(push().rejected_with("malformed")),
        Asked => {
            push().rejected_with(NEEDS);
            sign(kim, id);
            push().lands(&[MAIN]);
        }
    }
}

#[test]
fn commits_of_any_bytes() {
    let rows = rows();
    std::thread::scope(|scope| {
        for half in rows.chunks(rows.len().div_ceil(2)) {
            scope.spawn(move || {
                let world = World::new();
                let kim = world.clone("kim");
                for (label, rest, fate) in half {
                    eprintln!("{label}");
                    kim.git(&["reset", "-q", "--hard", "origin/main"]);
                    let id = kim.raw_commit(&human("").file("a", label), rest);
                    meets(&kim, &id, *fate);
                    // Where nothing is gated, nothing is refused.
                    kim.push(&["+HEAD:refs/heads/topic"]).accepted();
                    kim.git(&["fetch", "-q", "origin"]);
                }
            });
        }
    });
}

/// `mode name`, and the id of what it holds.
type Entry<'a> = (&'static [u8], &'a str);

fn tree(kim: &Clone<'_>, entries: &[Entry<'_>]) -> String {
    let mut bytes = Vec::new();
    for (name, id) in entries {
        bytes.extend_from_slice(name);
        bytes.push(0);
        let byte = |at: usize| u8::from_str_radix(&id[at..at + 2], 16).expect("an id");
        bytes.extend((0..id.len()).step_by(2).map(byte));
    }
    kim.object("tree", &bytes)
}

/// Trees that programs walk in different ways would show one file to the senior, and put
/// another on the disk.
#[test]
fn trees_of_any_bytes() {
    let world = World::with(&Policy::standard().with("paths", r#"["pay/**"]"#));
    let kim = world.clone("kim");
    let [one, two] = ["1\n", "2\n"].map(|text| kim.object("blob", text.as_bytes()));
    let pay = tree(&kim, &[(b"100644 x", &one)]);
    let other = tree(&kim, &[(b"100644 x", &two)]);
    let rows: Vec<(&str, Vec<Entry<'_>>, Fate)> = vec![
        ("beside the rule's paths", vec![(b"100644 a", &one)], Lands),
        ("a name in capitals", vec![(b"40000 Pay", &pay)], Lands),
        ("below them", vec![(b"40000 pay", &pay)], Asked),
        ("twice", vec![(b"40000 pay", &pay), (b"40000 pay", &other)], Malformed),
        ("a file and a folder", vec![(b"100644 pay", &one), (b"40000 pay", &pay)], Malformed),
        (
            "a file and a folder, apart",
            vec![(b"100644 pay", &one), (b"100644 pay.", &one), (b"40000 pay", &pay)],
            Malformed,
        ),
        ("out of order", vec![(b"40000 pay", &pay), (b"100644 a", &one)], Malformed),
        ("a slash in a name", vec![(b"100644 pay/x", &one)], Malformed),
        ("git's own folder", vec![(b"40000 .GIT", &pay)], Malformed),
        ("the folder itself", vec![(b"40000 .", &pay)], Malformed),
        ("the folder above", vec![(b"40000 ..", &pay)], Malformed),
        ("a mode of nothing", vec![(b"777 a", &one)], Malformed),
        ("a mode with a zero", vec![(b"040000 pay", &pay)], Asked),
        ("a gitlink", vec![(b"40000 pay", &pay), (b"160000 sub", NOBODY)], Lands),
        ("a link", vec![(b"120000 a", &one), (b"40000 pay", &pay)], Lands),
        ("a mode of old", vec![(b"100664 a", &one), (b"40000 pay", &pay)], Lands),
        // Git itself shows that mode as today's, and digests made from what it shows differ.
        ("a mode of today", vec![(b"100644 a", &one), (b"40000 pay", &pay)], Lands),
        ("a gitlink in its place", vec![(b"160000 pay", NOBODY)], Asked),
    ];
    for (label, entries, fate) in rows {
        let tree = tree(&kim, &entries);
        kim.git(&["fetch", "-q", "origin"]);
        let base = kim.rev("origin/main");
        let raw = format!(
            "tree {tree}\nparent {base}\nauthor {KIM}\ncommitter {KIM}\n\n{label}\n\n{CLAUDE}\n"
        );
        let id = kim.object("commit", raw.as_bytes());
        meets(&kim, &id, fate);
    }
}

/// Work on top of a tree that programs read differently is told where that stands and how to
/// get past it; past it, everything is as ever.
#[test]
fn work_on_top_of_a_malformed_tree() {
    let world = World::new();
    let kim = world.clone("kim");
    let [one, two] = ["1\n", "2\n"].map(|text| kim.object("blob", text.as_bytes()));
    let odd = tree(&kim, &[(b"100644 a", &one), (b"100644 a", &two)]);
    let on = |tree: &str, parent: &str, message: &str| {
        let raw =
            format!("tree {tree}\nparent {parent}\nauthor {KIM}\ncommitter {KIM}\n\n{message}\n");
        kim.object("commit", raw.as_bytes())
    };
    let main = |id: &str| kim.push(&[&format!("{id}:{MAIN}")]);
    // Nobody asks what a commit without a mark does, while memory holds nothing.
    let below = on(&odd, &kim.rev("origin/main"), "Plain");
    main(&below).lands(&[MAIN]);
    let sane = tree(&kim, &[(b"100644 a", &two), (b"100644 b", &two)]);
    let marked = on(&sane, &below, &format!("Marked\n\n{CLAUDE}"));
    main(&marked)
        .rejected_with(&format!("object {odd}, in"))
        .says("what a commit builds on, is malformed")
        .says("git read-tree")
        .keeps_quiet_about("recreate the commit");
    // As the hint says, on the host.
    let mended = on(&tree(&kim, &[(b"100644 a", &two)]), &below, "Mend");
    world.git_in(&kim.bare, &["fetch", "-q", &path_text(&kim.dir), &mended]);
    world.git_in(&kim.bare, &["update-ref", MAIN, &mended]);
    let marked = on(&sane, &mended, &format!("Marked\n\n{CLAUDE}"));
    main(&marked).rejected_with(NEEDS);
    sign(&kim, &marked);
    main(&marked).lands(&[MAIN]);
    // A tree of one's own is told as ever.
    let marked = on(&odd, &marked, &format!("Marked\n\n{CLAUDE}"));
    main(&marked).rejected_with("recreate the commit with git itself");
}

/// However often a tag is wrapped, it is the commit that lands, and every message is read.
#[test]
fn tags_of_tags_and_of_other_things() {
    let policy = Policy::standard().with("refs", r#"["refs/heads/main", "refs/tags/*"]"#);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let tag = |target: &str, kind: &str, name: &str, message: &str| {
        let raw = format!("object {target}\ntype {kind}\ntag {name}\ntagger {KIM}\n\n{message}\n");
        kim.object("tag", raw.as_bytes())
    };
    let nested = |mut target: String, mut kind: &str, levels: usize| {
        for n in 0..levels {
            target = tag(&target, kind, &format!("n{n}"), "Plain");
            kind = "tag";
        }
        target
    };
    let push = |id: &str, name: &str| kim.push(&[&format!("{id}:refs/tags/{name}")]);
    let main = kim.rev("origin/main");
    let marked = kim.commit(ai("Marked").file("a", "a\n"));
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    let fresh = kim.commit(human("Plain\n").file("b", "b\n"));
    for levels in [1, 2, 5] {
        let name = format!("deep-{levels}");
        push(&nested(marked.clone(), "commit", levels), &name).rejected_with(&marked[..8]);
        push(&nested(main.clone(), "commit", levels), &name).lands(&[&format!("refs/tags/{name}")]);
    }
    push(&nested(main.clone(), "commit", 101), "deeper").rejected_with("nested");
    // The mark stands in a tag within.
    let spoken = tag(&fresh, "commit", "inner", CLAUDE);
    push(&tag(&spoken, "tag", "outer", "Plain"), "outer").rejected_with(NEEDS);
    push(&tag(&fresh, "commit", "inner", "Plain"), "inner").rejected_with(NEEDS);
    let fresh = kim.amend(human("Plain again\n").file("b", "b\n"));
    push(&tag(&fresh, "commit", "inner", "Plain"), "inner").lands(&["refs/tags/inner"]);
    // A tag that lies about what it points to, or is none to everybody.
    let blob = kim.object("blob", b"x\n");
    let tree = kim.rev("HEAD^{tree}");
    let head = format!("object {main}\ntype commit\ntag t\n");
    let odd = |raw: String| kim.object("tag", raw.as_bytes());
    for (label, id) in [
        ("no message", odd(format!("{head}tagger {KIM}\n"))),
        ("two taggers", odd(format!("{head}tagger {KIM}\ntagger {AGENT}\n\nx\n"))),
        ("two objects", odd(format!("object {main}\n{head}tagger {KIM}\n\nx\n"))),
        ("a NUL", odd(format!("{head}tagger {KIM}\n\nx\0{CLAUDE}\n"))),
        ("another header", odd(format!("{head}tagger {KIM}\nnote {CLAUDE}\n\nx\n"))),
        ("no name", odd(format!("object {main}\ntype commit\ntagger {KIM}\n\nx\n"))),
    ] {
        eprintln!("{label}");
        // Git itself can't send all of them.
        push(&id, "odd").refused();
    }
    push(&odd(format!("{head}\nVery old tags have no tagger\n")), "old").lands(&["refs/tags/old"]);
    // What is no commit does not land where commits are judged, and does elsewhere.
    for (kind, id) in [("blob", &blob), ("tree", &tree)] {
        push(id, kind).rejected();
        push(&tag(id, kind, kind, "Plain"), kind).rejected();
        let name = format!("refs/other/{kind}");
        kim.push(&[&format!("{id}:{name}")]).lands(&[&name]);
    }
}
