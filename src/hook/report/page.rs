//! Lines of at most 72 columns.

use crate::domain::escape::escape_short;

/// Columns, before git's own `remote: ` in front.
const WIDTH: usize = 72;

/// Text under construction.
#[derive(Default)]
pub(super) struct Page(Vec<String>);

impl Page {
    /// A line that is short by construction.
    pub(super) fn line(&mut self, text: &str) {
        self.wrapped("", text);
    }

    /// A line of a fixed form that programs read; its length is what it is.
    pub(super) fn fixed(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    /// A line that may lose its end.
    pub(super) fn cut(&mut self, text: &str) {
        let text = text.trim_end();
        if text.chars().count() <= WIDTH {
            self.0.push(text.to_owned());
        } else {
            let kept: String = text.chars().take(WIDTH - 3).collect();
            self.0.push(format!("{kept}..."));
        }
    }

    /// An empty line, never two in a row, never the first.
    pub(super) fn blank(&mut self) {
        if self.0.last().is_some_and(|l| !l.is_empty()) {
            self.0.push(String::new());
        }
    }

    /// Words behind a lead; further lines are led alike (`hint: `) or indented (`    AI: `).
    pub(super) fn wrapped(&mut self, lead: &str, text: &str) {
        let repeat = matches!(lead, "hint: " | "error: " | "warning: " | "success: ");
        let indent = if text.starts_with(' ') { leading_blanks(text) } else { String::new() };
        let next = if repeat {
            format!("{lead}{indent}  ")
        } else {
            " ".repeat(lead.chars().count() + if lead.trim().is_empty() { 2 } else { 0 })
        };
        let mut line = format!("{lead}{indent}");
        let mut is_empty = true;
        for word in text.split(' ').filter(|w| !w.is_empty()) {
            // A word that no line can hold loses its end: it is data, never a command.
            let word = &escape_short(word.as_bytes(), WIDTH - next.chars().count().min(WIDTH / 2));
            let columns = line.chars().count() + word.chars().count() + usize::from(!is_empty);
            if !is_empty && columns > WIDTH {
                self.0.push(std::mem::replace(&mut line, next.clone()));
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.0.push(line.trim_end().to_owned());
    }

    /// A command that can be copied: broken at blanks with a backslash.
    pub(super) fn command(&mut self, lead: &str, words: &[String]) {
        let mut line = lead.to_owned();
        let mut is_empty = true;
        for word in words {
            let columns = line.chars().count() + word.chars().count() + 1;
            if !is_empty && columns + 2 > WIDTH {
                line.push_str(" \\");
                self.0.push(std::mem::replace(&mut line, format!("{lead}  ")));
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.0.push(line);
    }

    pub(super) fn into_text(self) -> String {
        self.0.into_iter().map(|l| l + "\n").collect()
    }
}

fn leading_blanks(text: &str) -> String {
    text.chars().take_while(|c| *c == ' ').collect()
}
