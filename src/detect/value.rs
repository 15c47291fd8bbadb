//! What the value of a trailer says: yes, no, a person, a placeholder, or something else.
//!
//! Pure text; it knows words of English, no tools.

/// Signs that stand for "yes".
const TICKS: [char; 5] = ['✅', '✔', '☑', '✓', '🗹'];

/// Words in lower case, of letters and digits.
fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty())
}

/// What a value begins with that says no.
const NO: [&str; 19] = [
    "no",
    "none",
    "false",
    "n",
    "na",
    "not",
    "never",
    "nope",
    "nil",
    "0",
    "without",
    "zero",
    "negative",
    "nothing",
    "human",
    "manual",
    "manually",
    "off",
    "unassisted",
];

/// Whether a value that begins with this word, in any case, may say no.
pub(super) fn is_no(word: &[u8]) -> bool {
    NO.iter().any(|no| no.as_bytes().eq_ignore_ascii_case(word))
}

/// `no`, `none`, `n/a`, `not used`: says that nothing helped, and takes nothing back.
pub(super) fn is_denial(lower: &str) -> bool {
    const BUT: [&str; 8] =
        ["but", "except", "only", "however", "besides", "apart", "aside", "just"];
    words(lower).next().is_some_and(|first| NO.contains(&first))
        && !words(lower).any(|w| BUT.contains(&w))
}

/// `yes`, `true`, `partly`: says it without naming anything.
pub(super) fn is_affirmation(lower: &str) -> bool {
    const YES: [&str; 21] = [
        "yes",
        "y",
        "true",
        "1",
        "on",
        "full",
        "fully",
        "partial",
        "partially",
        "partly",
        "some",
        "mostly",
        "heavily",
        "heavy",
        "lightly",
        "light",
        "minor",
        "used",
        "yep",
        "entirely",
        "significant",
    ];
    lower.starts_with(TICKS) || words(lower).next().is_some_and(|first| YES.contains(&first))
}

/// A template that nobody filled in: `AGENT_NAME:MODEL_VERSION`, `<tool>`, `yes/no`, `...`.
pub(super) fn is_placeholder(clean: &str) -> bool {
    const SLOTS: [&str; 21] = [
        "agent",
        "name",
        "model",
        "version",
        "tool",
        "tools",
        "the",
        "of",
        "your",
        "ai",
        "id",
        "uuid",
        "optional",
        "here",
        "used",
        "url",
        "placeholder",
        "todo",
        "tbd",
        "xxx",
        "n",
    ];
    const TELLING: [&str; 8] =
        ["name", "version", "placeholder", "todo", "tbd", "xxx", "your", "optional"];
    let clean = clean.trim();
    let lower = clean.to_ascii_lowercase();
    let all: Vec<&str> = words(&lower).take(16).map(|w| w.trim_end_matches(digit)).collect();
    if all.is_empty() {
        return !clean.chars().any(|c| c.is_alphanumeric() || TICKS.contains(&c));
    }
    let wrapped = [("<", ">"), ("[", "]"), ("{", "}"), ("$", ""), ("%", "%")]
        .iter()
        .any(|(open, close)| clean.starts_with(open) && clean.ends_with(close));
    let slots = all.iter().all(|w| w.is_empty() || SLOTS.contains(w));
    is_choice(&lower) || (slots && (wrapped || all.iter().any(|w| TELLING.contains(w))))
}

