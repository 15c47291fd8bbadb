//! How much of a history is AI-assisted: by tool, author and month.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::history::Seen;
use super::percent;
use crate::domain::escape::escape_short;

/// AI-assisted commits, and all.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    ai: usize,
    all: usize,
}

/// Grows while a history is read.
#[derive(Debug, Default)]
pub(super) struct Summary {
    total: Count,
    /// A commit counts once for each tool that it names.
    tools: BTreeMap<String, usize>,
    /// By address in lower case, with the name seen first.
    authors: BTreeMap<String, (String, Count)>,
    months: BTreeMap<String, Count>,
}

/// Columns of a name.
const NAME: usize = 48;

impl Summary {
    pub(super) fn count(&mut self, seen: &Seen) {
        let is_ai = seen.detection.is_ai_assisted();
        let author = &seen.commit.author;
        let address = escape_short(&author.email.to_ascii_lowercase(), 200);
        let named = || (escape_short(&author.name, 200), Count::default());
        let (_, by_author) = self.authors.entry(address).or_insert_with(named);
        let month = seen.date.get(..7).unwrap_or("unknown").to_owned();
        let by_month = self.months.entry(month).or_default();
        for count in [&mut self.total, by_author, by_month] {
            count.all += 1;
            count.ai += usize::from(is_ai);
        }
        let counting = seen.detection.evidence.iter().filter(|e| e.strength.counts());
        let mut tools: Vec<&str> =
            counting.map(|e| e.tool.as_deref().unwrap_or("not named")).collect();
        tools.sort_unstable();
        tools.dedup();
        if tools.len() > 1 {
            tools.retain(|tool| *tool != "not named");
        }
        for tool in tools {
            *self.tools.entry(tool.to_owned()).or_default() += 1;
        }
    }

    /// `12 of 345 commits are AI-assisted (3.47 %)`.
    pub(super) fn headline(&self) -> String {
        let Count { ai, all } = self.total;
        let share = if all == 0 { String::new() } else { format!(" ({})", percent(ai, all)) };
        format!("{ai} of {all} commits are AI-assisted{share}")
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n", self.headline());
        if self.total.ai == 0 {
            return text;
        }
        text.push_str(&format!("\n{:<NAME$}  commits\n", "tool"));
        for (tool, commits) in self.tools() {
            text.push_str(&format!(
                "{:<NAME$}  {commits:>7}\n",
                escape_short(tool.as_bytes(), NAME)
            ));
        }
        text.push_str(&format!("\n{:<NAME$}  AI-assisted       of\n", "author"));
        for (address, name, Count { ai, all }) in self.authors() {
            let who = escape_short(format!("{name} <{address}>").as_bytes(), NAME);
            text.push_str(&format!("{who:<NAME$}  {ai:>11}  {all:>7}\n"));
        }
        text.push_str(&format!("\n{:<NAME$}  AI-assisted       of\n", "month"));
        let first = self.months.iter().position(|(_, count)| count.ai > 0).unwrap_or(0);
        for (month, Count { ai, all }) in self.months.iter().skip(first) {
            text.push_str(&format!("{month:<NAME$}  {ai:>11}  {all:>7}\n"));
        }
        text
    }

    pub(super) fn as_json(&self, unreadable: usize) -> Value {
        let tools = self.tools().into_iter();
        let authors = self.authors().into_iter();
        json!({
            "commits": self.total.all,
            "ai_assisted": self.total.ai,
            "unreadable": unreadable,
            "tools": tools.map(|(tool, n)| json!({"tool": tool, "commits": n})).collect::<Value>(),
            "authors": authors
                .map(|(email, name, count)| json!({
                    "name": name, "email": email, "ai_assisted": count.ai, "commits": count.all,
                }))
                .collect::<Value>(),
            "months": self.months.iter()
                .map(|(month, count)| json!({
                    "month": month, "ai_assisted": count.ai, "commits": count.all,
                }))
                .collect::<Value>(),
        })
    }

    /// The most frequent first.
    fn tools(&self) -> Vec<(&str, usize)> {
        let mut tools: Vec<_> = self.tools.iter().map(|(tool, n)| (tool.as_str(), *n)).collect();
        tools.sort_by_key(|(_, n)| Reverse(*n));
        tools
    }

    /// Who has AI-assisted commits, the most first.
    fn authors(&self) -> Vec<(&str, &str, Count)> {
        let all = self.authors.iter().map(|(a, (name, count))| (a.as_str(), name.as_str(), *count));
        let mut authors: Vec<_> = all.filter(|(.., count)| count.ai > 0).collect();
        authors.sort_by_key(|(.., count)| Reverse(count.ai));
        authors
    }
}
