//! One signature, one file: every other spelling of it is refused.

use super::fixtures::*;
use crate::domain::limits::SIGNATURE_BYTES;
use crate::domain::statement::Signed;
use crate::signature::sshsig::{self, armour};
use crate::signature::{NAMESPACE, VerifyError, normalise, verify};

#[test]
fn no_changed_byte_of_a_signature_file_counts() {
    let (_ring, public, signed) = signed_by_ed25519();
    let policy = policy_of("ghopper", &[&public]);
    assert!(verify(&signed, &policy).is_ok());
    let refused = |signature: &[u8], what: &str| {
        let changed = Signed { signature: signature.to_vec(), ..signed.clone() };
        assert!(verify(&changed, &policy).is_err(), "{what}");
    };
    for at in 0..signed.signature.len() {
        refused(&signed.signature[..at], &format!("cut at {at}"));
        for bit in 0..8 {
            let mut file = signed.signature.clone();
            file[at] ^= 1 << bit;
            refused(&file, &format!("bit {bit} of byte {at}"));
        }
    }
    let raw = blob(&sshsig::read(&signed.signature).unwrap());
    for at in 0..raw.len() {
        refused(&armour(&raw[..at]), &format!("blob cut at {at}"));
        for change in [1, 0x20, 0x80, 0xff] {
            let mut raw = raw.clone();
            raw[at] ^= change;
            refused(&armour(&raw), &format!("blob byte {at} by {change}"));
        }
    }
    let mut noise = Noise(0xa11ce);
    for _ in 0..3_000 {
        for file in [noise.damage(&signed.signature), armour(&noise.damage(&raw))] {
            if file != signed.signature {
                refused(&file, &String::from_utf8_lossy(&file));
            }
        }
    }
}

