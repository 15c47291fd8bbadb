//! One character as a reader takes it: which ASCII letter it looks like, whether it is
//! seen at all, whether it ends a line.
//!
//! Owns the table of look-alikes, which only serves ASCII markers; it is no Unicode
//! library and must not be used to compare people's names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a character is to somebody who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Ends the line somewhere: terminal, editor, browser.
    Break,
    /// White space.
    Blank,
    /// Is not seen, or only changes its neighbour.
    Invisible,
    /// Looks like this ASCII character.
    Like(u8),
    /// Looks like these two.
    LikeTwo(u8, u8),
    /// Is itself.
    Itself,
}

/// How a character looks. ASCII is itself, controls and blanks aside.
pub(super) fn look(c: char) -> Look {
    match u32::from(c) {
        0x0a..=0x0d | 0x1c..=0x1e | 0x85 | 0x2028 | 0x2029 => Look::Break,
        0x09 | 0x20 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x2800 | 0x3000 => {
            Look::Blank
        }
        0x00..=0x1f | 0x7f..=0x9f => Look::Invisible,
        0x21..=0x7e => Look::Itself,
        code if is_unseen(code) => Look::Invisible,
        code => styled(code)
            .or_else(|| look_alike(c).map(Look::Like))
            .or_else(|| ligature(c))
            .unwrap_or(Look::Itself),
    }
}

/// Zero-width, bidi, fillers, tags, variation selectors, combining marks, private use.
fn is_unseen(code: u32) -> bool {
    matches!(code,
        0xad | 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61c | 0x64b..=0x65f
        | 0x115f | 0x1160 | 0x135d..=0x135f | 0x17b4 | 0x17b5 | 0x180b..=0x180f
        | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x206f | 0x20d0..=0x20ff | 0x3164 | 0xe000..=0xf8ff | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0xfffe | 0xffff
        | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff | 0xf0000..=0x10_ffff)
}

/// The alphabets that Unicode holds again in another style, found by arithmetic.
fn styled(code: u32) -> Option<Look> {
    /// First code point, the ASCII character it stands for, how many follow.
    const AGAIN: [(u32, u8, u32); 9] = [
        (0xff01, b'!', 94),  // full width
        (0x249c, b'a', 26),  // in parentheses
        (0x24b6, b'A', 26),  // circled
        (0x24d0, b'a', 26),  // circled
        (0x1f110, b'A', 26), // in parentheses
        (0x1f130, b'A', 26), // squared
        (0x1f150, b'A', 26), // circled, white on black
        (0x1f170, b'A', 26), // squared, white on black
        (0x1f1e6, b'A', 26), // regional indicators
    ];
    let (ascii, offset) = match code {
        // Mathematical alphabets: thirteen times A-Z a-z, then five times 0-9.
        0x1d400..=0x1d6a3 => match (code - 0x1d400) % 52 {
            upper @ 0..=25 => (b'A', upper),
            lower => (b'a', lower - 26),
        },
        0x1d7ce..=0x1d7ff => (b'0', (code - 0x1d7ce) % 10),
        _ => AGAIN
            .iter()
            .find(|(first, _, count)| (*first..first + count).contains(&code))
            .map(|(first, ascii, _)| (*ascii, code - first))?,
    };
    Some(Look::Like(ascii + u8::try_from(offset).ok()?))
}

fn ligature(c: char) -> Option<Look> {
    Some(match c {
        'ﬁ' => Look::LikeTwo(b'f', b'i'),
        'ﬂ' => Look::LikeTwo(b'f', b'l'),
        'ﬀ' => Look::LikeTwo(b'f', b'f'),
        'ﬆ' | 'ﬅ' => Look::LikeTwo(b's', b't'),
        'æ' => Look::LikeTwo(b'a', b'e'),
        'Æ' => Look::LikeTwo(b'A', b'E'),
        'œ' => Look::LikeTwo(b'o', b'e'),
        'Œ' => Look::LikeTwo(b'O', b'E'),
        'ß' => Look::LikeTwo(b's', b's'),
        'ĳ' => Look::LikeTwo(b'i', b'j'),
        'ǆ' => Look::LikeTwo(b'd', b'z'),
        'ǉ' => Look::LikeTwo(b'l', b'j'),
        'ǌ' => Look::LikeTwo(b'n', b'j'),
        _ => return None,
    })
}

