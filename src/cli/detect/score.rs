//! `countersign detect --score`: recall and precision over records that somebody labelled.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::records::{Record, Records};
use super::{percent, proof, strongest, told};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::out;
use crate::detect::Detector;
use crate::domain::escape::escape_short;
use crate::domain::evidence::Evidence;

/// What the author says in prose is looked for, and measured apart.
const PROSE: &str = "prose";

#[derive(Debug, Deserialize)]
struct Labelled {
    #[serde(flatten)]
    record: Record,
    label: Label,
    kind: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Label {
    Ai,
    Human,
    Ambiguous,
}

/// Records of one kind, and how many of them were judged otherwise than their label says.
#[derive(Debug, Default, Serialize)]
struct Kind {
    records: usize,
    wrong: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
struct Score {
    ai: BTreeMap<String, Kind>,
    human: BTreeMap<String, Kind>,
    ambiguous: usize,
    ambiguous_flagged: usize,
}

impl Score {
    fn count(&mut self, record: &Labelled, evidence: &[Evidence], is_ai: bool) -> bool {
        let kinds = match record.label {
            Label::Ai => &mut self.ai,
            Label::Human => &mut self.human,
            Label::Ambiguous => {
                self.ambiguous += 1;
                self.ambiguous_flagged += usize::from(is_ai);
                return false;
            }
        };
        let is_wrong = is_ai != (record.label == Label::Ai);
        let kind = kinds.entry(record.kind.clone()).or_default();
        kind.records += 1;
        kind.wrong += usize::from(is_wrong);
        if is_wrong {
            let found = strongest(evidence)
                .map_or_else(String::new, |e| format!("  {}, {}", told(e), proof(e)));
            kind.ids.push(format!("{}{found}", escape_short(record.record.id.as_bytes(), 100)));
        }
        is_wrong
    }
}

/// All records of these kinds, and those judged wrongly.
fn sum<'a>(kinds: impl Iterator<Item = (&'a String, &'a Kind)>) -> (usize, usize) {
    kinds.fold((0, 0), |(all, wrong), (_, kind)| (all + kind.records, wrong + kind.wrong))
}

pub(super) fn run(
    detector: &Detector,
    file: &Path,
    verbose: bool,
    json: bool,
) -> Result<Exit, CliError> {
    let name = file.display().to_string();
    let input =
        File::open(file).map_err(|e| CliError::new(format!("\"{name}\" can't be read: {e}")))?;
    let mut records = Records::new(BufReader::new(input), format!("\"{name}\""));
    let mut score = Score::default();
    while let Some(labelled) = records.next::<Labelled>()? {
        let found = detector.commit(&labelled.record.commit());
        score.count(&labelled, &found.evidence, found.is_ai_assisted());
    }
    let (ai, missed) = sum(score.ai.iter());
    let (marked, marked_missed) = sum(score.ai.iter().filter(|(kind, _)| *kind != PROSE));
    let (human, accused) = sum(score.human.iter());
    let found = ai - missed;
    if json {
        let of = |part: usize, whole: usize| percent(part, whole).replace(" %", "");
        out::json(&serde_json::json!({
            "recall": of(found, ai),
            "recall_without_prose": of(marked - marked_missed, marked),
            "precision": of(found, found + accused),
            "kinds": score,
        }))?;
        return Ok(Exit::Done);
    }
    let line = |what: &str, part: usize, whole: usize, of: &str| {
        out::line(&format!("{what:<22}{:>9}  ({part} of {whole} {of})", percent(part, whole)));
    };
    out::line(&format!(
        "{} records: {ai} ai, {human} human; {} ambiguous ones are not scored ({} found)",
        ai + human + score.ambiguous,
        score.ambiguous,
        score.ambiguous_flagged
    ));
    line("recall", found, ai, "labelled ai");
    line("recall without prose", marked - marked_missed, marked, "labelled ai");
    line("precision", found, found + accused, "found");
    for (title, kinds) in [("missed", &score.ai), ("wrongly found", &score.human)] {
        for (name, kind) in kinds.iter().filter(|(_, kind)| kind.wrong > 0) {
            let name = escape_short(name.as_bytes(), 60);
            out::line(&format!("{title}: {name} {} of {}", kind.wrong, kind.records));
            if verbose {
                kind.ids.iter().for_each(|id| out::line(&format!("  {id}")));
            }
        }
    }
    Ok(Exit::Done)
}
