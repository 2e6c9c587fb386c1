//! The differences of two models, gathered by object.

use super::report::{Change, ObjectChange, ObjectDiff};
use crate::model::{self, CompareOptions, Difference, Model};

pub(super) fn differences(left: &Model, right: &Model, options: &CompareOptions) -> Vec<ObjectDiff> {
    let mut objects: Vec<ObjectDiff> = Vec::new();
    for Difference { object, place, left, right, .. } in model::compare(left, right, options) {
        let (class, name) = object.split_once(' ').unwrap_or((&object, ""));
        let change = match (&left, &right) {
            (None, _) if place.is_empty() => Change::Added,
            (_, None) if place.is_empty() => Change::Removed,
            _ => Change::Changed,
        };
        let last = objects.last_mut().filter(|last| {
            change == Change::Changed && last.change == change && last.class == class && last.name == name
        });
        let object = match last {
            Some(last) => last,
            None => {
                objects.push(ObjectDiff { class: class.into(), name: name.into(), change, changes: Vec::new() });
                let Some(last) = objects.last_mut() else { continue };
                last
            }
        };
        if change == Change::Changed {
            object.changes.push(ObjectChange { place, left, right });
        }
    }
    objects.sort_by(|a, b| (&a.name, &a.class).cmp(&(&b.name, &b.class)));
    objects
}
