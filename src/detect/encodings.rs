//! Undoes the character encoding that a commit says its message is in. Names and tables that
//! the web does not know are in `codepages`.

use super::codepages;

/// What can be read all the same of a message that is not in the encoding it claims.
pub(super) struct Unreadable(pub(super) Vec<String>);

/// Undoes the encoding that git's header names, UTF-16 in either byte order.
///
/// The single-byte families below all hold ASCII at its place, and their other bytes
/// are letters that no marker needs: reading them as Latin-1 misses nothing. Cyrillic
/// ones hold look-alikes, so these are mapped, as do the code pages of DOS. Multi-byte ones
/// (GBK, Shift JIS, ...) hold full-width letters: those that the web knows (WHATWG) are read.
pub(super) fn decode(bytes: &[u8], written: &[u8]) -> Result<Vec<String>, Unreadable> {
    let label: String =
        written.iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| char::from(*b)).collect();
    let mut label = label.to_ascii_lowercase();
    if label.starts_with("8859") {
        label.insert_str(0, "iso");
    }
    let single = |map: fn(u8) -> char| Ok(vec![bytes.iter().map(|b| map(*b)).collect()]);
    match label.as_str() {
        "utf8" | "ascii" | "usascii" | "ansix341968" => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(vec![text.to_owned()]),
            Err(_) => Err(Unreadable(Vec::new())),
        },
        "utf16" | "ucs2" => utf16(bytes, [true, true]),
        "utf16le" | "ucs2le" => utf16(bytes, [true, false]),
        "utf16be" | "ucs2be" => utf16(bytes, [false, true]),
        "windows1251" | "cp1251" => single(cp1251),
        "iso88595" => single(|b| match b {
            0xa1..=0xac | 0xae..=0xff => char::from_u32(0x360 + u32::from(b)).unwrap_or('?'),
            other => char::from(other),
        }),
        "koi8r" | "koi8u" => single(koi8),
        other if is_latin(other) => single(char::from),
        other => match (codepages::on_the_web(other), codepages::dos_page(other)) {
            (Some(name), _) => web(bytes, name.as_bytes()),
            (None, Some(page)) => checked(bytes.iter().map(|b| page(*b)).collect()),
            (None, None) if codepages::holds_ascii(other) => ascii(bytes),
            (None, None) => web(bytes, written),
        },
    }
}

fn checked(text: String) -> Result<Vec<String>, Unreadable> {
    let is_damaged = text.contains(char::REPLACEMENT_CHARACTER);
    if is_damaged { Err(Unreadable(vec![text])) } else { Ok(vec![text]) }
}

/// Text without anything that could switch an encoding to other letters.
fn ascii(bytes: &[u8]) -> Result<Vec<String>, Unreadable> {
    let plain = |b: &u8| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    // What it holds is what the raw bytes say.
    if bytes.iter().all(plain) { Ok(Vec::new()) } else { Err(Unreadable(Vec::new())) }
}

fn web(bytes: &[u8], label: &[u8]) -> Result<Vec<String>, Unreadable> {
    let encoding = encoding_rs::Encoding::for_label(label).ok_or(Unreadable(Vec::new()))?;
    let (text, is_damaged) = encoding.decode_without_bom_handling(bytes);
    let texts = vec![text.into_owned()];
    if is_damaged { Err(Unreadable(texts)) } else { Ok(texts) }
}

fn is_latin(label: &str) -> bool {
    let part = |prefix| label.strip_prefix(prefix).and_then(|n: &str| n.parse::<u16>().ok());
    part("latin").is_some_and(|n| matches!(n, 1..=10))
        || part("l").is_some_and(|n| n == 1)
        || part("iso8859").is_some_and(|n| matches!(n, 1..=4 | 9 | 10 | 13..=16))
        || part("windows")
            .or_else(|| part("cp"))
            .is_some_and(|n| matches!(n, 1250 | 1252 | 1254 | 1257))
}

fn cp1251(byte: u8) -> char {
    match byte {
        0xc0..=0xff => char::from_u32(0x350 + u32::from(byte)).unwrap_or('?'),
        0xa3 => 'Ј',
        0xaa => 'Є',
        0xaf => 'Ї',
        0xb2 => 'І',
        0xb3 => 'і',
        0xbc => 'ј',
        0xbd => 'Ѕ',
        0xbe => 'ѕ',
        0xbf => 'ї',
        0xa8 => 'Ё',
        0xb8 => 'ё',
        other => char::from(other),
    }
}

fn koi8(byte: u8) -> char {
    const LOWER: [char; 32] = [
        'ю', 'а', 'б', 'ц', 'д', 'е', 'ф', 'г', 'х', 'и', 'й', 'к', 'л', 'м', 'н', 'о', 'п', 'я',
        'р', 'с', 'т', 'у', 'ж', 'в', 'ь', 'ы', 'з', 'ш', 'э', 'щ', 'ч', 'ъ',
    ];
    let letter = |offset: u8| LOWER.get(usize::from(offset)).copied().unwrap_or('?');
    match byte {
        0xa3 => 'ё',
        0xb3 => 'Ё',
        0xa6 => 'і',
        0xb6 => 'І',
        0xc0..=0xdf => letter(byte - 0xc0),
        // The Cyrillic capital stands 32 code points before its small letter.
        0xe0..=0xff => {
            char::from_u32(u32::from(letter(byte - 0xe0)).saturating_sub(32)).unwrap_or('?')
        }
        other => char::from(other),
    }
}

/// Read in both byte orders, whichever is claimed (`orders`: little, big endian); a final
/// line feed of one byte, as tools append it, is let through.
fn utf16(bytes: &[u8], orders: [bool; 2]) -> Result<Vec<String>, Unreadable> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let read = |order: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = pairs.iter().map(|pair| order(*pair)).collect();
        let sound = String::from_utf16(&units).is_ok();
        (sound, String::from_utf16_lossy(&units))
    };
    let (little, big) = (read(u16::from_le_bytes), read(u16::from_be_bytes));
    let [may_little, may_big] = orders;
    let sound = (little.0 && may_little) || (big.0 && may_big);
    let texts = vec![little.1, big.1];
    if sound && (rest.is_empty() || rest == b"\n") { Ok(texts) } else { Err(Unreadable(texts)) }
}
