//! One trailer in every spelling that a person still reads as that trailer.

use super::*;

/// The trailer without an address, so that the key has to be recognised.
const KEYS: &[(&str, &str)] = &[
    ("plain", "Co-authored-by: Claude Opus 4.5"),
    ("upper case", "CO-AUTHORED-BY: CLAUDE OPUS 4.5"),
    ("lower case", "co-authored-by: claude opus 4.5"),
    ("mixed case", "cO-AuThOrEd-By: Claude Opus 4.5"),
    ("no blank", "Co-authored-by:Claude Opus 4.5"),
    ("blanks before the colon", "Co-authored-by   : Claude Opus 4.5"),
    ("tab before the colon", "Co-authored-by\t:\tClaude Opus 4.5"),
    ("full-width colon", "Co-authored-by： Claude Opus 4.5"),
    ("ratio sign", "Co-authored-by∶ Claude Opus 4.5"),
    ("full-width letters", "Ｃｏ－ａｕｔｈｏｒｅｄ－ｂｙ: Claude Opus 4.5"),
    ("mathematical letters", "𝐂𝐨-𝐚𝐮𝐭𝐡𝐨𝐫𝐞𝐝-𝐛𝐲: Claude Opus 4.5"),
    ("circled letters", "Ⓒⓞ-ⓐⓤⓣⓗⓞⓡⓔⓓ-ⓑⓨ: Claude Opus 4.5"),
    ("small capitals", "Cᴏ-ᴀᴜᴛʜᴏʀᴇᴅ-ʙʏ: Claude Opus 4.5"),
    ("zero-width space", "Co-auth\u{200b}ored-by: Claude Opus 4.5"),
    ("zero-width joiner", "\u{200d}Co-authored-by: Claude Opus 4.5"),
    ("zero-width after a word", "Fix it\u{200b}Co-authored-by: Claude Opus 4.5"),
    ("soft hyphen", "Co-au\u{ad}thored-by: Claude Opus 4.5"),
    ("soft hyphens for hyphens", "Co\u{ad}authored\u{ad}by: Claude Opus 4.5"),
    ("word joiner", "Co\u{2060}-authored-by: Claude Opus 4.5"),
    ("byte order mark", "\u{feff}Co-authored-by: Claude Opus 4.5"),
    ("right-to-left mark", "Co-\u{200f}authored-by: Claude Opus 4.5"),
    ("variation selector", "C\u{fe0f}o-authored-by: Claude Opus 4.5"),
    ("tag characters", "Co\u{e0041}-authored-by: Claude Opus 4.5"),
    ("combining grapheme joiner", "Co-\u{34f}authored-by: Claude Opus 4.5"),
    ("struck through", "C\u{336}o\u{336}-authored-by: Claude Opus 4.5"),
    ("written backwards", "\u{202e}5.4 supO edualC :yb-derohtua-oC"),
    ("non-breaking hyphen", "Co\u{2011}authored\u{2011}by: Claude Opus 4.5"),
    ("hyphen character", "Co‐authored‐by: Claude Opus 4.5"),
    ("en dash", "Co–authored–by: Claude Opus 4.5"),
    ("minus sign", "Co−authored−by: Claude Opus 4.5"),
    ("underscores", "Co_authored_by: Claude Opus 4.5"),
    ("blanks for hyphens", "Co authored by: Claude Opus 4.5"),
    ("no-break blanks", "Co\u{a0}authored\u{a0}by:\u{a0}Claude\u{a0}Opus 4.5"),
    ("no hyphens", "CoAuthoredBy: Claude Opus 4.5"),
    ("one hyphen less", "Coauthored-by: Claude Opus 4.5"),
    ("letters apart", "C o - a u t h o r e d - b y : Claude Opus 4.5"),
    ("Cyrillic o and a", "Cо-аuthored-by: Claude Opus 4.5"),
    ("Cyrillic capital", "Со-authored-by: Claude Opus 4.5"),
    ("Greek o", "Cο-authοred-by: Claude Opus 4.5"),
    ("Armenian o", "Cօ-authօred-by: Claude Opus 4.5"),
    ("Cherokee capitals", "ᏟO-AUTHOᎡED-BY: Claude Opus 4.5"),
    ("zero for o", "C0-auth0red-by: Claude Opus 4.5"),
    ("accents", "Cö-authörëd-by: Claude Opus 4.5"),
    ("HTML entity in the key", "Co&#45;authored&hyphen;by&colon; Claude Opus 4.5"),
    ("HTML entity for a letter", "&#67;o-authored-by: Claude Opus 4.5"),
    ("escaped Markdown", "Co\\-authored\\-by: Claude Opus 4.5"),
    ("bold Markdown", "**Co-authored-by:** Claude Opus 4.5"),
    ("bold key", "**Co-authored-by**: Claude Opus 4.5"),
    ("code", "`Co-authored-by: Claude Opus 4.5`"),
    ("HTML tags inside", "Co-<b>auth</b>ored-by<wbr>: Claude Opus 4.5"),
    ("terminal colours", "\u{1b}[1mCo-authored-by\u{1b}[0m: Claude Opus 4.5"),
    ("backspaces", "C\u{8}Co-authored-by: Claude Opus 4.5"),
    ("equals sign", "Co-authored-by = Claude Opus 4.5"),
    ("no colon", "Co-authored-by Claude Opus 4.5"),
    ("explained key", "Co-authored-by (AI): Claude Opus 4.5"),
    ("arrow", "Co-authored-by -> Claude Opus 4.5"),
    ("in parentheses", "(Co-authored-by: Claude Opus 4.5)"),
    ("indented", "      Co-authored-by: Claude Opus 4.5"),
    ("tab", "\tCo-authored-by: Claude Opus 4.5"),
    ("quoted", "> Co-authored-by: Claude Opus 4.5"),
    ("quoted twice", "> > Co-authored-by: Claude Opus 4.5"),
    ("bullet", "* Co-authored-by: Claude Opus 4.5"),
    ("dash", "- Co-authored-by: Claude Opus 4.5"),
    ("numbered", "1. Co-authored-by: Claude Opus 4.5"),
    ("comment", "# Co-authored-by: Claude Opus 4.5"),
    ("slashes", "// Co-authored-by: Claude Opus 4.5"),
    ("HTML comment", "<!-- Co-authored-by: Claude Opus 4.5 -->"),
    ("emoji", "🤖 Co-authored-by: Claude Opus 4.5"),
    ("end of a line", "Fix the parser. Co-authored-by: Claude Opus 4.5"),
    ("after another trailer", "Change-Id: I1 Co-authored-by: Claude Opus 4.5"),
    ("folded value", "Co-authored-by:\n Claude Opus 4.5"),
    ("folded with a tab", "Co-authored-by:\n\tClaude\n\tOpus 4.5"),
    ("folded key", "Co-authored-\n by: Claude Opus 4.5"),
    ("value on the next line", "Co-authored-by:\nClaude Opus 4.5"),
    ("developed", "Co-developed-by: Claude Opus 4.5"),
    ("misspelt", "Co-auhtored-by: Claude Opus 4.5"),
    ("a key of one's own", "Conjured-by: Claude Opus 4.5"),
    ("JSON", "{\"trailer\":\n\"Co-authored-by: Claude Opus 4.5\"}"),
];

