//! Durations such as `10d`.

use std::time::Duration;

use super::read::Text;
use super::{Finding, Report, quoted};

/// Longest duration taken: ten years of 365 days.
pub const LONGEST: Duration = Duration::from_secs(3_650 * DAY);

const DAY: u64 = 24 * 60 * 60;

/// A whole number and one unit: `30s`, `90m`, `24h`, `10d`.
///
/// # Errors
/// What is wrong with it, to be put after the text.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    let split = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(split).unwrap_or((text, ""));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => DAY,
        _ => return Err("is no duration"),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err("is no duration");
    }
    let too_long = "is longer than 3650 days";
    let number: u64 = number.parse().map_err(|_| too_long)?;
    let duration = number.checked_mul(seconds).map(Duration::from_secs).ok_or(too_long)?;
    match duration {
        d if d.is_zero() => Err("is no time at all"),
        d if d > LONGEST => Err(too_long),
        d => Ok(d),
    }
}

/// The duration of a key, or an error in the report.
pub fn read(report: &mut Report, text: &Text<'_>) -> Option<Duration> {
    duration(text.text)
        .map_err(|why| {
            let message = format!("{} {why}", quoted(text.text));
            let finding = Finding::error("bad-duration", &text.span, message);
            report.add(finding.help("write a whole number and one unit: 30s, 90m, 24h or 10d"));
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_one_unit() {
        let rows = [
            ("30s", Some(30)),
            ("90m", Some(5_400)),
            ("24h", Some(86_400)),
            ("10d", Some(864_000)),
            ("3650d", Some(3_650 * DAY)),
            ("3651d", None),
            ("0d", None),
            ("", None),
            ("d", None),
            ("10", None),
            ("10 d", None),
            ("-1d", None),
            ("+1d", None),
            ("1.5d", None),
            ("1w", None),
            ("1d2h", None),
            ("10\u{e4}", None),
            ("99999999999999999999d", None),
            ("18446744073709551615d", None),
        ];
        for (text, seconds) in rows {
            assert_eq!(duration(text).ok().map(|d| d.as_secs()), seconds, "{text}");
        }
    }
}
