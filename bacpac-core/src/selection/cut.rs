//! Taking elements out of a model, with all that cannot be without them.

use crate::findings::Finding;
use crate::ident::Name;
use crate::model::{self, Element, Entry, Model, ModelIndex};
use std::collections::{HashMap, HashSet, VecDeque};

/// Relationships by which an element belongs to another: it goes with it.
const BELONGS: &[&str] =
    &["DefiningTable", "Host", "IndexedObject", "Member", "Parent", "Role", "SecuredObject", "SignedObject", "Subject"];

/// Relationships that can be taken off: what is left is whole without them.
const LOOSE: &[&str] = &[
    "Authorizer",
    "BoundTargets",
    "DefaultFilegroup",
    "DefaultSchema",
    "ExcludedColumns",
    "ForeignServer",
    "GenericDatabaseScopedConfigurationOptions",
    "Login",
    "RevokedGrantOptionColumns",
    "StopList",
    "UsingPrimaryXmlIndex",
];

/// Classes without which the others can be: they are left out when what they refer to is.
const DEPENDENT: &[&str] = &[
    "SqlCheckConstraint",
    "SqlColumnStoreIndex",
    "SqlDatabaseDdlTrigger",
    "SqlDefaultConstraint",
    "SqlDmlTrigger",
    "SqlEdgeConstraint",
    "SqlForeignKeyConstraint",
    "SqlFullTextIndex",
    "SqlIndex",
    "SqlInlineTableValuedFunction",
    "SqlMultiStatementTableValuedFunction",
    "SqlPermissionStatement",
    "SqlProcedure",
    "SqlQueue",
    "SqlRoleMembership",
    "SqlScalarFunction",
    "SqlService",
    "SqlSignature",
    "SqlStatistic",
    "SqlSynonym",
    "SqlView",
];

/// Who refers to whom in a model, by position.
pub(crate) struct Graph {
    /// For each element, those that refer to it and how.
    users: Vec<Vec<Use>>,
    /// For each element, those it refers to.
    needs: Vec<Vec<Use>>,
    owners: HashMap<usize, usize>,
}

/// A reference between two elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// The other element.
    pub(crate) element: usize,
    /// The relationship, of the element itself or of one that belongs to it.
    pub(crate) relationship: String,
    /// Whether the relationship is the element's own.
    pub(crate) own: bool,
}

impl Graph {
    pub(crate) fn of(model: &Model, index: &ModelIndex<'_>) -> Self {
        let address = |element: &Element| std::ptr::from_ref(element) as usize;
        let mut owners = HashMap::new();
        for (i, element) in model.elements.iter().enumerate() {
            element.visit(&mut |e| _ = owners.insert(address(e), i));
        }
        let count = model.elements.len();
        let mut graph = Self { users: vec![Vec::new(); count], needs: vec![Vec::new(); count], owners };
        for (i, element) in model.elements.iter().enumerate() {
            let mut seen = HashSet::new();
            element.visit(&mut |e| {
                for relationship in &e.relationships {
                    for entry in &relationship.entries {
                        let Entry::References(reference) = entry else { continue };
                        let Some(target) = index.resolve(reference).and_then(|t| graph.owners.get(&address(t))) else {
                            continue;
                        };
                        let own = std::ptr::eq(e, element);
                        if *target != i && seen.insert((*target, relationship.name.as_str(), own)) {
                            let relationship = relationship.name.clone();
                            let user = Use { element: i, relationship: relationship.clone(), own };
                            if let Some(users) = graph.users.get_mut(*target) {
                                users.push(user);
                            }
                            if let Some(needs) = graph.needs.get_mut(i) {
                                needs.push(Use { element: *target, relationship, own });
                            }
                        }
                    }
                }
            });
        }
        graph
    }

    /// Those that refer to an element.
    pub(crate) fn users(&self, element: usize) -> &[Use] {
        self.users.get(element).map_or(&[], Vec::as_slice)
    }

    /// Those that an element refers to.
    pub(crate) fn needs(&self, element: usize) -> &[Use] {
        self.needs.get(element).map_or(&[], Vec::as_slice)
    }
}

/// Whether a use makes the user belong to what it uses.
pub(crate) fn belongs(of: &Use) -> bool {
    of.own && BELONGS.contains(&of.relationship.as_str())
}

/// Whether what uses is whole without what it uses.
pub(crate) fn is_loose(of: &Use) -> bool {
    LOOSE.contains(&of.relationship.as_str())
}

/// Elements to take out, and what was found on the way.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    /// Positions of the elements that go.
    pub(crate) gone: HashSet<usize>,
    /// What went with what, and what stands in the way.
    pub(crate) findings: Vec<Finding>,
}