/// The same where the value is what is disguised.
const VALUES: &[(&str, &str)] = &[
    ("address", "Co-authored-by: Claude <noreply@anthropic.com>"),
    ("case of the address", "Co-authored-by: Claude <NoReply@Anthropic.COM>"),
    ("no brackets", "Co-authored-by: Claude noreply@anthropic.com"),
    ("no name", "Co-authored-by: <noreply@anthropic.com>"),
    ("another name", "Co-authored-by: Grace Hopper <noreply@anthropic.com>"),
    ("blanks in brackets", "Co-authored-by: Claude < noreply@anthropic.com >"),
    ("blanks round the at sign", "Co-authored-by: Claude <noreply @ anthropic.com>"),
    ("folded address", "Co-authored-by: Claude\n  <noreply@anthropic.com>"),
    ("torn address", "Co-authored-by: Someone <noreply@\n anthropic.com>"),
    ("zero-width in the address", "Co-authored-by: Me <nore\u{200b}ply@anthropic.com>"),
    ("Cyrillic in the address", "Co-authored-by: Me <norерly@аnthropic.com>"),
    ("full-width at sign", "Co-authored-by: Me <noreply＠anthropic．com>"),
    ("HTML entities", "Co-authored-by: Me &lt;noreply&#64;anthropic.com&gt;"),
    ("percent", "Co-authored-by: Me <noreply%40anthropic.com>"),
    ("JSON escapes", "Co-authored-by: Me \\u003cnoreply@anthropic.com\\u003e"),
    ("Markdown link", "Co-authored-by: [Me](mailto:noreply@anthropic.com)"),
    ("spelled out", "Co-authored-by: Me <noreply (at) anthropic (dot) com>"),
    ("words for signs", "Co-authored-by: Me noreply at anthropic dot com"),
    ("plus address", "Co-authored-by: Me <noreply+x@anthropic.com>"),
    ("final dot", "Co-authored-by: Me <noreply@anthropic.com.>"),
    ("quotes", "Co-authored-by: \"Claude\" <\"noreply\"@anthropic.com>"),
    ("zero-width in the name", "Co-authored-by: Cl\u{200b}aude"),
    ("Cyrillic in the name", "Co-authored-by: Сlаudе"),
    ("one for l", "Co-authored-by: C1aude Code"),
    ("name alone", "Co-authored-by: Claude"),
    ("name and an empty address", "Co-authored-by: Claude <>"),
    ("name and a mailbox that nobody reads", "Co-authored-by: Claude <noreply@corp.example.io>"),
    ("tool by name", "Co-authored-by: Claude Code <jane@corp.example.io>"),
    ("model", "Co-authored-by: Claude Sonnet 5 (1M context) <jane@corp.example.io>"),
    ("model without its vendor", "Co-authored-by: Opus 4.6"),
    ("model id", "Co-authored-by: claude-opus-4-5-20251101"),
    ("no-break blank", "Co-authored-by: Claude\u{a0}Code"),
    ("another key", "Pair-programmed-with: Claude <noreply@anthropic.com>"),
    ("a key that nobody knows", "Midwife: Claude <noreply@anthropic.com>"),
    ("no key", "Claude <noreply@anthropic.com>"),
    ("prose with the address", "With help from Claude <noreply@anthropic.com>"),
    ("sign-off by name", "Signed-off-by: Claude Code <jane@corp.example.io>"),
    ("sign-off", "Signed-off-by: Claude <noreply@anthropic.com>"),
    ("bot login", "Co-authored-by: x <1234+claude[bot]@users.noreply.github.com>"),
    ("bot name", "Co-authored-by: copilot-swe-agent[bot] <x@corp.example.io>"),
    ("two on a line", "Co-authored-by: Me <m@x.io>, Claude <noreply@anthropic.com>"),
];