/// `yes/no`, `none | yes (delete one)`: both answers side by side.
fn is_choice(lower: &str) -> bool {
    let answer = |part: &str, answers: &[&str]| {
        words(part).next().is_some_and(|first| answers.contains(&first))
    };
    [" or ", "/", "|"].iter().filter_map(|between| lower.split_once(between)).any(|(a, b)| {
        let (yes, no) = (["yes", "true"], ["no", "none", "false"]);
        (answer(a, &yes) && answer(b, &no)) || (answer(a, &no) && answer(b, &yes))
    })
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// `Jane Doe`, `J. van der Berg`, `@jdoe`, `Jane Doe on github`: help by a person.
pub(super) fn is_personal_name(clean: &str) -> bool {
    const PARTICLES: [&str; 14] =
        ["de", "da", "di", "del", "van", "von", "der", "den", "la", "le", "el", "al", "bin", "dos"];
    let clean = clean.trim();
    if clean.starts_with('@') && !clean.contains(' ') && clean.len() > 1 {
        return true;
    }
    let clean = ["on", "from"]
        .iter()
        .find_map(|word| clean.split_once(&format!(" {word} ")))
        .filter(|(_, place)| !place.contains(' '))
        .map_or(clean, |(name, _)| name);
    let parts: Vec<&str> = clean.split(' ').filter(|p| !p.is_empty()).take(6).collect();
    let capitals = parts.iter().filter(|p| is_capitalised(p)).count();
    (2..=5).contains(&parts.len())
        && capitals >= 2
        && parts.iter().all(|p| is_capitalised(p) || PARTICLES.contains(p))
}

/// `Jane`, `O'Neil`, `Mary-Ann`, `J.`; not `AI`, `GPT`, `OpenCode`, `Tool3`.
fn is_capitalised(part: &str) -> bool {
    let part = part.trim_end_matches(',');
    let initial = part.strip_suffix('.').is_some_and(|i| i.chars().count() == 1);
    let mut pieces = part.split(['-', '\'']).peekable();
    let mut named = pieces.peek().is_some();
    for piece in pieces {
        let mut chars = piece.chars();
        named &= chars.next().is_some_and(|c| c.is_uppercase() || !c.is_ascii());
        named &= chars.all(|c| c.is_lowercase() || (!c.is_ascii() && c.is_alphabetic()));
    }
    initial || (named && part.chars().count() >= 2)
}

/// Words for AI, whole and in lower case.
pub(super) const AI: [&str; 9] =
    ["ai", "llm", "llms", "genai", "gpt", "chatbot", "gpts", "ais", "aitool"];

/// Says AI without naming one: `AI`, `an LLM`, `generic chatbot`.
pub(super) fn names_ai(clean: &str) -> bool {
    clean.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        // `Ai` and `Gpt` in the middle of a name are syllables.
        AI.contains(&word.to_ascii_lowercase().as_str()) && word != "Ai"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_and_affirmations() {
        let no = ["no", "No.", "false", "none", "n/a", "not used", "0", "no AI was used"];
        let neither =
            ["", "Copilot", "no, but the tests", "noreply", "notably", "Claude, no tests"];
        for text in no {
            assert!(is_denial(&text.to_lowercase()), "{text}");
        }
        for text in neither {
            assert!(!is_denial(&text.to_lowercase()), "{text}");
        }
        for text in ["yes", "Yes!", "true", "partially", "1"] {
            assert!(is_affirmation(&text.to_lowercase()) && !is_denial(&text.to_lowercase()));
        }
    }

    #[test]
    fn placeholders_are_templates_and_nothing_else() {
        let templates = [
            "",
            "AGENT_NAME:MODEL_VERSION",
            "AGENT_NAME:MODEL_VERSION [TOOL1] [TOOL2]",
            "<tool>",
            "[tool name]",
            "...",
            "yes/no",
            "none / yes (delete one)",
            "TODO",
            "{{ model }}",
            "$TOOL",
            "<name of tool>",
        ];
        let values = [
            "AI",
            "AI tool",
            "Claude",
            "<Auto>",
            "Frobnicator",
            "yes",
            "LLM [coccinelle]",
            "yes (no human wrote it)",
            "yes, no tests",
        ];
        for text in templates {
            assert!(is_placeholder(text), "{text}");
        }
        for text in values {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn people_are_told_from_products() {
        let people = [
            "Jane Doe",
            "J. R. Tolkien",
            "Łukasz Żółty",
            "Ludwig van Beethoven",
            "Mary-Ann O'Neil",
            "Jane Doe on github",
            "@jdoe",
            "Ai Nguyen",
        ];
        let others = [
            "Claude",
            "OpenCode",
            "Frobnicator 3",
            "GPT-5 (via Cursor)",
            "AI",
            "My AI Tool",
            "frobnicator",
            "gpt-5.4 high",
            "IBM Bob",
            "",
        ];
        for text in people {
            assert!(is_personal_name(text), "{text}");
        }
        for text in others {
            assert!(!is_personal_name(text), "{text}");
        }
        assert!(names_ai("generic LLM chatbot") && names_ai("My AI Tool") && names_ai("AI"));
        assert!(!names_ai("Ai Nguyen") && !names_ai("maintainer") && !names_ai("Jane Doe"));
    }
}
