//! Diagnostics as a compiler shows them.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Severity};

/// Columns; longer source lines are cut around their caret.
const WIDTH: usize = 100;

/// Most bytes of source that are shown in one piece.
const MAX_SHOWN: usize = 16 << 10;

pub(super) fn render(all: &Diagnostics, color: bool) -> String {
    if all.is_empty() {
        return String::new();
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut out = String::new();
    for diagnostic in all {
        out.push_str(&renderer.render(&[group(all, diagnostic)]));
        out.push_str("\n\n");
    }
    if all.omitted() > 0 {
        out.push_str(&format!("... and {} more\n", all.omitted()));
    }
    out.push_str(&format!("{}: {}\n", all.file(), all.count()));
    out
}

fn group<'a>(all: &'a Diagnostics, d: &'a Diagnostic) -> Group<'a> {
    let level = match d.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(d.message.as_str()).id(d.code));
    for piece in pieces(all, d) {
        group = match piece {
            Piece::Shown(snippet) => group.element(snippet),
            Piece::TooLong(origin) => group.element(origin),
        };
    }
    match &d.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

enum Piece<'a> {
    Shown(Snippet<'a, Annotation<'a>>),
    TooLong(Origin<'a>),
}

/// The diagnostic's own place and the related ones: together where they stand near each
/// other, else each in a piece of its own. Only the lines needed are handed on, so that the
/// cost does not grow with the file.
fn pieces<'a>(all: &'a Diagnostics, d: &'a Diagnostic) -> Vec<Piece<'a>> {
    let start = d.related.iter().map(|r| r.span.start).fold(d.span.start, usize::min);
    let end = d.related.iter().map(|r| r.span.end).fold(d.span.end, usize::max);
    let own = Mark { span: d.span.clone(), kind: AnnotationKind::Primary, label: "" };
    let others = d.related.iter().map(|r| Mark {
        span: r.span.clone(),
        kind: AnnotationKind::Context,
        label: &r.text,
    });
    if end - start <= MAX_SHOWN {
        let marks = std::iter::once(own).chain(others).collect();
        return vec![piece(all, start..end, marks)];
    }
    std::iter::once(own)
        .chain(others)
        .map(|mark| piece(all, mark.span.clone(), vec![mark]))
        .collect()
}

struct Mark<'a> {
    span: Range<usize>,
    kind: AnnotationKind,
    label: &'a str,
}

fn piece<'a>(all: &'a Diagnostics, span: Range<usize>, marks: Vec<Mark<'a>>) -> Piece<'a> {
    let lines = all.source.lines_around(&span);
    let (line, column) = all.source.place(span.start);
    let text = all.source.text().get(lines.clone()).unwrap_or_default();
    if text.len() > 2 * MAX_SHOWN {
        return Piece::TooLong(Origin::path(all.file()).line(line).char_column(column));
    }
    let marks = marks.into_iter().map(|mark| {
        let from = mark.span.start.saturating_sub(lines.start);
        let to = mark.span.end.saturating_sub(lines.start).min(text.len());
        let annotation = mark.kind.span(from.min(to)..to);
        if mark.label.is_empty() { annotation } else { annotation.label(mark.label) }
    });
    let first_line = all.source.place(lines.start).0;
    Piece::Shown(Snippet::source(text).path(all.file()).line_start(first_line).annotations(marks))
}