/// Where it stands in the message. `@` is the trailer.
const PLACES: &[(&str, &str)] = &[
    ("last paragraph", "Fix it\n\n@\n"),
    ("no final line feed", "Fix it\n\n@"),
    ("subject", "@"),
    ("second line", "Fix it\n@\n"),
    ("middle paragraph", "Fix it\n\n@\n\nMore prose.\n"),
    ("mixed paragraph", "Fix it\n\nSome prose here\n@\nand more prose.\n"),
    ("below a divider", "Fix it\n\nProse.\n---\n@\n"),
    ("below scissors", "Fix it\n\n# ------------------------ >8 ------------------------\n@\n"),
    ("before comments", "Fix it\n\n@\n# a comment\n"),
    ("after an empty key", "Fix it\n\nReviewed-by: Jane Doe\nX:\n@\n"),
    ("before conflicts", "Fix it\n\n@\n\nConflicts:\n\tsrc/a.rs\n"),
    ("carriage returns and line feeds", "Fix it\r\n\r\n@\r\n"),
    ("carriage returns", "Fix it\r\r@\r"),
    ("vertical tab", "Fix it\u{b}@"),
    ("form feed", "Fix it\u{c}@"),
    ("next line", "Fix it\u{85}@"),
    ("line separator", "Fix it\u{2028}@\u{2028}"),
    ("paragraph separator", "Fix it\u{2029}@"),
    ("zero byte", "Fix it\0@"),
    ("written-out line feeds", "Fix it\\n\\n@\\nmore"),
    ("written-out CRLF", "Fix it\\r\\n\\r\\n@"),
    ("HTML line break", "Fix it<br>@"),
    ("entity line break", "Fix it&#10;@"),
    ("leading blank lines", "\n\n\n@"),
    ("many blank lines", "Fix it\n\n@\n\n\n\n   \n"),
];

fn finds(message: &[u8]) -> bool {
    Detector::builtin().unwrap().commit(&commit(message)).is_ai_assisted()
}

