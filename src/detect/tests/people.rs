//! Identities: who is an agent, who else made the commit.

use super::*;

fn authored(author: (&str, &str), committer: (&str, &str)) -> Detection {
    let mut commit = commit("Fix the parser");
    commit.author = ident(author.0, author.1);
    commit.committer = ident(committer.0, committer.1);
    Detector::builtin().unwrap().commit(&commit)
}

const JANE: (&str, &str) = ("Jane Doe", "jane@example.org");

#[test]
fn an_agent_as_author_or_committer_is_evidence() {
    let agents = [
        ("Claude", "noreply@anthropic.com"),
        ("Jane Doe", "NoReply@Anthropic.com"),
        ("claude[bot]", "41898282+claude[bot]@users.noreply.github.com"),
        ("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com"),
        ("Cursor Agent", "cursoragent@cursor.com"),
        ("google-labs-jules[bot]", "161369871+google-labs-jules[bot]@users.noreply.github.com"),
        (
            "devin-ai-integration[bot]",
            "158243242+devin-ai-integration[bot]@users.noreply.github.com",
        ),
        ("bot", "999+devin-ai-integration[bot]@users.noreply.github.corp.example.io"),
        ("openhands", "openhands@all-hands.dev"),
        ("cl\u{200b}aude", "nore\u{ad}ply@anthropic.com"),
    ];
    for agent in agents {
        let found = authored(agent, JANE);
        let told: Vec<_> = found.evidence.iter().map(|e| (&e.place, e.kind, e.strength)).collect();
        let author = (&Place::Author, MarkerKind::Author, Strength::Authorship);
        assert_eq!(told, [author], "{agent:?}");
        let found = authored(JANE, agent);
        let told: Vec<_> = found.evidence.iter().map(|e| (&e.place, e.kind, e.strength)).collect();
        let committer = (&Place::Committer, MarkerKind::Committer, Strength::Assistance);
        assert_eq!(told, [committer], "{agent:?}");
    }
}

#[test]
fn an_agent_by_its_name_is_evidence_but_its_address_stays_a_persons() {
    let names = [
        "Claude Code",
        "Claude Opus 4.5",
        "GitHub Copilot",
        "Jane Doe (aider)",
        "Jane Doe (claude)",
        "Jane Doe (via Claude)",
        "Jane Doe + Claude",
        "Jane Doe (gemini-2.5-pro)",
        "GPT-5 Codex",
        "copilot-swe-agent[bot]",
        "Jane (Agent) Doe",
    ];
    for name in names {
        let found = authored((name, "jane@corp.example.io"), JANE);
        assert!(found.is_ai_assisted(), "{name}");
        assert!(found.agents.is_empty(), "{name}: an address would stand for nobody");
    }
}

/// Name, address, line.
type Read<'a> = (&'a str, &'a str, usize);

