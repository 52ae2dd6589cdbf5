// SPDX-License-Identifier: Apache-2.0
//! All that crosses from before the request to the request: what is permitted, without a single row.

use crate::mapping::Mapping;
use crate::name::Uid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The version of [`Bundle`]'s own form. A gate refuses any other.
pub const FORMAT: u32 = 3;

/// The file in which people write policies, and the source of those that name none.
pub const HANDWRITTEN: &str = "policies.cedar";

/// What one pack compiles to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    pub format: u32,
    /// The pack's name: its folder.
    pub name: String,
    pub mapping: Mapping,
    /// The Cedar schema, in Cedar's own syntax.
    pub schema: String,
    /// The policies that the model means, in Cedar's syntax, each with an `@id`. Grants are not among them: they are made
    /// from rows.
    pub generated: String,
    /// `policies.cedar` as written.
    pub handwritten: String,
    /// Names of the attributes that some policy reads. A slice loads no others, and a value of one of these that cannot
    /// be read denies.
    pub mentioned: BTreeSet<String>,
    /// Entities that hand-written policies name: a slice loads them, since a condition may look into them.
    pub named: BTreeSet<Uid>,
    /// Whether some `forbid` asks whether an entity lies `in` another, so that a membership that cannot be read must deny.
    pub forbids_use_in: bool,
    /// The generated and the hand-written policies, compiled: what decides. The texts are for people, and for checking it.
    #[serde(with = "base64_text")]
    pub program: Vec<u8>,
    /// `routes.toml` as written, for people.
    pub routes: String,
    /// The same, read: what a gate goes by. Empty where nobody asked for routes.
    pub routing: String,
}

/// Why a bundle cannot be used.
#[derive(Debug)]
pub enum BundleError {
    /// Not a bundle at all, or damaged.
    Malformed(String),
    /// Made by another version of Palisade: compile the pack again.
    Format(u32),
}

impl std::fmt::Display for BundleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BundleError::Malformed(why) => write!(f, "the bundle cannot be read: {why}"),
            BundleError::Format(found) => {
                write!(f, "the bundle has format {found} and this is format {FORMAT}: compile the pack again")
            }
        }
    }
}

impl std::error::Error for BundleError {}

/// SHA-256 of a bundle's text, in lower-case hexadecimal: by it a bundle that is stored is known to be whole.
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Bundle {
    /// The bundle as text, the same bytes for the same pack.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a bundle holds only strings, numbers, lists and maps with string keys")
    }

    pub fn from_json(text: &str) -> Result<Bundle, BundleError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let malformed = |error: serde_json::Error| BundleError::Malformed(error.to_string());
        let Format { format } = serde_json::from_str(text).map_err(malformed)?;
        if format != FORMAT {
            return Err(BundleError::Format(format));
        }
        serde_json::from_str(text).map_err(malformed)
    }
}

/// Bytes as text within JSON.
mod base64_text {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}