#[test]
fn the_key_itself_is_recognised() {
    let detector = Detector::builtin().unwrap();
    let mut hidden = Vec::new();
    for (how, line) in KEYS.iter().filter(|(how, _)| *how != "a key of one's own") {
        let found = detector.commit(&commit(format!("Fix it\n\nProse.\n\n{line}\n")));
        let by_key = |e: &Evidence| e.marker == "claude" && e.kind == MarkerKind::TrailerIdentity;
        if !found.evidence.iter().any(|e| by_key(e) && e.strength == Strength::Assistance) {
            hidden.push(format!("{how}: {line}"));
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

/// The same trailers, spelled as oddly, with a person in them.
#[test]
fn each_spelling_has_an_innocent_twin() {
    let detector = Detector::builtin().unwrap();
    let mut accused = Vec::new();
    let mut twins = 0;
    for (how, line) in KEYS {
        for tool in ["Claude Opus 4.5", "CLAUDE OPUS 4.5", "claude opus 4.5"] {
            for person in ["Claude Monet <claude@giverny.example.fr>", "Jane Doe", "Devin Jones"] {
                let twin = line.replace(tool, person);
                if twin == *line {
                    continue;
                }
                twins += 1;
                let message = format!("Fix the parser\n\nSome prose.\n\n{twin}\n");
                if detector.commit(&commit(message)).is_ai_assisted() {
                    accused.push(format!("{how}: {twin}"));
                }
            }
        }
    }
    assert!(twins > 3 * 50, "only {twins} twins");
    assert!(accused.is_empty(), "{}", accused.join("\n"));
}

#[test]
fn no_spelling_of_a_trailer_hides_it() {
    let mut hidden = Vec::new();
    for (how, line) in KEYS.iter().chain(VALUES) {
        if !finds(format!("Fix the parser\n\nSome prose.\n\n{line}\n").as_bytes()) {
            hidden.push(format!("{how}: {line}"));
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

#[test]
fn no_place_of_a_trailer_hides_it() {
    let mut hidden = Vec::new();
    let lines = ["Co-authored-by: Claude Opus 4.5", "Assisted-by: Claude", "AI-Assisted: yes"];
    for (how, message) in PLACES {
        for line in lines {
            if !finds(message.replace('@', line).as_bytes()) {
                hidden.push(format!("{how}: {line}"));
            }
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

#[test]
fn every_spelling_is_seen_in_every_place() {
    let detector = Detector::builtin().unwrap();
    let mut hidden = Vec::new();
    for (where_, message) in PLACES {
        for (how, line) in KEYS.iter().chain(VALUES).filter(|(_, line)| !line.contains('\n')) {
            let message = message.replacen('@', line, 1);
            if !detector.commit(&commit(message)).is_ai_assisted() {
                hidden.push(format!("{where_}, {how}"));
            }
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

fn wide(encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    let text = "Fix it\n\nＡｓｓｉｓｔｅｄ-ｂｙ: Claude Opus 4.5\n";
    let (bytes, _, is_lossy) = encoding.encode(text);
    assert!(!is_lossy, "{encoding:?}");
    bytes.into_owned()
}

#[test]
fn encodings_are_undone() {
    let text = "Fix it\n\nСо-аuthоred-by: Claude Opus 4.5\n";
    let utf16 =
        |order: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(order).collect() };
    let cyrillic = |map: &dyn Fn(char) -> u8| -> Vec<u8> {
        text.chars().map(|c| u8::try_from(c).unwrap_or_else(|_| map(c))).collect()
    };
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-16LE", utf16(u16::to_le_bytes)),
        ("UTF-16", utf16(u16::to_be_bytes)),
        ("utf-16", [b"\xff\xfe".to_vec(), utf16(u16::to_le_bytes), b"\n".to_vec()].concat()),
        ("windows-1251", cyrillic(&|c| u8::try_from(u32::from(c) - 0x350).unwrap())),
        ("ISO-8859-5", cyrillic(&|c| u8::try_from(u32::from(c) - 0x360).unwrap())),
        (
            "KOI8-R",
            cyrillic(&|c| match c {
                'С' => 0xf3,
                'а' => 0xc1,
                _ => 0xcf,
            }),
        ),
        ("ISO-8859-1", b"Fix it\n\nC\xf6-auth\xf6red-by: Claude Opus 4.5\n".to_vec()),
        // Full-width letters of the multi-byte ones.
        ("Shift_JIS", wide(encoding_rs::SHIFT_JIS)),
        ("EUC-JP", wide(encoding_rs::EUC_JP)),
        ("ISO-2022-JP", wide(encoding_rs::ISO_2022_JP)),
        ("GBK", wide(encoding_rs::GBK)),
        ("EUC-KR", wide(encoding_rs::EUC_KR)),
        ("Big5", wide(encoding_rs::BIG5)),
        ("cp932", wide(encoding_rs::SHIFT_JIS)),
        ("ujis", wide(encoding_rs::EUC_JP)),
        ("EUC-CN", wide(encoding_rs::GBK)),
        ("cp949", wide(encoding_rs::EUC_KR)),
        ("CP950", wide(encoding_rs::BIG5)),
        // A Greek alpha, and Cyrillic letters.
        ("cp437", b"Fix it\n\nCo-\xe0uthored-by: Claude Opus 4.5\n".to_vec()),
        ("cp737", b"Fix it\n\nC\xa6-\x98uthored-by: Claude Opus 4.5\n".to_vec()),
        ("csIBM855", b"Fix it\n\nC\xd6-\xa0uth\xd6red-by: Claude Opus 4.5\n".to_vec()),
    ];
    for (encoding, message) in rows {
        let mut commit = commit(message);
        commit.encoding = Some(encoding.into());
        let found = Detector::builtin().unwrap().commit(&commit);
        assert!(found.is_ai_assisted(), "{encoding}");
        assert!(found.evidence.iter().all(|e| e.marker != "unreadable-message"), "{encoding}");
    }
}

#[test]
fn zero_bytes_hide_nothing() {
    let text = "Fix it\n\nCo-authored-by: Me <noreply@anthropic.com>\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(finds(&utf16), "UTF-16 that claims nothing");
    assert!(finds(&text.replace("author", "auth\0or").replace("nore", "no\0re").into_bytes()));
}

#[test]
fn a_message_that_is_not_in_its_encoding_is_evidence_of_its_own() {
    let rows: &[(&str, &[u8], bool)] = &[
        ("UTF-8", "Größe".as_bytes(), false),
        ("latin1", b"Gr\xf6\xdfe", false),
        ("ISO-8859-15", b"Gr\xf6\xdfe", false),
        ("UTF-8", b"Gr\xf6\xdfe", true),
        ("UTF-16", b"odd", true),
        ("UTF-16LE", b"\x00\xd8\x00\xd8", true),
        ("GBK", b"plain", false),
        ("GBK", b"\xff\xff", true),
        ("Shift_JIS", b"\x93\xfa\x96\x7b", false),
        ("Shift_JIS", b"\x93", true),
        ("ISO-2022-JP", b"\x1b$BF|K\\\x1b(B", false),
        ("ISO-2022-KR", b"plain", true),
        ("UTF-7", b"+AEM-o-authored-by: Claude", true),
        ("x-unheard-of", b"plain", true),
        // Git takes the names of the C library for these.
        ("cp932", b"\x93\xfa\x96\x7b", false),
        ("eucJP", b"\xc6\xfc\xcb\xdc", false),
        ("EUCKR", b"\xc7\xd1", false),
        ("EUCCN", b"\xd6\xd0", false),
        ("cp936", b"\xd6\xd0", false),
        ("UHC", b"\x81\x41", false),
        ("CP949", b"\xc7\xd1", false),
        ("cp950", b"\xa4\xa4", false),
        ("BIG5-HKSCS", b"\xa4\xa4", false),
        ("cp437", b"\x82", false),
        ("IBM850", b"\x82", false),
        ("857", b"\x82", false),
        ("8859_1", b"Gr\xf6\xdfe", false),
        ("CP857", b"\xd5\xe7", true),
        // Of these ASCII alone is known.
        ("EUC-TW", b"plain", false),
        ("EUC-TW", b"\xc4\xe3", true),
        ("EUC-TW", b"\x1b$)G plain", true),
        ("VISCII", b"plain\r\n\tx", false),
        // And of these not even that.
        ("HZ", b"plain", true),
        ("IMAP-UTF-7", b"plain", true),
        ("IBM037", b"plain", true),
        ("UTF-32", b"plain", true),
        ("ISO-2022-CN", b"plain", true),
        ("", b"plain", true),
    ];
    for (encoding, message, unreadable) in rows {
        let mut commit = commit(*message);
        commit.encoding = Some(encoding.as_bytes().to_vec());
        let found = Detector::builtin().unwrap().commit(&commit);
        let told = found.evidence.iter().find(|e| e.kind == MarkerKind::Unreadable);
        assert_eq!(told.is_some(), *unreadable, "{encoding}");
        assert!(told.is_none_or(|e| e.place == Place::Message && e.strength.counts()));
    }
    // Nothing is claimed, so nothing is broken: old history holds such bytes.
    assert!(!finds(b"Gr\xf6\xdfe"));
}
