//! The order of statements: by phase, except where a dependency says otherwise.
//!
//! First come all tables and whatever they need, even if it is of a later phase; then everything else. Names that no
//! statement creates are taken to exist. A cycle is broken with a warning, at the same place every time.

use super::statement::{Phase, Statement};
use crate::control::Warning;
use crate::ident::Name;
use crate::model::NameRule;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Puts `statements` in order; the number is how many come before the rows.
pub(super) fn arrange(
    statements: Vec<Statement>,
    rule: NameRule,
    warnings: &mut Vec<Warning>,
) -> (Vec<Statement>, usize) {
    let needs = needs(&statements, rule);
    let early = early(&statements, &needs);
    let mut order = Vec::with_capacity(statements.len());
    let mut done = vec![false; statements.len()];
    let (first, second): (Vec<usize>, Vec<usize>) = (0..statements.len()).partition(|i| early.contains(i));
    sort(&first, &statements, &needs, &mut done, &mut order, warnings);
    let before_rows = order.len();
    sort(&second, &statements, &needs, &mut done, &mut order, warnings);
    let mut slots: Vec<Option<Statement>> = statements.into_iter().map(Some).collect();
    let arranged = order.into_iter().filter_map(|i| slots.get_mut(i).and_then(Option::take)).collect();
    (arranged, before_rows)
}

/// For each statement, the statements that must come before it.
fn needs(statements: &[Statement], rule: NameRule) -> Vec<BTreeSet<usize>> {
    let key = |name: &Name| rule.fold_name(name);
    let mut creators: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
    for (i, statement) in statements.iter().enumerate() {
        for name in &statement.creates {
            creators.entry(key(name)).or_default().push(i);
        }
    }
    let find = |name: &Name| {
        // A column or a parameter exists with the object whose name is the beginning of its own.
        let mut name = name.clone();
        loop {
            if let Some(found) = creators.get(&key(&name)) {
                return Some(found);
            }
            name = name.parent().filter(|parent| parent.parts().len() > 1)?;
        }
    };
    let needs = statements.iter().enumerate().map(|(i, statement)| {
        statement.depends_on.iter().filter_map(find).flatten().copied().filter(|&j| j != i).collect()
    });
    needs.collect()
}

/// Statements up to the tables' phase and all that they need.
fn early(statements: &[Statement], needs: &[BTreeSet<usize>]) -> HashSet<usize> {
    let mut early = HashSet::new();
    let mut open: Vec<usize> = Vec::new();
    open.extend(statements.iter().enumerate().filter(|(_, s)| s.phase <= Phase::Tables).map(|(i, _)| i));
    while let Some(i) = open.pop() {
        if early.insert(i) {
            open.extend(needs.get(i).into_iter().flatten());
        }
    }
    early
}

/// Appends `subset` to `order`: of the statements whose needs are met, always the one of the earliest phase.
fn sort(
    subset: &[usize],
    statements: &[Statement],
    needs: &[BTreeSet<usize>],
    done: &mut [bool],
    order: &mut Vec<usize>,
    warnings: &mut Vec<Warning>,
) {
    let rank = |i: usize| (statements[i].phase, i);
    let members: HashSet<usize> = subset.iter().copied().collect();
    let mut waiting: BTreeMap<usize, usize> = BTreeMap::new();
    let mut dependents: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut ready = BTreeSet::new();
    for &i in subset {
        let open: Vec<usize> = needs[i].iter().copied().filter(|j| members.contains(j) && !done[*j]).collect();
        for &j in &open {
            dependents.entry(j).or_default().push(i);
        }
        if open.is_empty() {
            ready.insert(rank(i));
        } else {
            waiting.insert(i, open.len());
        }
    }
    loop {
        while let Some((_, i)) = ready.pop_first() {
            done[i] = true;
            order.push(i);
            for &dependent in dependents.get(&i).into_iter().flatten() {
                if let Some(left) = waiting.get_mut(&dependent) {
                    *left -= 1;
                    if *left == 0 {
                        waiting.remove(&dependent);
                        ready.insert(rank(dependent));
                    }
                }
            }
        }
        let Some(circle) = find_cycle(&waiting, needs) else { return };
        let Some(i) = break_cycle(&circle, statements) else { return };
        let message = format!("created first of a circle of dependencies: {}", name_cycle(&circle, i, statements));
        warnings.push(Warning::new("dependency_cycle", message).about(statements[i].object.clone()));
        waiting.remove(&i);
        ready.insert(rank(i));
    }
}

