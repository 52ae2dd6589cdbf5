// SPDX-License-Identifier: Apache-2.0
//! Where the policies of a text stand. Cedar's own reader does not say.

use std::ops::Range;

/// The bytes of each statement of a text, from its first annotation to its semicolon, in order. A text that is no Cedar has
/// some, too.
///
/// Outside of texts and comments a semicolon ends a policy, and nothing else in Cedar has one.
pub fn statements(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("//") {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            continue;
        }
        let length = if c == '"' { literal(rest) } else { c.len_utf8() };
        if !c.is_whitespace() {
            let first = *start.get_or_insert(at);
            if c == ';' {
                all.push(first..at + 1);
                start = None;
            }
        }
        at += length;
    }
    all.extend(start.map(|start| start..text.trim_end().len().max(start)));
    all
}

/// How long the text is that begins here, with its quotes.
fn literal(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn a_semicolon_ends_a_policy_save_in_texts_and_comments() {
        let text = "// first; or not\n@id(\"a;\")\npermit (principal, action, resource); // then;\n\nforbid (principal, \
                    action, resource) when { resource.name == \"\\\";\\\\\" };\n";
        let found: Vec<&str> = statements(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("@id") && found[0].ends_with("resource);"));
        assert!(found[1].starts_with("forbid") && found[1].ends_with("};"));
    }

    #[test]
    fn what_is_no_cedar_is_cut_as_well() {
        assert!(statements("").is_empty());
        assert!(statements(" \n// only this").is_empty());
        assert_eq!(statements("permit \"🙂").first(), Some(&(0..12)));
        assert_eq!(statements(";;"), [0..1, 1..2]);
    }
}
