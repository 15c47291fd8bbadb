//! Newtypes for every id that crosses a function.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::escape::escape;

/// Which hash a repository names its objects by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectFormat {
    /// 20 bytes, 40 hex digits.
    Sha1,
    /// 32 bytes, 64 hex digits.
    Sha256,
}

impl ObjectFormat {
    /// Length of a raw object id in bytes.
    #[must_use]
    pub fn raw_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Git's own name of the format (`git rev-parse --show-object-format`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

/// A git object's id, SHA-1 or SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    format: ObjectFormat,
    bytes: [u8; 32],
}

impl ObjectId {
    /// From 20 or 32 raw bytes; `None` for any other length.
    #[must_use]
    pub fn from_raw(raw: &[u8]) -> Option<Self> {
        let format = match raw.len() {
            20 => ObjectFormat::Sha1,
            32 => ObjectFormat::Sha256,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(raw).for_each(|(to, from)| *to = *from);
        Some(Self { format, bytes })
    }

    /// From exactly 40 or 64 lower-case hex digits, as git writes them.
    #[must_use]
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        Self::from_raw(&unhex(hex)?)
    }

    /// The all-zero id, git's word for "no object".
    #[must_use]
    pub fn zero(format: ObjectFormat) -> Self {
        Self { format, bytes: [0; 32] }
    }

    /// Whether this is the all-zero id.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.bytes == [0; 32]
    }

    /// Which hash made it.
    #[must_use]
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// 20 or 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.format.raw_len()).unwrap_or(&self.bytes)
    }

    /// The first 8 hex digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.as_bytes())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::from_hex(text.as_bytes())
            .ok_or_else(|| serde::de::Error::custom("not an object id of 40 or 64 hex digits"))
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

/// Lower-case hex to bytes; `None` on an odd length or any other character.
#[must_use]
pub fn unhex(hex: &[u8]) -> Option<Vec<u8>> {
    let nibble = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = hex.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[hi, lo]| Some((nibble(*hi)? << 4) | nibble(*lo)?)).collect()
}

macro_rules! digest {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From the 32 bytes of a SHA-256.
            #[must_use]
            pub fn from_raw(raw: [u8; 32]) -> Self {
                Self(raw)
            }
            /// From exactly 64 lower-case hex digits.
            #[must_use]
            pub fn from_hex(hex: &[u8]) -> Option<Self> {
                Some(Self(unhex(hex)?.try_into().ok()?))
            }
            /// The 32 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
            /// The first 8 hex digits, for people.
            #[must_use]
            pub fn short(&self) -> String {
                self.to_string().chars().take(8).collect()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                Self::from_hex(text.as_bytes())
                    .ok_or_else(|| serde::de::Error::custom("not a SHA-256 of 64 hex digits"))
            }
        }
    )*};
}

digest! {
    /// What a commit does to the tree, `change-v1` (design: change digest).
    ChangeDigest;
    /// The set of paths of a change, `paths-v1`: a look-up key, never proof.
    PathsDigest;
    /// SHA-256(statement, one zero byte, signature): a statement's name everywhere (G24).
    StatementHash;
    /// SHA-256 of a policy file's bytes.
    PolicyDigest;
    /// SHA-256 of a catalogue of markers, as the file has it.
    CatalogueDigest;
    /// A decision row's hash, chained to the row before it.
    RowHash;
    /// What is kept of a Git host's token.
    TokenHash;
}

/// Bytes that people read as a name but git does not promise to be UTF-8.
macro_rules! byte_name {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Vec<u8>);

        impl $name {
            /// Any bytes; nothing is checked here.
            #[must_use]
            pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
                Self(bytes.into())
            }
            /// The bytes as git holds them.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
            /// The name as text where it is UTF-8.
            #[must_use]
            pub fn as_str(&self) -> Option<&str> {
                std::str::from_utf8(&self.0).ok()
            }
        }
        /// Escaped for people (G21); not reversible, never parse it.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&escape(&self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        /// From the escaped form: equal to the name where that was printable UTF-8.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d).map(Self::new)
            }
        }
    )*};
}

byte_name! {
    /// A full ref name, such as `refs/heads/main`.
    RefName;
    /// A path inside a tree, `/`-separated, no leading slash.
    RepoPath;
}

macro_rules! text_name {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Any text; nothing is checked here.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&escape(self.0.as_bytes()))
            }
        }
    )*};
}

text_name! {
    /// A person's key in the policy's `[people]` table.
    PersonId;
    /// A login as the Git server authenticated it.
    Login;
    /// A repository's name as statements carry it, such as `payments/api`.
    RepositoryName;
    /// A decision's id, `D-` and ten characters of Crockford's base 32 (50 random bits).
    DecisionId;
    /// A review request's id, `R-` and ten characters of Crockford's base 32.
    RequestId;
}

/// The low 50 of 64 bits in Crockford's base 32.
fn base32(bits: u64) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    (0..10)
        .map(|i| {
            let digit = usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0);
            ALPHABET.get(digit).copied().map_or('0', char::from)
        })
        .collect()
}

/// Whether a text is an id of this kind, such as `D-`.
fn is_id(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|rest| {
        rest.len() == 10 && rest.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
    })
}

impl DecisionId {
    /// From 50 of 64 random bits.
    #[must_use]
    pub fn from_random(random: u64) -> Self {
        Self(format!("D-{}", base32(random)))
    }

    /// Whether a text has its form.
    #[must_use]
    pub fn is(text: &str) -> bool {
        is_id(text, "D-")
    }
}

impl RequestId {
    /// From 50 of 64 bits of a hash.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(format!("R-{}", base32(bits)))
    }

    /// Whether a text has its form.
    #[must_use]
    pub fn is(text: &str) -> bool {
        is_id(text, "R-")
    }
}
