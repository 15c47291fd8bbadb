//! People and talk about AI: what looks like a marker and is none.

use super::*;
use crate::domain::evidence::Declared;

/// Authors that are people.
const PEOPLE: &[(&str, &str)] = &[
    ("Claude Monet", "claude@giverny.example.fr"),
    ("Claude", "claude@example.com"),
    ("Claude", "monet@posta.example.fr"),
    ("Devin Jones", "devin@example.com"),
    ("Jules", "jules@example.org"),
    ("Jules Verne", "jules.verne@gmail.com"),
    ("Cody", "12345+cody@users.noreply.github.com"),
    ("Devin", "devin99@users.noreply.github.com"),
    ("devin99", "devin99@gmail.com"),
    ("Gemini Rossi", "gemini@posta.example.it"),
    ("Junie Park", "junie@park.example.org"),
    ("Ai Nguyen", "ai@example.com"),
    ("Al", "al@example.org"),
    ("Kimi", "kimi@example.fi"),
    ("Jane Doe", "jane@anthropic.com"),
    ("Jane Doe", "jane@openai.com"),
    ("Jane Doe", "jane@cursor.com"),
    ("Jane Doe (Cursor)", "jane@cursor.com"),
    ("Jane Doe", "noreply@github.com"),
    ("GitHub", "noreply@github.com"),
    ("Jane Doe", "198982749+jane@users.noreply.github.com"),
    ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com"),
    ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"),
    ("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com"),
    ("pre-commit-ci[bot]", "66853113+pre-commit-ci[bot]@users.noreply.github.com"),
    ("release-please[bot]", "55107282+release-please[bot]@users.noreply.github.com"),
    ("semantic-release-bot", "semantic-release-bot@martynus.net"),
    ("Weblate", "noreply@weblate.org"),
    ("CI Build Agent", "agent@ci.corp.example.io"),
    ("jane", "jane@users.noreply.replit.com"),
    ("Claude Dupont", "claude.dupont@anthropic.com"),
    ("Jean-Claude Van Damme", "jcvd@example.be"),
    ("Marie-Claude Codex", "mc@example.fr"),
    ("Claude Shannon", "claude@bell.example.com"),
    ("claude", "claude@claude.example.org"),
    ("Claudette", "noreply@anthropic.com.example.org"),
    ("Cody Ren", "cody@sourcegraph.com"),
    ("Cursor Kumar", "kumar@example.in"),
    ("Amp Suwan", "amp@example.th"),
    ("Zed Shaw", "zed@example.org"),
    ("Warp Drive", "warp@example.org"),
    ("Goose Gosling", "goose@block.example.xyz"),
    ("Charlie Root", "charlie@example.org"),
    ("Julius Caesar", "julius@example.it"),
    ("Sonnet Opus", "sonnet@poems.example.org"),
    ("Haiku Tanaka", "haiku@haiku-os.org"),
    ("Grok Heinlein", "grok@mars.example.org"),
    ("Llama Llama", "llama@example.pe"),
    ("Aidan Codey", "aidan@example.ie"),
    ("Replit Team", "team@replit.com"),
    ("Jane Doe", "jane@mistral.ai"),
    ("Jane Doe", "jane@letta.com"),
    ("Jane Doe", "jane@warp.dev"),
    ("Jane Doe", "jane@ampcode.com"),
    ("Jane Doe", "jane+git@cline.bot"),
    ("Jane Doe", "jane@continue.dev"),
    ("Jane Doe", "jane@all-hands.dev"),
    ("Jane Doe", "jane@github.com"),
    ("mergify[bot]", "37929162+mergify[bot]@users.noreply.github.com"),
    ("allcontributors[bot]", "46447321+allcontributors[bot]@users.noreply.github.com"),
    ("snyk-bot", "snyk-bot@snyk.io"),
    ("graphite-app[bot]", "96075541+graphite-app[bot]@users.noreply.github.com"),
    ("stainless-app[bot]", "142633134+stainless-app[bot]@users.noreply.github.com"),
    ("zed-zippy[bot]", "234243425+zed-zippy[bot]@users.noreply.github.com"),
    ("gemini-cli-robot", "gemini-cli-robot@google.com"),
    ("gemini-cli-robot", "224641728+gemini-cli-robot@users.noreply.github.com"),
    ("autofix-ci[bot]", "114827586+autofix-ci[bot]@users.noreply.github.com"),
    (
        "cloudflare-workers-and-pages[bot]",
        "73139402+cloudflare-workers-and-pages[bot]@users.noreply.github.com",
    ),
    ("Jenkins Agent", "agent@jenkins.example.org"),
    ("Real Estate Agent", "jane@agents.example.org"),
    ("Pi Patel", "pi@example.in"),
    ("Ona Tamm", "ona@example.ee"),
    ("Happy Singh", "happy@example.in"),
    ("Crush Davis", "crush@example.org"),
    ("Continue Mensah", "continue@example.gh"),
    ("Windsurf Club", "info@windsurf-club.example.org"),
    ("", ""),
];