/// Each would be a second file, with a hash of its own, for the same signature.
#[test]
fn a_signature_has_one_form() {
    let (_ring, public, signed) = signed_by_ed25519();
    let policy = policy_of("ghopper", &[&public]);
    let text = String::from_utf8(signed.signature.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let body = lines[1..lines.len() - 1].concat();
    let wrapped = |columns: usize| {
        let body: Vec<&str> =
            body.as_bytes().chunks(columns).map(|c| std::str::from_utf8(c).unwrap()).collect();
        format!("{}\n{}\n{}\n", lines[0], body.join("\n"), lines[lines.len() - 1])
    };
    assert_eq!(wrapped(70), text);
    let same_blob = [
        text.trim_end().to_owned(),
        format!("{text}\n"),
        format!(" {text}"),
        format!("\n{text}"),
        text.replace('\n', "\r\n"),
        text.replacen('\n', "\n\n", 1),
        text.replacen('\n', " \n", 1),
        wrapped(64),
        wrapped(76),
        wrapped(10_000),
    ];
    for file in same_blob {
        let moved = Signed { signature: file.clone().into_bytes(), ..signed.clone() };
        let error = verify(&moved, &policy).unwrap_err();
        assert!(matches!(error, VerifyError::NotASignature(why) if why.contains("form")), "{file}");
        assert_eq!(normalise(file.as_bytes()), Ok(signed.signature.clone()), "{file}");
    }
    let no_block = [
        String::new(),
        "\n".to_owned(),
        format!("hello\n{text}"),
        format!("{text}hello\n"),
        format!("{text}{text}"),
        format!("\u{feff}{text}"),
        text.replace("SSH SIGNATURE", "PGP SIGNATURE"),
        text.replace("-----BEGIN", "----BEGIN"),
        text.replace("=", ""),
        text.replacen('\n', "\nComment: hi\n\n", 1),
        format!("{}\n{}\n", lines[0], lines[lines.len() - 1]),
        lines[0].to_owned(),
        lines[0].replace("BEGIN", "END"),
        text.replace(&body[..4], "\u{ff21}AAA"),
    ];
    for file in no_block {
        let moved = Signed { signature: file.clone().into_bytes(), ..signed.clone() };
        let error = verify(&moved, &policy).unwrap_err();
        assert!(matches!(error, VerifyError::NotASignature(_)), "{file}: {error}");
    }
    let signature = vec![b'\n'; 20_000];
    let too_large = Err(VerifyError::TooLarge { bytes: 20_000, limit: SIGNATURE_BYTES });
    assert_eq!(verify(&Signed { signature, ..signed }, &policy), too_large);
}

#[test]
fn the_envelope_has_one_form() {
    let (_ring, public, signed) = signed_by_ed25519();
    let policy = policy_of("ghopper", &[&public]);
    let sig = sshsig::read(&signed.signature).unwrap();
    assert_eq!(armour(&blob(&sig)), signed.signature, "the test writes what ssh-keygen writes");
    let inner = [string(&sig.algorithm), string(&sig.signature)].concat();
    let build = |magic: &[u8], fields: [&[u8]; 5], tail: &[u8]| {
        let mut blob = magic.to_vec();
        fields.into_iter().for_each(|field| blob.extend(string(field)));
        blob.extend(tail);
        Signed { signature: armour(&blob), ..signed.clone() }
    };
    const MAGIC: &[u8] = b"SSHSIG\0\0\0\x01";
    let name = NAMESPACE.as_bytes();
    let (key, inner): (&[u8], &[u8]) = (&sig.key, &inner);
    let more = |bytes: &[u8], tail: &[u8]| [bytes, tail].concat();
    assert!(verify(&build(MAGIC, [key, name, b"", b"sha512", inner], b""), &policy).is_ok());
    let rows: [(&str, Signed); 12] = [
        ("version 0", build(b"SSHSIG\0\0\0\0", [key, name, b"", b"sha512", inner], b"")),
        ("version 2", build(b"SSHSIG\0\0\0\x02", [key, name, b"", b"sha512", inner], b"")),
        ("other magic", build(b"SSHSIF\0\0\0\x01", [key, name, b"", b"sha512", inner], b"")),
        ("reserved", build(MAGIC, [key, name, b"x", b"sha512", inner], b"")),
        ("md5", build(MAGIC, [key, name, b"", b"md5", inner], b"")),
        ("sha1", build(MAGIC, [key, name, b"", b"sha1", inner], b"")),
        ("SHA512", build(MAGIC, [key, name, b"", b"SHA512", inner], b"")),
        ("behind it all", build(MAGIC, [key, name, b"", b"sha512", inner], b"\0")),
        (
            "behind the signature",
            build(MAGIC, [key, name, b"", b"sha512", &more(inner, b"\0")], b""),
        ),
        ("a token", build(MAGIC, [key, name, b"", b"sha512", &more(inner, &[1, 0, 0, 0, 9])], b"")),
        ("behind the key", build(MAGIC, [&more(key, b"\0"), name, b"", b"sha512", inner], b"")),
        ("no key", build(MAGIC, [b"", name, b"", b"sha512", inner], b"")),
    ];
    for (what, signed) in rows {
        let error = verify(&signed, &policy).unwrap_err();
        assert!(matches!(error, VerifyError::NotASignature(_)), "{what}: {error}");
    }
    // The other hash, renamed: what is signed names it.
    let renamed = build(MAGIC, [key, name, b"", b"sha256", inner], b"");
    assert_eq!(verify(&renamed, &policy), bad(&public));
    // A length that runs past the field it holds, which ssh-key's own reader lets pass.
    let length = MAGIC.len() + 3;
    let mut raw = blob(&sig);
    raw[length] += 1;
    assert!(verify(&Signed { signature: armour(&raw), ..signed.clone() }, &policy).is_err());
    for length in [u32::MAX, 1 << 31] {
        let raw = [MAGIC, &length.to_be_bytes(), b"x"].concat();
        assert!(verify(&Signed { signature: armour(&raw), ..signed.clone() }, &policy).is_err());
    }
}
