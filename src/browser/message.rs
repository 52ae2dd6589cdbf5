// SPDX-License-Identifier: Apache-2.0
//! What JavaScript writes: texts with their lengths, values with a tag in front.
//!
//! ```text
//! text    u32 length, bytes
//! entity  text type, text id
//! record  u32 count, { text name, value }
//! value   u8 tag, then   0 false   1 true   2 i64   3 text   4 entity   5 u32 count, { value }   6 record
//!                        7 text function, text argument
//! ```

use crate::engine::{MAX_DEPTH, Plain};
use crate::name::Uid;

/// Bytes being read. Whatever they are, reading ends, with `None` where they are no message.
pub struct Message<'a> {
    rest: &'a [u8],
}

impl<'a> Message<'a> {
    pub fn new(bytes: &'a [u8]) -> Message<'a> {
        Message { rest: bytes }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn count(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?) as usize)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    pub fn uid(&mut self) -> Option<Uid> {
        Some(Uid::new(self.text()?, self.text()?))
    }

    /// A record, within so many others.
    pub fn record(&mut self, depth: u32) -> Option<Vec<(String, Plain)>> {
        let mut fields = Vec::new();
        for _ in 0..self.count()? {
            fields.push((self.text()?.to_string(), self.value(depth + 1)?));
        }
        Some(fields)
    }

    fn value(&mut self, depth: u32) -> Option<Plain> {
        if depth >= MAX_DEPTH {
            return None;
        }
        Some(match self.take(1)?[0] {
            0 => Plain::Bool(false),
            1 => Plain::Bool(true),
            2 => Plain::Long(i64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            3 => Plain::Text(self.text()?.to_string()),
            4 => Plain::Entity(self.uid()?),
            5 => {
                let mut members = Vec::new();
                for _ in 0..self.count()? {
                    members.push(self.value(depth + 1)?);
                }
                Plain::Set(members)
            }
            6 => Plain::Record(self.record(depth + 1)?),
            7 => Plain::extension(self.text()?, self.text()?)?,
            _ => return None,
        })
    }

    pub fn end(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

/// Adds a text as JSON.
pub fn json(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let code = c as usize;
                out.push_str("\\u00");
                out.extend([HEX[code >> 4] as char, HEX[code & 15] as char]);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