/// Messages of people about anything, AI among it.
const MESSAGES: &[&str] = &[
    "Add GitHub Copilot setup steps",
    "docs: explain how to use Claude Code with this repository",
    "Bump anthropic SDK from 0.39 to 0.40",
    "feat(llm): add a provider for GPT-5",
    "fix(ai): stream answers",
    "ai-tools: fix the build",
    "Close the database cursor\n\nThe android.database.Cursor was left open.",
    "Revert \"feat: support Codex\"\n\nThis reverts commit 0123456789abcdef.",
    "Merge branch 'claude/fix-parser' into main",
    "Merge pull request #7 from jane/copilot-settings",
    "Address Copilot's review comments",
    "Fix the bug\n\nCo-authored-by: Jane Doe <jane@example.org>",
    "Fix the bug\n\nCo-authored-by: Claude Monet <claude@example.com>",
    "Fix the bug\n\nCo-authored-by: Devin <devin@example.com>",
    "Fix the bug\n\nCo-developed-by: Grace Hopper <grace@example.com>",
    "Fix the bug\n\nAssisted-by: Jane Doe <jane@example.org>",
    "Fix the bug\n\nAssisted-by: Jane Doe",
    "Fix the bug\n\nAssisted-by: Claude Monet",
    "Fix the bug\n\nAssisted-by: @jdoe",
    "Fix the bug\n\nReviewed-by: CodeRabbit\nTested-by: Claude <noreply@anthropic.com>",
    "Fix the bug\n\nReported-by: Greptile <greptile@example.io>",
    "Fix the bug\n\nReviewed-by: Copilot <175728472+Copilot@users.noreply.github.com>",
    "Fix the bug\n\nSuggested-by: Jane Doe <jane@example.org>",
    "Fix the bug\n\nGenerated-by: protoc 3.21",
    "Generated by swagger-codegen",
    "Update the lock file\n\nGenerated with cargo update",
    "This PR was generated by [Mend Renovate](https://mend.io/renovate/).",
    "Fix the bug\n\n- [ ] AI tools were used\n- [ ] Generated with Claude Code",
    "Fix the bug\n\n- [x] I have read the AI policy\n- [x] Tests",
    "Fix the bug\n\n- [x] If AI was used, I have reviewed every line",
    "Fix the bug\n\nAI-Assisted: no",
    "Fix the bug\n\nAI-Generated: None.",
    "Fix the bug\n\nAI disclosure: none / yes (delete one)",
    "Fix the bug\n\n## AI disclosure\n",
    "Write the header as the kernel does\n\n    Assisted-by: AGENT_NAME:MODEL_VERSION\n",
    "Strip `Co-authored-by: Claude` lines in the hook",
    "hooks: refuse the trailer \"Assisted-by: Claude Code\"",
    "Show the text 'Generated with Claude Code' in the about box",
    "Explain that files generated by Copilot need a review",
    "Detect branches created by AI coding tools",
    "Made with cursor pagination in mind",
    "Continue with the next item",
    "codex: fix the index\n\nBuilt with LibreSSL.",
    "Written by hand",
    "Commit message generated by Copilot is now editable",
    "Fix a page made by continue statements",
    "Model: Opus\nAgent: 007\nRole: spy",
    "User-Agent: Claude-User/1.0 is let through",
    "Document noreply@anthropic.com as the address that the hook looks for",
    "See https://claude.ai/code and https://cursor.com/changelog",
    "<!-- CURSOR_SUMMARY -->\nA summary\n<sup>Written by [Cursor Bugbot](https://cursor.com)</sup>",
    "Generated with Cliffy",
    "non-AI-generated: keep",
    "Human-Written: yes",
    "Cc: claude@example.com",
    "Fix the bug\n\nAmp-Thread-ID: <id>",
    "Describe the Assisted-by: header of the kernel",
    "Fix it\n\nWorks with: Claude Code\nUsed by: GitHub Copilot\nCompatible-with: Claude Code",
    "Fix it\n\nThe change was not generated by AI, and written without AI assistance.",
    "Supersede the Copilot provider\n\nSuperseded-by: the new one",
    "Fixes: 1234567 (\"ai: add the model\")",
    "docs: add a page on agents\n\nClaude, Codex and Gemini are supported.",
    "Update CLAUDE.md and AGENTS.md",
    "Ignore .cursorrules and .aider*",
    "Add \"Co-Authored-By: Claude\" to the list of trailers that we strip",
    "Remove the AI-generated images",
    "Test that AI-generated text is labelled",
    "feat: let users choose between GPT-5, Claude Opus 4.5 and Gemini 3 Pro",
    "Rename copilot to assistant",
    "Pin openai/codex to v0.40",
    "fix(cursor): blink again",
    "Make the agent retry\n\nAgent: build-7",
    "chore: update models\n\nclaude-opus-4-5 -> claude-opus-5",
    "Let Dependabot update anthropics/claude-code-action",
    "Spotted by Copilot",
    "Found with CodeRabbit, fixed by hand",
    "Merge branch 'main' into cursor/setup-dev-environment-8d1c",
    "Merge pull request #9 from o/codex/fix-index\n\nFix the index",
    "Revert \"Add Claude Code workflow\"\n\nThis reverts commit 0123456789abcdef.",
    "Use cursor.execute() instead of session",
    "Translate README into French\n\nThanks to Claude for proofreading.",
    "Drop support for the Gemini protocol (gemini://)",
    "Bump devin from 1.2 to 1.3",
    "Build with Amp up to 10 A",
    "Do not run the bot on PRs by copilot-swe-agent",
    "if: github.actor != 'copilot-swe-agent[bot]'",
    "Warn when a commit is AI-assisted but not signed off",
    "Ask reviewers to disclose AI use",
    "created by github.com/sst/opencode/internal/app.New in goroutine 1",
    "Explain the sign \u{a9} and Cody's role",
    "",
    "\n\n\n",
];

