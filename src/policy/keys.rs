//! A person's public keys: parsed, and refused where they could not verify a signature or
//! are too weak to trust one.

use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use crate::diagnostics::read::{Fields, Span, Text, Value, text, wrong_type};
use crate::diagnostics::{Finding, Report, quoted};
use crate::domain::policy::Key;

/// Keys of one person.
pub(super) const MAX_KEYS: usize = 100;

/// Bytes of a key's line; one of RSA with 8192 bits and a comment has below 2 KiB.
const MAX_LINE: usize = 8 << 10;

/// Bits of an RSA modulus: below it is too weak, above it no signature is verified.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const KEYS: [&str; 4] = ["key", "valid_after", "valid_before", "revoked"];

/// A key, as a string or as a table, and where its text stands.
pub(super) fn read<'a>(report: &mut Report, value: &'a Value<'a>) -> Option<(Key, Span)> {
    if let Some(line) = text(value) {
        let public = public_key(report, &line)?;
        let key = Key { public, valid_after: None, valid_before: None, revoked: false };
        return Some((key, line.span));
    }
    if !value.get_ref().is_table() {
        let help =
            "write \"ssh-ed25519 AAAA...\" or { key = \"ssh-ed25519 AAAA...\", revoked = true }";
        wrong_type(report, "a key", value, "a string or a table", help);
        return None;
    }
    let fields = Fields::of(report, "a key", value, &KEYS)?;
    fields.require(report, "key", "the key's table", "write { key = \"ssh-ed25519 AAAA...\" }");
    let after = fields.time(report, "valid_after");
    let before = fields.time(report, "valid_before");
    if let (Some((after, after_span)), Some((before, before_span))) = (&after, &before)
        && after >= before
    {
        let message = "the key's time ends before it begins";
        let finding = Finding::error("empty-validity", before_span, message);
        let finding = finding.related(after_span, "begins here");
        report.add(finding.help("valid_before is the end, and is later than valid_after"));
    }
    let revoked = fields.flag(report, "revoked");
    let line = fields.text(report, "key")?;
    let public = public_key(report, &line)?;
    // What is there and could not be read must not make a key better than it was meant.
    let lost = |key: &str, read: bool| fields.value(key).is_some() && !read;
    if lost("valid_after", after.is_some())
        || lost("valid_before", before.is_some())
        || lost("revoked", revoked.is_some())
    {
        return None;
    }
    let (valid_after, valid_before) = (after.map(|a| a.0), before.map(|b| b.0));
    Some((Key { public, valid_after, valid_before, revoked: revoked.unwrap_or(false) }, line.span))
}

/// `type base64` of a key that can verify signatures.
fn public_key(report: &mut Report, line: &Text<'_>) -> Option<String> {
    parsed(line.text)
        .map_err(|refused| {
            let finding = Finding::error(refused.code, &line.span, refused.message);
            report.add(finding.help(refused.help));
        })
        .ok()
}

struct Refused {
    code: &'static str,
    message: String,
    help: &'static str,
}

fn refused(code: &'static str, message: impl Into<String>, help: &'static str) -> Refused {
    Refused { code, message: message.into(), help }
}

const ONE_LINE: &str = "write the one line of the .pub file: \"ssh-ed25519 AAAA...\"";

fn parsed(line: &str) -> Result<String, Refused> {
    let line = line.trim();
    let kind = line.split_ascii_whitespace().next().unwrap_or_default();
    if line.len() > MAX_LINE {
        return Err(refused("bad-key", "this key is longer than 8192 bytes", ONE_LINE));
    }
    if kind.contains("-cert-v0") {
        let help = "give the key itself, the .pub file without \"-cert\" in its name";
        return Err(refused("unsupported-key", "certificates are not supported", help));
    }
    let key = PublicKey::from_openssh(line).map_err(|_| not_a_key(line, kind))?;
    let data = key.key_data();
    match data {
        KeyData::Ed25519(_)
        | KeyData::Ecdsa(_)
        | KeyData::SkEd25519(_)
        | KeyData::SkEcdsaSha2NistP256(_) => {}
        KeyData::Rsa(rsa) => check_rsa(rsa)?,
        _ => return Err(unsupported(kind)),
    }
    PublicKey::new(data.clone(), "")
        .to_openssh()
        .map(|text| text.trim_end().to_owned())
        .map_err(|_| not_a_key(line, kind))
}

fn unsupported(kind: &str) -> Refused {
    let help = "use ssh-ed25519, ecdsa-sha2-nistp*, ssh-rsa with 2048 bits or more, or their sk- \
                kinds: ssh-keygen -t ed25519";
    refused("unsupported-key", format!("keys of type {} are not supported", quoted(kind)), help)
}

/// What the text is instead, if that can be told. The text itself is not repeated.
fn not_a_key(line: &str, kind: &str) -> Refused {
    let known = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp", "sk-ssh-", "sk-ecdsa-"];
    if kind == "ssh-dss" {
        return unsupported(kind);
    }
    if line.contains('\n') {
        return refused("bad-key", "this key has more than one line", ONE_LINE);
    }
    if line.starts_with('/') || line.starts_with('~') || kind.ends_with(".pub") {
        let help = "write what is in the file, not its name: \"ssh-ed25519 AAAA...\"";
        return refused("bad-key", "this is a file's name, not a key", help);
    }
    if known.iter().any(|k| kind.starts_with(k)) {
        let help = "copy the line from the .pub file again, whole: it is cut or changed";
        return refused("bad-key", "this public key can't be decoded", help);
    }
    if line.split_ascii_whitespace().skip(1).any(|word| known.iter().any(|k| word.starts_with(k))) {
        let help = "leave out what stands before the key's type: \"ssh-ed25519 AAAA...\"";
        return refused("bad-key", "options are not taken here", help);
    }
    refused("bad-key", "this is no OpenSSH public key", ONE_LINE)
}

fn check_rsa(rsa: &ssh_key::public::RsaPublicKey) -> Result<(), Refused> {
    let modulus = rsa.n.as_positive_bytes().unwrap_or_default();
    let exponent = rsa.e.as_positive_bytes().unwrap_or_default();
    let is_odd = |number: &[u8]| number.last().is_some_and(|b| b & 1 == 1);
    let bits = bit_length(modulus);
    if bits < *RSA_BITS.start() {
        let message = format!("this RSA key has {bits} bits, too few");
        let help = "use 2048 bits or more, better 3072, or ssh-keygen -t ed25519";
        return Err(refused("weak-key", message, help));
    }
    if bits > *RSA_BITS.end() {
        let message = format!("this RSA key has {bits} bits, more than can be verified");
        let help = "use 2048 to 8192 bits, or ssh-keygen -t ed25519";
        return Err(refused("unsupported-key", message, help));
    }
    // Odd and from 3 to 33 bits is what the verifying library takes.
    let fits = (2..=33).contains(&bit_length(exponent));
    if !is_odd(modulus) || !is_odd(exponent) || !fits {
        let help = "make another key: ssh-keygen -t ed25519";
        return Err(refused("weak-key", "this RSA key's numbers are unsound", help));
    }
    Ok(())
}

fn bit_length(number: &[u8]) -> usize {
    let first = number.iter().position(|b| *b != 0).unwrap_or(number.len());
    let rest = number.get(first..).unwrap_or_default();
    let top = rest.first().map_or(0, |b| b.leading_zeros());
    (rest.len() * 8).saturating_sub(usize::try_from(top).unwrap_or(0))
}
