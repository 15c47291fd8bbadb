//! A push of more than the gate looks at, told before any of it is read (G20).

use super::findings;
use super::input::Updates;
use super::log;
use super::report::{self, Surroundings};
use super::run::{Answer, Gate, refusal, silence};
use crate::domain::decision::{Finding, Outcome};
use crate::domain::policy::Mode;

impl Gate {
    /// Under the strictest mode of any gated ref in it. Whatever is gated is not judged in
    /// part; where nothing is, the push lands, and whoever pushed is told that the gate has
    /// not seen what it should remember (G5).
    pub(super) fn over(
        &self,
        updates: &Updates,
        mode: Option<Mode>,
        any_gate: bool,
    ) -> Result<Answer, Finding> {
        let Some(over) = &updates.over else { return Ok(silence()) };
        let finding = findings::limit(over);
        let mode = mode.unwrap_or(if any_gate { Mode::Warn } else { Mode::Observe });
        if mode == Mode::Enforce {
            return Err(finding);
        }
        log::fault(&self.place, &self.id, &finding);
        let finding = Finding { hints: Vec::new(), ..finding }
            .with_mode(mode)
            .hint("accepted, but not looked at: what AI tools did here is not on record");
        let mut decision = refusal(self.id.clone(), self.invocation.now, finding);
        decision.verdict = Outcome::Accept;
        let text = report::text(&decision, &Surroundings::default());
        Ok(Answer { text, accepted: true })
    }
}