impl Cut {
    /// Takes out the elements of `first` and whatever cannot be without them. `refuse_dependents` makes an error of each
    /// object that would be left out for what it refers to.
    pub(crate) fn make(
        model: &Model,
        graph: &Graph,
        first: impl IntoIterator<Item = usize>,
        refuse_dependents: bool,
    ) -> Self {
        let mut cut = Self::default();
        let mut open: VecDeque<usize> = VecDeque::new();
        for i in first {
            if cut.gone.insert(i) {
                open.push_back(i);
            }
        }
        while let Some(gone) = open.pop_front() {
            for user in graph.users(gone) {
                if cut.gone.contains(&user.element) {
                    continue;
                }
                let (Some(element), Some(target)) = (model.elements.get(user.element), model.elements.get(gone)) else {
                    continue;
                };
                match fate(element, user) {
                    Fate::Stays => {}
                    Fate::Goes => {
                        cut.gone.insert(user.element);
                        open.push_back(user.element);
                    }
                    Fate::LeftOut(code) => {
                        let target = target.label();
                        if refuse_dependents {
                            let reason = format!("it refers to {target}, which is left out");
                            cut.findings.push(Finding::new("dependent", reason).about(element.label()));
                            continue;
                        }
                        let reason = format!("left out: it refers to {target}, which is left out");
                        cut.findings.push(Finding::new(code, reason).about(shown(element)));
                        cut.gone.insert(user.element);
                        open.push_back(user.element);
                    }
                    Fate::Needs => {
                        let reason =
                            format!("it stays and cannot be without {}, which would be left out", target.label());
                        cut.findings.push(Finding::new("needed_by_table", reason).about(element.label()));
                    }
                }
            }
        }
        cut
    }
}

/// Class and name; a constraint without a name of its own by its table.
fn shown(element: &Element) -> String {
    if element.name.is_some() {
        return element.label();
    }
    let own = element.annotation("SqlInlineConstraintAnnotation").and_then(|a| a.name.clone());
    let table = element.reference("DefiningTable").and_then(|r| r.name.as_ref()).map(Name::to_string);
    match (own, table) {
        (Some(name), _) => format!("{} {name}", element.class),
        (None, Some(table)) => format!("{} of {table}", element.class),
        (None, None) => element.label(),
    }
}

enum Fate {
    /// Only the reference goes.
    Stays,
    /// It belongs to what goes.
    Goes,
    /// It is left out for what it refers to, under this code.
    LeftOut(&'static str),
    /// It cannot be without it, and cannot go.
    Needs,
}

fn fate(element: &Element, user: &Use) -> Fate {
    if belongs(user) {
        return Fate::Goes;
    }
    if is_loose(user) || (user.relationship == "TargetObject" && !user.own) {
        return Fate::Stays;
    }
    match element.class.as_str() {
        "SqlForeignKeyConstraint" => Fate::LeftOut("foreign_key_left_out"),
        "SqlPermissionStatement" | "SqlRoleMembership" | "SqlSignature" => Fate::Goes,
        "SqlCheckConstraint" | "SqlDefaultConstraint" | "SqlEdgeConstraint" => Fate::LeftOut("constraint_left_out"),
        class if DEPENDENT.contains(&class) => Fate::LeftOut("dependent_left_out"),
        _ => Fate::Needs,
    }
}

/// The model without the elements that go, and without the references to them.
pub(crate) fn without(mut model: Model, gone: &HashSet<usize>) -> Model {
    if gone.is_empty() {
        return model;
    }
    let lost = lost_names(&model, gone);
    let mut position = 0;
    model.elements.retain(|_| {
        position += 1;
        !gone.contains(&(position - 1))
    });
    for element in &mut model.elements {
        drop_references(element, &lost);
    }
    model.elements.retain(|element| element.class != "SqlSecurityPolicy" || !element.entries("Predicates").is_empty());
    renumber(&mut model);
    model
}

/// Names that nothing in the model has any more.
fn lost_names(model: &Model, gone: &HashSet<usize>) -> HashSet<Name> {
    let mut lost = HashSet::new();
    let mut kept = HashSet::new();
    for (i, element) in model.elements.iter().enumerate() {
        let names = if gone.contains(&i) { &mut lost } else { &mut kept };
        element.visit(&mut |e| names.extend(e.name.clone()));
    }
    lost.retain(|name| !kept.contains(name));
    lost
}

fn drop_references(element: &mut Element, lost: &HashSet<Name>) {
    let is_lost = |entry: &Entry| match entry {
        Entry::References(reference) => {
            !reference.is_built_in() && reference.name.as_ref().is_some_and(|name| lost.contains(name))
        }
        // A predicate on a table that is gone goes with it.
        Entry::Element(child) => {
            child.class == "SqlSecurityPredicate"
                && child.reference("TargetObject").and_then(|r| r.name.as_ref()).is_some_and(|n| lost.contains(n))
        }
        Entry::Unresolved(_) => false,
    };
    for relationship in &mut element.relationships {
        relationship.entries.retain(|entry| !is_lost(entry));
        for entry in &mut relationship.entries {
            if let Entry::Element(child) = entry {
                drop_references(child, lost);
            }
        }
    }
    element.relationships.retain(|relationship| !relationship.entries.is_empty());
}

/// Numbers a model anew from which elements were taken.
fn renumber(model: &mut Model) {
    let mut defined = HashSet::new();
    for element in &model.elements {
        element.visit(&mut |e| {
            defined.extend(e.annotations.iter().filter(|a| !a.attached).filter_map(|a| a.disambiguator));
        });
    }
    for element in &mut model.elements {
        detach(element, &defined);
    }
    model::number(&mut model.elements);
}

/// Takes off annotations that stand nowhere in full.
fn detach(element: &mut Element, defined: &HashSet<u32>) {
    element.annotations.retain(|a| !a.attached || a.disambiguator.is_some_and(|number| defined.contains(&number)));
    for entry in element.relationships.iter_mut().flat_map(|r| &mut r.entries) {
        if let Entry::Element(child) = entry {
            detach(child, defined);
        }
    }
}
