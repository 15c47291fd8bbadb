//! One step of the story: a heading, a sentence, commands and what they answered.
//!
//! A command is printed as a person would type it, and what is printed is what is run.

use super::stage::Stage;
use crate::cli::error::CliError;
use crate::cli::out;

/// A step that has been announced.
pub(super) struct Scene<'a> {
    stage: &'a Stage,
    title: &'static str,
}

/// What a command answered.
pub(super) struct Said {
    /// The step, for complaints.
    pub(super) title: &'static str,
    /// The command as typed.
    pub(super) line: String,
    /// Whether it exited with 0.
    pub(super) ok: bool,
    /// Standard output, then standard error; escaped, no blanks at the ends of lines.
    pub(super) lines: Vec<String>,
}

impl<'a> Scene<'a> {
    /// Announces a step.
    pub(super) fn open(stage: &'a Stage, title: &'static str, text: &str) -> Self {
        let rule = "-".repeat(title.len());
        out::print(&format!("\n{title}\n{rule}\n{text}\n\n"));
        Self { stage, title }
    }

    /// A sentence between commands.
    pub(super) fn tells(&self, text: &str) {
        out::print(&format!("{text}\n\n"));
    }

    /// Somebody types a command line of the shell.
    pub(super) fn types(&self, who: &str, line: &str) -> Result<Said, CliError> {
        out::line(&format!("{who}$ {line}"));
        let (ok, lines) = self.stage.run(who, line)?;
        for line in &lines {
            out::line(format!("  {line}").trim_end());
        }
        if !lines.is_empty() {
            out::line("");
        }
        Ok(Said { title: self.title, line: line.to_owned(), ok, lines })
    }

    /// Somebody types a command line that has to succeed, whatever it says.
    pub(super) fn does(&self, who: &str, line: &str) -> Result<(), CliError> {
        let said = self.types(who, line)?;
        if said.ok { Ok(()) } else { Err(said.unexpected("failed")) }
    }
}

impl Said {
    /// It succeeded and said all of these words.
    pub(super) fn accepted(self, words: &[&str]) -> Result<Self, CliError> {
        if self.ok { self.says(words) } else { Err(self.unexpected("was rejected")) }
    }

    /// It failed and said all of these words.
    pub(super) fn rejected(self, words: &[&str]) -> Result<Self, CliError> {
        if self.ok { Err(self.unexpected("was accepted")) } else { self.says(words) }
    }

    fn says(self, words: &[&str]) -> Result<Self, CliError> {
        let text = self.text();
        match words.iter().find(|words| !text.contains(**words)) {
            None => Ok(self),
            Some(words) => Err(self.unexpected(&format!("did not say \"{words}\""))),
        }
    }

    /// All lines as one, so that words are found across a line's end.
    fn text(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            let line = line.strip_prefix("remote:").unwrap_or(line).trim_start();
            line.strip_prefix("hint:").unwrap_or(line)
        });
        lines.flat_map(str::split_ascii_whitespace).collect::<Vec<_>>().join(" ")
    }

    /// The command of the gate's hints that begins so, as a person would copy it.
    pub(super) fn told(&self, start: &str) -> Result<String, CliError> {
        let mut lines = self
            .lines
            .iter()
            .filter_map(|line| line.strip_prefix("remote:")?.trim().strip_prefix("hint:"))
            .map(str::trim)
            .skip_while(|line| !line.starts_with(start));
        let Some(mut command) = lines.next().map(str::to_owned) else {
            return Err(self.unexpected(&format!("gave no hint \"{start}\"")));
        };
        while command.ends_with('\\') {
            command.push_str("\n    ");
            command.push_str(lines.next().unwrap_or_default());
        }
        Ok(command)
    }

    fn unexpected(&self, what: &str) -> CliError {
        let Self { title, line, .. } = self;
        CliError::new(format!("not as told, in \"{title}\": `{line}` {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ok: bool, lines: &[&str]) -> Said {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Said { title: "1. A step", line: "git push".to_owned(), ok, lines }
    }

    const HINTS: [&str; 6] = [
        "remote: error: 1 commit needs a sign-off",
        "remote: hint: 1. push them:",
        "remote: hint:      git push origin \\",
        "remote: hint:        3f9c2ab1:refs/heads/review/x",
        "remote: hint: 2. one of",
        "remote: hint:   @seniors signs",
    ];

    #[test]
    fn another_outcome_than_told_is_an_error() {
        assert!(said(true, &HINTS).accepted(&[]).is_ok());
        assert!(said(false, &HINTS).rejected(&["needs a sign-off"]).is_ok());
        let rows = [
            (said(false, &HINTS).accepted(&[]), "was rejected"),
            (said(true, &HINTS).rejected(&[]), "was accepted"),
            (said(false, &HINTS).rejected(&["stale"]), "did not say \"stale\""),
            (said(true, &HINTS).accepted(&["push", "signed"]), "did not say \"signed\""),
        ];
        for (outcome, words) in rows {
            let text = outcome.err().unwrap().text();
            assert_eq!(text, format!("error: not as told, in \"1. A step\": `git push` {words}\n"));
        }
    }

    #[test]
    fn words_are_found_across_the_end_of_a_line() {
        assert!(said(true, &HINTS).accepted(&["one of @seniors signs"]).is_ok());
    }

    #[test]
    fn a_hint_is_copied_whole() {
        let said = said(false, &HINTS);
        assert_eq!(
            said.told("git push origin").unwrap(),
            "git push origin \\\n    3f9c2ab1:refs/heads/review/x"
        );
        assert!(said.told("countersign approve").is_err());
    }
}