#[test]
fn co_authors_are_read_with_their_lines() {
    let rows: &[(&str, &[Read<'_>])] = &[
        ("Co-authored-by: Jane Doe <jane@x.io>", &[("Jane Doe", "jane@x.io", 3)]),
        ("co_authored by : Jane Doe <Jane@X.io>", &[("Jane Doe", "Jane@X.io", 3)]),
        ("Co-developed-by: Jane <j@x.io>", &[("Jane", "j@x.io", 3)]),
        ("Co-authored-by:\n Jane Doe\n <j@x.io>", &[("Jane Doe", "j@x.io", 3)]),
        ("> Co-authored-by: Jane <j@x.io>", &[("Jane", "j@x.io", 3)]),
        ("Cо-аuthored-by: Jane <j@x.iо>", &[("", "j@x.iо", 3), ("Jane", "j@x.io", 3)]),
        (
            "Co-authored-by: Jane <j\u{200b}ane@x.io>",
            &[("", "j\u{200b}ane@x.io", 3), ("Jane", "jane@x.io", 3)],
        ),
        ("Co-authored-by: Jane j@x.io", &[("Jane", "j@x.io", 3)]),
        ("Co-authored-by: <j@x.io>", &[("", "j@x.io", 3)]),
        ("Co-authored-by: j@x.io", &[("", "j@x.io", 3)]),
        ("Co-authored-by: A <a@x.io>, B <b@x.io>", &[("A", "a@x.io", 3), ("B", "b@x.io", 3)]),
        (
            "Co-authored-by: A <a@x.io>\nCo-authored-by: B <b@x.io>",
            &[("A", "a@x.io", 3), ("B", "b@x.io", 4)],
        ),
        ("Co-authored-by: A <a@x.io>,\n B <b@x.io>", &[("A", "a@x.io", 3), ("B", "b@x.io", 3)]),
        (
            "Co-authored-by: A <a@x.io>\n\tand B\n\t<b@x.io>",
            &[("A", "a@x.io", 3), ("and B", "b@x.io", 3)],
        ),
        (
            "Co-authored-by: Claude <noreply@anthropic.com>,\n B <b@x.io>",
            &[("B", "b@x.io", 3), ("Claude", "noreply@anthropic.com", 3)],
        ),
        ("Co-authored-by: A <a@x.io>\n who did most of it", &[("A", "a@x.io", 3)]),
        ("Co-authored-by: A <a@x.io>\nSee B <b@x.io>", &[("A", "a@x.io", 3)]),
        ("Co-authored-by: A <a@x.io>\n\n B <b@x.io>", &[("A", "a@x.io", 3)]),
        (
            "Co-authored-by: Jane <\"j\"@x.io>",
            &[("", "\"j\"@x.io", 3), ("", "j@x.io", 3), ("Jane", "j@x.io", 3)],
        ),
        (
            "Co-authored-by: \"Jane\" <\"J.\\Doe\"@X.io>",
            &[("", "\"J.\\Doe\"@x.io", 3), ("", "J.Doe@x.io", 3), ("Jane", "Doe@X.io", 3)],
        ),
        ("Co-authored-by: \"Jane\" <j@x.io>", &[("Jane", "j@x.io", 3)]),
        ("Co-authored-by: Jane", &[("Jane", "", 3)]),
        ("Co-authored-by: Jane <jane>", &[("Jane", "jane", 3)]),
        ("co-authored by Jane <j@x.io>", &[("Jane", "j@x.io", 3)]),
        ("Fix it. Co-authored-by: Jane <j@x.io>", &[("Jane", "j@x.io", 3)]),
        ("Co-authored-by:", &[]),
        ("Reviewed-by: Jane <j@x.io>", &[]),
        ("Signed-off-by: Jane <j@x.io>", &[]),
    ];
    let detector = Detector::builtin().unwrap();
    for (line, expected) in rows {
        let found = detector.commit(&commit(format!("Fix it\n\n{line}\n")));
        let read: Vec<(String, String, usize)> = found
            .co_authors
            .iter()
            .map(|c| {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                (text(&c.ident.name), text(&c.ident.email), c.line)
            })
            .collect();
        let read: Vec<_> = read.iter().map(|(n, e, l)| (n.as_str(), e.as_str(), *l)).collect();
        assert_eq!(read, *expected, "{line}");
    }
}

#[test]
fn agents_are_listed_so_that_they_are_nobody() {
    let mut commit = commit(
        "Fix it\n\nCo-authored-by: Claude <NoReply@anthropic.com>\n\
         Co-authored-by: Jane <jane@x.io>\nCo-authored-by: Claude Code <me@x.io>\n",
    );
    commit.author = ident("Cursor Agent", "CursorAgent@cursor.com");
    let found = Detector::builtin().unwrap().commit(&commit);
    let agents: Vec<&[u8]> = vec![b"cursoragent@cursor.com", b"noreply@anthropic.com"];
    assert_eq!(found.agents, agents);
}

#[test]
fn a_pusher_that_is_an_agent_is_evidence() {
    let told = Detector::agent_pusher(&Login::new("ci-agent\u{1b}[2J"));
    assert_eq!((told.kind, told.place), (MarkerKind::Pusher, Place::Pusher));
    assert!(told.strength.counts() && !told.text.contains('\u{1b}'));
}
