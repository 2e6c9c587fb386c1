//! Which columns of two tables are compared, and by which rows are matched.

use super::hasher::Role;
use crate::bcp::RowLayout;
use crate::model::NameRule;
use crate::objects::KeyColumns;
use crate::sql_type::SqlType;
use std::collections::{BTreeSet, HashMap};

/// Two tables, column by column.
#[derive(Clone, Debug)]
pub(super) struct Matched {
    /// The key's columns, as the first side (or the only one) spells them; none for whole rows.
    pub(super) key: Vec<String>,
    /// The compared columns, in the first side's order.
    pub(super) compared: Vec<String>,
    /// What each column of a side is for.
    pub(super) left: Vec<Role>,
    pub(super) right: Vec<Role>,
    /// Whether both sides have the compared columns in the same order.
    pub(super) same_order: bool,
    pub(super) left_only: Vec<String>,
    pub(super) right_only: Vec<String>,
}

impl Matched {
    /// Matches the columns of two tables by name; a side that lacks the table has the other's columns.
    pub(super) fn new(
        left: Option<&RowLayout>,
        right: Option<&RowLayout>,
        left_keys: &[KeyColumns],
        right_keys: &[KeyColumns],
        rule: NameRule,
    ) -> Self {
        let (left, right) = match (left, right) {
            (Some(left), Some(right)) => (left, right),
            (Some(one), None) | (None, Some(one)) => (one, one),
            (None, None) => return Self::nothing(),
        };
        let names = |layout: &RowLayout| -> HashMap<String, bool> {
            let columns = layout.columns().iter();
            columns.map(|c| (rule.fold(&c.name), c.sql_type == SqlType::RowVersion)).collect()
        };
        let (in_left, in_right) = (names(left), names(right));
        let compares = |name: &str| in_left.get(name) == Some(&false) && in_right.get(name) == Some(&false);
        let mut positions: HashMap<String, u32> = HashMap::new();
        let mut compared = Vec::new();
        for column in left.columns() {
            let folded = rule.fold(&column.name);
            if compares(&folded) {
                positions.insert(folded, compared.len() as u32);
                compared.push(column.name.clone());
            }
        }
        let fold = |key: &KeyColumns| -> KeyColumns { key.iter().map(|c| rule.fold(c)).collect() };
        let usable = |keys: &[KeyColumns]| -> Vec<KeyColumns> {
            keys.iter().map(fold).filter(|key| key.iter().all(|c| positions.contains_key(c))).collect()
        };
        let key = choose(&usable(left_keys), &usable(right_keys));
        let roles = |layout: &RowLayout| -> Vec<Role> {
            let role = |name: String| Role {
                key: key.iter().position(|c| *c == name).map(|i| i as u32),
                compared: positions.get(&name).copied(),
            };
            layout.columns().iter().map(|c| role(rule.fold(&c.name))).collect()
        };
        let (left_roles, right_roles) = (roles(left), roles(right));
        let in_order: Vec<u32> = right_roles.iter().filter_map(|r| r.compared).collect();
        let only = |layout: &RowLayout, other: &HashMap<String, bool>| -> Vec<String> {
            let lacking = layout.columns().iter().filter(|c| !other.contains_key(&rule.fold(&c.name)));
            lacking.map(|c| c.name.clone()).collect()
        };
        let spelled = |c: &String| positions.get(c).and_then(|i| compared.get(*i as usize)).cloned();
        Self {
            key: key.iter().filter_map(spelled).collect(),
            same_order: in_order.is_sorted(),
            left: left_roles,
            right: right_roles,
            left_only: only(left, &in_right),
            right_only: only(right, &in_left),
            compared,
        }
    }

    fn nothing() -> Self {
        Self {
            key: Vec::new(),
            compared: Vec::new(),
            left: Vec::new(),
            right: Vec::new(),
            same_order: true,
            left_only: Vec::new(),
            right_only: Vec::new(),
        }
    }

    /// The same, with whole rows in place of the key.
    pub(super) fn by_whole_row(mut self) -> Self {
        self.key.clear();
        for role in self.left.iter_mut().chain(&mut self.right) {
            role.key = None;
        }
        self
    }
}

/// The key to match by: one that both sides have before one that only one has, and among those the first. Which side
/// is which does not matter.
fn choose(left: &[KeyColumns], right: &[KeyColumns]) -> KeyColumns {
    let set = |key: &KeyColumns| -> BTreeSet<String> { key.iter().cloned().collect() };
    let place = |keys: &[KeyColumns], key: &KeyColumns| keys.iter().position(|k| set(k) == set(key));
    let rank = |key: &&KeyColumns| {
        let (a, b) = (place(left, key), place(right, key));
        let both = a.is_some() && b.is_some();
        (!both, a.unwrap_or(0) + b.unwrap_or(0), set(key).into_iter().collect::<Vec<_>>())
    };
    left.iter().chain(right).min_by_key(rank).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcp::Column;
    use crate::model::ModelHeader;

    fn layout(columns: &[&str]) -> RowLayout {
        let column = |name: &&str| {
            let sql_type = if name.starts_with("rv") { SqlType::RowVersion } else { SqlType::Int };
            Column::new(*name, sql_type, false)
        };
        RowLayout::new(columns.iter().map(column).collect())
    }

    fn keys(keys: &[&[&str]]) -> Vec<KeyColumns> {
        keys.iter().map(|key| key.iter().map(|c| (*c).to_owned()).collect()).collect()
    }

    fn matched(left: &[&str], right: &[&str], left_keys: &[&[&str]], right_keys: &[&[&str]]) -> Matched {
        let rule = NameRule::of(&ModelHeader::new("Sql150"));
        Matched::new(Some(&layout(left)), Some(&layout(right)), &keys(left_keys), &keys(right_keys), rule)
    }

    #[test]
    fn columns_match_by_name_in_any_case_and_order() {
        let found = matched(&["Id", "a", "b", "rv"], &["ID", "b", "A", "c", "rv"], &[&["id"]], &[&["Id"]]);
        assert_eq!(found.key, ["Id"]);
        assert_eq!(found.compared, ["Id", "a", "b"]);
        assert!(!found.same_order);
        assert_eq!((found.left_only.len(), found.right_only), (0, vec!["c".to_owned()]));
        assert_eq!(found.right.iter().map(|r| r.compared).collect::<Vec<_>>(), [Some(0), Some(2), Some(1), None, None]);
        assert!(matched(&["Id", "x", "a"], &["Id", "a", "y"], &[], &[]).same_order);
    }

    #[test]
    fn a_key_of_both_sides_is_preferred() {
        let columns = ["a", "b", "c"];
        assert_eq!(matched(&columns, &columns, &[&["a"], &["b"]], &[&["b"]]).key, ["b"]);
        assert_eq!(matched(&columns, &columns, &[&["a"], &["b"]], &[&["b"], &["a"]]).key, ["a"]);
        assert_eq!(matched(&columns, &columns, &[], &[&["c"]]).key, ["c"]);
        assert_eq!(matched(&columns, &["a", "b"], &[&["c"]], &[]).key, Vec::<String>::new());
    }
}
