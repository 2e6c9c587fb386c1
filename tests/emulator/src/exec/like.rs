//! Patterns of LIKE and PATINDEX.

use super::collate::{Rule, text_key};

/// A pattern split into its parts.
#[derive(Clone, Debug)]
pub struct Pattern {
    parts: Vec<Part>,
    rule: Option<Rule>,
}

#[derive(Clone, Debug)]
enum Part {
    /// `%`
    Any,
    /// `_`
    One,
    Unit(u16, Vec<u8>),
    /// `[a-z]`, `[^a-z]`: ranges as keys.
    Set(bool, Vec<(Vec<u8>, Vec<u8>)>),
}

fn key(unit: u16, rule: Option<Rule>) -> Vec<u8> {
    let mut key = Vec::new();
    match rule {
        // The mark keeps a space from being taken as trailing.
        Some(rule) => text_key(&[unit, 0x2E], rule, &mut key),
        None => key.extend_from_slice(&unit.to_be_bytes()),
    }
    key
}

impl Pattern {
    /// From a pattern and its escape character.
    pub fn new(pattern: &[u16], escape: Option<u16>, rule: Option<Rule>) -> Self {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(unit) = pattern.get(at).copied() {
            at += 1;
            if Some(unit) == escape {
                if let Some(literal) = pattern.get(at).copied() {
                    parts.push(Part::Unit(literal, key(literal, rule)));
                    at += 1;
                }
                continue;
            }
            match u8::try_from(unit).unwrap_or(0) {
                b'%' => {
                    if !matches!(parts.last(), Some(Part::Any)) {
                        parts.push(Part::Any);
                    }
                }
                b'_' => parts.push(Part::One),
                b'[' => {
                    let negated = pattern.get(at) == Some(&u16::from(b'^'));
                    let begin = at + usize::from(negated);
                    let mut units = Vec::new();
                    let mut end = begin;
                    let mut closed = false;
                    while let Some(inner) = pattern.get(end).copied() {
                        end += 1;
                        if Some(inner) == escape
                            && let Some(literal) = pattern.get(end).copied()
                        {
                            units.push((literal, true));
                            end += 1;
                        } else if inner == u16::from(b']') && !units.is_empty() {
                            closed = true;
                            break;
                        } else {
                            units.push((inner, false));
                        }
                    }
                    if !closed {
                        // An open bracket without its partner matches nothing.
                        parts.push(Part::Set(false, Vec::new()));
                        break;
                    }
                    let mut ranges = Vec::new();
                    let mut i = 0;
                    while let Some((first, _)) = units.get(i).copied() {
                        if let (Some((dash, false)), Some((last, _))) =
                            (units.get(i + 1).copied(), units.get(i + 2).copied())
                            && dash == u16::from(b'-')
                        {
                            ranges.push((key(first, rule), key(last, rule)));
                            i += 3;
                        } else {
                            ranges.push((key(first, rule), key(first, rule)));
                            i += 1;
                        }
                    }
                    parts.push(Part::Set(negated, ranges));
                    at = end;
                }
                _ => parts.push(Part::Unit(unit, key(unit, rule))),
            }
        }
        Self { parts, rule }
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &[u16]) -> bool {
        // Greedy with one place to come back to: the last %.
        let (mut part, mut at) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            match self.parts.get(part) {
                None if at == text.len() => return true,
                Some(Part::Any) => {
                    back = Some((part + 1, at));
                    part += 1;
                    continue;
                }
                Some(single) if text.get(at).is_some_and(|unit| self.accepts(single, *unit)) => {
                    part += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            match &mut back {
                Some((after, from)) if *from < text.len() => {
                    *from += 1;
                    (part, at) = (*after, *from);
                }
                _ => return false,
            }
        }
    }

    fn accepts(&self, part: &Part, unit: u16) -> bool {
        match part {
            Part::Any => false,
            Part::One => true,
            Part::Unit(literal, literal_key) => *literal == unit || key(unit, self.rule) == *literal_key,
            Part::Set(negated, ranges) => {
                let key = key(unit, self.rule);
                ranges.iter().any(|(first, last)| *first <= key && key <= *last) != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::collate::rule;

    fn like(text: &str, pattern: &str, escape: Option<char>) -> bool {
        let units = |s: &str| s.encode_utf16().collect::<Vec<_>>();
        let rule = rule(&"SQL_Latin1_General_CP1_CI_AS".into());
        Pattern::new(&units(pattern), escape.map(|c| c as u16), Some(rule)).matches(&units(text))
    }

    #[test]
    fn documented_patterns() {
        assert!(like("computer", "%put%", None));
        assert!(like("DEAN", "_ean", None));
        assert!(like("Carsen", "[C-P]arsen", None));
        assert!(!like("Larsen", "[^l]arsen", None));
        assert!(like("5%", "5[%]", None) && !like("50", "5[%]", None));
        assert!(like("100%", "100!%", Some('!')) && !like("1000", "100!%", Some('!')));
        assert!(like("a-b", "a[a-c-]b", None) && like("", "%", None) && !like("", "_", None));
        assert!(!like("[x", "[x", None));
        assert!(like("aXbXXc", "a%X%c", None));
    }
}
