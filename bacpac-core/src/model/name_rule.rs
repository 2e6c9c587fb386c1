//! When two names in a model are the same name.

use super::element::ModelHeader;
use crate::ident::Name;
use std::cmp::Ordering;

/// How names compare: what the model's collation says of case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRule {
    case_sensitive: bool,
    /// In Turkish and Azeri `i` and `I` are two letters.
    dotted: bool,
}

impl NameRule {
    /// The rule of a model.
    pub fn of(header: &ModelHeader) -> Self {
        Self {
            case_sensitive: header.collation_case_sensitive,
            dotted: matches!(header.collation_lcid.as_str(), "1055" | "1068"),
        }
    }

    /// The rule for names of two models side by side: names are the same only if both models say so.
    pub fn of_both(left: &ModelHeader, right: &ModelHeader) -> Self {
        let (left, right) = (Self::of(left), Self::of(right));
        Self { case_sensitive: left.case_sensitive || right.case_sensitive, dotted: left.dotted || right.dotted }
    }

    /// A form of `text` that is the same for all its spellings.
    pub fn fold(self, text: &str) -> String {
        if self.case_sensitive {
            return text.to_owned();
        }
        let mut folded = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                'i' | 'İ' if self.dotted => folded.push('İ'),
                'ı' | 'I' if self.dotted => folded.push('I'),
                // One character to one, as .NET's invariant upper case does: `ß` stays.
                c => {
                    let mut upper = c.to_uppercase();
                    match (upper.next(), upper.next()) {
                        (Some(u), None) => folded.push(u),
                        _ => folded.push(c),
                    }
                }
            }
        }
        folded
    }

    /// [`fold`](Self::fold) of every part.
    pub fn fold_name(self, name: &Name) -> Vec<String> {
        name.parts().iter().map(|part| self.fold(part)).collect()
    }

    /// Whether two names are the same.
    pub fn same(self, a: &Name, b: &Name) -> bool {
        a.parts().len() == b.parts().len()
            && a.parts().iter().zip(b.parts()).all(|(a, b)| a == b || self.fold(a) == self.fold(b))
    }

    /// The order of names in a model: part by part, marks before digits before letters, ignoring case (which decides
    /// only between names that are otherwise the same).
    pub fn compare(self, a: &Name, b: &Name) -> Ordering {
        for (a, b) in a.parts().iter().zip(b.parts()) {
            let order = compare_part(a, b);
            if order != Ordering::Equal {
                return order;
            }
        }
        // Of two that differ in case only, the one in lower case comes first.
        let swapped = |name: &Name| -> Vec<char> {
            let swap = |c: char| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            name.parts().iter().flat_map(|p| p.chars().map(swap)).collect()
        };
        a.parts().len().cmp(&b.parts().len()).then_with(|| swapped(a).cmp(&swapped(b)))
    }
}

/// The order of ASCII marks in a collation of words.
const MARKS: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

fn weight(c: char) -> (u8, u32) {
    if c.is_whitespace() {
        return (0, 0);
    }
    if let Some(at) = MARKS.find(c) {
        // MARKS is far shorter than u32 counts.
        return (1, at as u32);
    }
    if c.is_ascii_digit() {
        return (2, u32::from(c));
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    (if c.is_alphanumeric() { 3 } else { 1 }, u32::from(lower))
}

fn compare_part(a: &str, b: &str) -> Ordering {
    a.chars().map(weight).cmp(b.chars().map(weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_what_the_collation_says() {
        let mut header = ModelHeader::new("Sql150");
        let (a, b) = (Name::one("Title"), Name::one("TITLE"));
        assert!(NameRule::of(&header).same(&a, &b));
        header.collation_lcid = "1055".into();
        assert!(!NameRule::of(&header).same(&a, &b), "i and I are two letters in Turkish");
        header.collation_lcid = "1033".into();
        header.collation_case_sensitive = true;
        assert!(!NameRule::of(&header).same(&a, &b));
    }

    #[test]
    fn marks_come_before_digits_before_letters() {
        let rule = NameRule::of(&ModelHeader::new("Sql150"));
        let names = ["[a]", "[a].[b]", "[A_1]", "[a1]", "[ab]", "[aB].[x]", "[b]"];
        let parsed: Vec<Name> = names.iter().filter_map(|n| Name::parse(n)).collect();
        let mut sorted = parsed.clone();
        sorted.reverse();
        sorted.sort_by(|a, b| rule.compare(a, b));
        assert_eq!(sorted, parsed);
    }
}