fn look_alike(c: char) -> Option<u8> {
    let found = LOOK_ALIKES.binary_search_by_key(&c, |(other, _)| *other).ok()?;
    LOOK_ALIKES.get(found).map(|(_, ascii)| *ascii)
}

/// In order.
static LOOK_ALIKES: LazyLock<Vec<(char, u8)>> = LazyLock::new(|| {
    let all = SAME.iter().flat_map(|(ascii, others)| others.chars().map(|c| (c, *ascii)));
    all.collect::<BTreeMap<_, _>>().into_iter().collect()
});

/// Latin with marks, small capitals, modifier letters, Cyrillic, Greek, Armenian,
/// Cherokee, Lisu, letter-like symbols and Roman numerals; then punctuation.
const SAME: &[(u8, &str)] = &[
    (b'a', "àáâãäåāăąǎǟǡǻȁȃȧạảấầẩẫậắằẳẵặḁаӑӓɑαάὰᾰᾱᴀᵃₐªæ\u{250}ⱥаǎ∂ａ"),
    (b'A', "ÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦẠẢẤẦẨẪẬẮẰẲẴẶḀАӐӒΑΆᎪᗅꓮÅᴬ"),
    (b'b', "ƀƃɓḃḅḇЬьъвβɃʙᵇƄᏏ"),
    (b'B', "ḂḄḆВΒᏴᗷꓐℬᴮƁ"),
    (b'c', "çćĉċčƈȼḉсϲᴄⅽсᶜ¢ͼ"),
    (b'C', "ÇĆĈĊČƇȻḈСϹᏟꓚⅭℂℭ"),
    (b'd', "ďđɖɗḋḍḏḑḓԁժᴅⅾᵈⅆđ"),
    (b'D', "ĎĐḊḌḎḐḒᎠᗞꓓⅮⅅᴰ"),
    (b'e', "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệеёѐӗєҽεέᴇℯⅇᵉₑɛ℮"),
    (b'E', "ÈÉÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆЕЁЀӖΕΈᎬꓰℰᴱ"),
    (b'f', "ƒḟſϝքᶠ"),
    (b'F', "ḞƑϜᖴꓝℱ"),
    (b'g', "ĝğġģǥǧǵɡḡցɢᵍℊ"),
    (b'G', "ĜĞĠĢǤǦǴḠԌᏀꓖᴳ"),
    (b'h', "ĥħȟḣḥḧḩḫẖһհℎʜнћђʰₕh"),
    (b'H', "ĤĦȞḢḤḦḨḪНΗΉᎻꓧℋℌℍᴴ"),
    (b'i', "ìíîïĩīĭįıǐȉȋḭḯỉịіїɩιίϊΐɪⅰⅈᵢⁱӏ"),
    (b'I', "ÌÍÎÏĨĪĬĮİǏȈȊḬḮỈỊІЇӀΙΊΪꓲⅠℐℑᴵᛁ"),
    (b'j', "ĵǰɉјϳյⅉʲⱼ"),
    (b'J', "ĴɈЈᎫꓙᴶͿ"),
    (b'k', "ķĸƙǩḱḳḵкκᴋᵏₖқ"),
    (b'K', "ĶƘǨḰḲḴКΚᏦꓗKᴷҚ"),
    (b'l', "ĺļľŀłƚɫḷḹḻḽⅼℓʟˡₗլǀ∣"),
    (b'L', "ĹĻĽĿŁȽḶḸḺḼᏞꓡⅬℒᴸ"),
    (b'm', "ḿṁṃмᴍⅿᵐₘ"),
    (b'M', "ḾṀṂМΜᎷꓟⅯℳᴹϺ"),
    (b'n', "ñńņňŉǹɲṅṇṉṋпηήνոռɴⁿₙռ"),
    (b'N', "ÑŃŅŇǸṄṆṈṊΝꓠℕᴺИ"),
    (b'o', "òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợоӧοόσօᴏℴᵒₒº०੦໐𐓪"),
    (b'O', "ÒÓÔÕÖØŌŎŐƠǑǪǬǾȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢОӦΟΌՕꓳᴼ〇"),
    (b'p', "ƥṕṗрρϱᴘᵖₚ"),
    (b'P', "ƤṔṖРΡᏢꓑℙᴾ"),
    (b'q', "ɋԛզգ"),
    (b'Q', "ԚℚႭ"),
    (b'r', "ŕŗřȑȓɍṙṛṝṟгʀᴦʳᵣ"),
    (b'R', "ŔŖŘȐȒɌṘṚṜṞᎡᏒꓣℛℜℝᴿ"),
    (b's', "śŝşšșṡṣṥṧṩѕꜱˢₛʂ"),
    (b'S', "ŚŜŞŠȘṠṢṤṦṨЅՏᏚꓢ"),
    (b't', "ţťŧțṫṭṯṱẗтτᴛᵗₜ"),
    (b'T', "ŢŤŦȚṪṬṮṰТΤᎢꓔᵀ⊤"),
    (b'u', "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữựυύϋսᴜᵘᵤцμ"),
    (b'U', "ÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰՍꓴᵁ∪"),
    (b'v', "ṽṿѵᴠⅴᵛᵥ∨"),
    (b'V', "ṼṾѴᏙꓦⅤⱽ"),
    (b'w', "ŵẁẃẅẇẉẘԝωώաᴡʷшѡ"),
    (b'W', "ŴẀẂẄẆẈԜᎳꓪᵂШ"),
    (b'x', "ẋẍхχⅹˣₓ×"),
    (b'X', "ẊẌХΧꓫⅩ"),
    (b'y', "ýÿŷƴȳẏẙỳỵỷỹуӯӱӳүγʏʸў"),
    (b'Y', "ÝŶŸƳȲẎỲỴỶỸУҮΥΎΫᎩꓬ"),
    (b'z', "źżžƶẑẓẕᴢᶻʐ"),
    (b'Z', "ŹŻŽƵẐẒẔΖᏃꓜℤℨ"),
    (b'0', "⁰₀"),
    (b'1', "¹₁"),
    (b'2', "²₂"),
    (b'3', "³₃"),
    (b'4', "⁴₄"),
    (b'5', "⁵₅"),
    (b'6', "⁶₆"),
    (b'7', "⁷₇"),
    (b'8', "⁸₈"),
    (b'9', "⁹₉"),
    (b'-', "‐‑‒–—―−⁃﹘﹣ー᠆⸺⸻╴─"),
    (b':', "∶ː˸։׃܃܄᛬꞉⁚﹕︓︰᠄᠃ᐧ⦂፡⁝ःઃ"),
    (b'@', "﹫"),
    (b'.', "․。｡﹒·"),
    (b'<', "‹〈⟨﹤≺❮〈＜«"),
    (b'>', "›〉⟩﹥≻❯〉＞»"),
    (b'_', "‿﹍﹎﹏"),
    (b'/', "⁄∕⧸"),
    (b'\'', "’‘ʼ′"),
    (b'"', "“”„″"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_look_like_what_a_reader_takes_them_for() {
        let rows = [
            ('a', Look::Itself),
            (':', Look::Itself),
            ('а', Look::Like(b'a')),
            ('С', Look::Like(b'C')),
            ('ο', Look::Like(b'o')),
            ('Ｃ', Look::Like(b'C')),
            ('：', Look::Like(b':')),
            ('𝐂', Look::Like(b'C')),
            ('𝒸', Look::Like(b'c')),
            ('𝟘', Look::Like(b'0')),
            ('ⓒ', Look::Like(b'c')),
            ('🅲', Look::Like(b'C')),
            ('ﬁ', Look::LikeTwo(b'f', b'i')),
            ('\u{200b}', Look::Invisible),
            ('\u{ad}', Look::Invisible),
            ('\u{301}', Look::Invisible),
            ('\u{8}', Look::Invisible),
            ('\u{a0}', Look::Blank),
            ('\t', Look::Blank),
            ('\u{2028}', Look::Break),
            ('\u{85}', Look::Break),
            ('\u{b}', Look::Break),
            ('日', Look::Itself),
            ('🤖', Look::Itself),
        ];
        for (c, expected) in rows {
            assert_eq!(look(c), expected, "{c:?}");
        }
    }
}