#[test]
fn people_and_other_bots_are_no_agents() {
    let detector = Detector::builtin().unwrap();
    for (name, email) in PEOPLE {
        let mut commit = commit("Fix the parser");
        commit.author = ident(name, email);
        commit.committer = ident(name, email);
        let found = detector.commit(&commit);
        assert!(!found.is_ai_assisted(), "{name} <{email}>: {:?}", found.evidence);
        assert!(found.agents.is_empty(), "{name} <{email}>");
        let line = format!("Fix it\n\nCo-authored-by: {name} <{email}>\n");
        let found = detector.commit(&super::commit(line));
        // A name without an address is nobody's, a tool's name then a tool's.
        assert!(!found.is_ai_assisted(), "{name} <{email}>: {:?}", found.evidence);
    }
}

#[test]
fn talk_about_ai_is_no_evidence() {
    let detector = Detector::builtin().unwrap();
    let mut wrong = Vec::new();
    for message in MESSAGES {
        let found = detector.commit(&commit(*message));
        if found.is_ai_assisted() {
            wrong.push(format!("{message:?}: {:?}", found.evidence));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_denial_is_heard_and_cancels_nothing() {
    let rows = [
        ("AI-Assisted: no", Declared::No, false),
        ("AI-Assisted: No.", Declared::No, false),
        ("ai-generated: false", Declared::No, false),
        ("No-AI-Used: true", Declared::No, false),
        ("Assisted-by: none", Declared::No, false),
        ("AI-Assisted: n/a", Declared::No, false),
        ("- [x] No AI tools were used", Declared::No, false),
        ("AI-Assisted: yes", Declared::Yes, true),
        ("AI-Assisted: partly", Declared::Yes, true),
        ("AI-Assisted: Copilot", Declared::Yes, true),
        ("AI-Assisted: no\nAI-Assisted: yes", Declared::Yes, true),
        ("AI-Assisted: yes\nAI-Assisted: no", Declared::Yes, true),
        ("AI-Assisted: no\nCo-authored-by: Claude <noreply@anthropic.com>", Declared::No, true),
        ("AI-Assisted: no, only Copilot completions", Declared::Yes, true),
        ("AI-Assisted: yes (no human wrote it)", Declared::Yes, true),
        ("AI-Assisted: no\n  Claude <noreply@anthropic.com>", Declared::No, true),
        ("AI-Assisted: no (Claude <noreply@anthropic.com>)", Declared::No, true),
        ("AI-Generated-By: no-reply Claude Code", Declared::Yes, true),
        ("Assisted-by: Zero-shot Claude Code", Declared::Nothing, true),
        (
            "AI-Assisted: no\nReviewed-by: J <j@x.io>\n  Claude <noreply@anthropic.com>",
            Declared::No,
            true,
        ),
        ("AI-Assisted:", Declared::Nothing, false),
        ("AI-Assisted: yes/no", Declared::Nothing, false),
        ("Fixes: #7", Declared::Nothing, false),
    ];
    let detector = Detector::builtin().unwrap();
    for (line, declared, assisted) in rows {
        let found = detector.commit(&commit(format!("Fix it\n\n{line}\n")));
        assert_eq!((found.declared, found.is_ai_assisted()), (declared, assisted), "{line}");
    }
}

#[test]
fn weaker_strengths_are_shown_and_do_not_count() {
    let rows = [
        ("Reviewed-by: CodeRabbit", Strength::ReviewOnly),
        ("Assisted-by: CodeRabbit", Strength::ReviewOnly),
        ("Reviewed-by: Claude <noreply@anthropic.com>", Strength::ReviewOnly),
        ("Assisted-by: Jane Doe", Strength::Hint),
        ("Strip `Co-authored-by: Claude` lines", Strength::Hint),
        ("The hook looks for noreply@anthropic.com in trailers", Strength::Hint),
        ("Co-authored-by: x <1+aikido-autofix[bot]@users.noreply.github.com>", Strength::Hint),
    ];
    let detector = Detector::builtin().unwrap();
    for (line, strength) in rows {
        let found = detector.commit(&commit(format!("Fix it\n\n{line}\n")));
        let strengths: Vec<_> = found.evidence.iter().map(|e| e.strength).collect();
        assert_eq!(strengths, [strength], "{line}");
    }
}

/// A message about a trailer shows what it will look like; the twins carry one.
#[test]
fn examples_beside_their_template_are_talk() {
    let template = "Follow the spec:\n\n    Assisted-by: AGENT_NAME:MODEL_VERSION\n\n";
    let rows = [
        (format!("{template}So it looks like this:\n\n    Assisted-by: Crush:kimi-k2.6\n"), false),
        (format!("{template}Assisted-by: Crush:kimi-k2.6\n"), true),
        ("Squashed:\n\n    Fix it\n\n    Assisted-by: Crush:kimi-k2.6\n".to_owned(), true),
    ];
    let detector = Detector::builtin().unwrap();
    for (message, assisted) in rows {
        assert_eq!(
            detector.commit(&commit(message.as_str())).is_ai_assisted(),
            assisted,
            "{message}"
        );
    }
}