/// Statements each of which needs the next one, and the last the first.
fn find_cycle(waiting: &BTreeMap<usize, usize>, needs: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    // Whatever waits, waits for something that waits; so a walk from need to need comes back to where it was.
    let mut at = *waiting.keys().next()?;
    let mut path = Vec::new();
    let mut seen = HashSet::new();
    while seen.insert(at) {
        path.push(at);
        at = *needs[at].iter().find(|need| waiting.contains_key(need))?;
    }
    Some(path.into_iter().skip_while(|i| *i != at).collect())
}

/// The statement to run though its needs are not met: one of the circle; modules first, since the server resolves the
/// names in most of them only when they run.
fn break_cycle(circle: &[usize], statements: &[Statement]) -> Option<usize> {
    circle.iter().copied().min_by_key(|&i| (statements[i].phase != Phase::Modules, statements[i].phase, i))
}

/// The circle from `first` on back to it, by name; of a long one, the beginning.
fn name_cycle(circle: &[usize], first: usize, statements: &[Statement]) -> String {
    const NAMED: usize = 10;
    let start = circle.iter().position(|i| *i == first).unwrap_or(0);
    let around = circle.iter().cycle().skip(start).take(circle.len().min(NAMED));
    let mut names: Vec<&str> = around.map(|&i| statements[i].object.as_str()).collect();
    if circle.len() > NAMED {
        names.push("...");
    }
    names.push(&statements[first].object);
    names.join(" needs ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelHeader;

    fn statement(phase: Phase, creates: &str, depends_on: &[&str]) -> Statement {
        let name = |text: &str| Name::parse(text).expect("a bracketed name");
        Statement::new(phase, creates, "").creating(&name(creates)).after(depends_on.iter().map(|n| name(n)))
    }

    fn arranged(statements: Vec<Statement>) -> (Vec<String>, usize, Vec<Warning>) {
        let mut warnings = Vec::new();
        let (statements, before_rows) = arrange(statements, NameRule::of(&ModelHeader::new("Sql150")), &mut warnings);
        (statements.into_iter().map(|s| s.object).collect(), before_rows, warnings)
    }

    #[test]
    fn phases_rule_where_nothing_depends() {
        let (order, before_rows, warnings) = arranged(vec![
            statement(Phase::Modules, "[dbo].[v]", &["[dbo].[t]"]),
            statement(Phase::Indexes, "[dbo].[v].[ix]", &["[dbo].[v]"]),
            statement(Phase::Indexes, "[dbo].[t].[ix]", &["[DBO].[T].[c]"]),
            statement(Phase::Tables, "[dbo].[t]", &["[dbo]"]),
            statement(Phase::Schemas, "[a]", &[]),
        ]);
        assert_eq!(order, ["[a]", "[dbo].[t]", "[dbo].[t].[ix]", "[dbo].[v]", "[dbo].[v].[ix]"]);
        assert_eq!(before_rows, 2);
        assert!(warnings.is_empty());
    }

    #[test]
    fn what_a_table_needs_comes_before_the_rows() {
        let (order, before_rows, _) = arranged(vec![
            statement(Phase::Tables, "[dbo].[a]", &["[dbo].[f]"]),
            statement(Phase::Modules, "[dbo].[f]", &["[dbo].[b].[c]"]),
            statement(Phase::Tables, "[dbo].[b]", &[]),
            statement(Phase::Checks, "[dbo].[ck]", &["[dbo].[b]"]),
        ]);
        assert_eq!(order, ["[dbo].[b]", "[dbo].[f]", "[dbo].[a]", "[dbo].[ck]"]);
        assert_eq!(before_rows, 3);
    }

    #[test]
    fn a_circle_is_broken_at_the_module_with_a_warning() {
        let (order, before_rows, warnings) = arranged(vec![
            statement(Phase::Tables, "[dbo].[t]", &["[dbo].[f]"]),
            statement(Phase::Modules, "[dbo].[f]", &["[dbo].[t]"]),
        ]);
        assert_eq!(order, ["[dbo].[f]", "[dbo].[t]"]);
        assert_eq!(before_rows, 2);
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].object.as_deref(), Some("[dbo].[f]"));
        assert!(warnings[0].message.ends_with("[dbo].[f] needs [dbo].[t] needs [dbo].[f]"), "{}", warnings[0]);
    }

    #[test]
    fn names_shared_by_two_objects_wait_for_both() {
        let (order, _, warnings) =
            arranged(vec![statement(Phase::Schemas, "[x]", &["[x]"]), statement(Phase::Principals, "[x]", &[])]);
        assert_eq!(order, ["[x]", "[x]"]);
        assert!(warnings.is_empty());
    }
}
