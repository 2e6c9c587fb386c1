//! From a model to T-SQL: every kind scripts its elements, then the statements are put in order.

use super::platform::Platform;
use super::sequence;
use super::statement::Statement;
use crate::control::Warning;
use crate::error::Result;
use crate::ident::Name;
use crate::model::{Element, Entry, Model, ModelIndex, NameRule};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

/// What to script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ScriptOptions {
    /// Leave out permissions.
    pub skip_permissions: bool,
    /// Leave out logins, users and memberships of users (and permissions to them).
    pub skip_users: bool,
    /// Leave out extended properties.
    pub skip_extended_properties: bool,
    /// Logins that the target server has: users of these are made for them, all others without login.
    pub logins: Vec<String>,
    /// Create the logins of the model, with the passwords it has (which are made up, unless somebody wrote the model), and
    /// make the users for them. Without it no login is created.
    pub create_logins: bool,
    /// Leave out what cannot be created, with a warning for each, in place of an error.
    pub skip_unsupported: bool,
    /// Script for a database that no rows are loaded into: periods and system versioning come with their table.
    pub without_rows: bool,
}

impl ScriptOptions {
    /// Sets [`skip_permissions`](Self::skip_permissions).
    pub fn skip_permissions(mut self, yes: bool) -> Self {
        self.skip_permissions = yes;
        self
    }

    /// Sets [`skip_users`](Self::skip_users).
    pub fn skip_users(mut self, yes: bool) -> Self {
        self.skip_users = yes;
        self
    }

    /// Sets [`logins`](Self::logins).
    pub fn logins(mut self, logins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.logins = logins.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`create_logins`](Self::create_logins).
    pub fn create_logins(mut self, yes: bool) -> Self {
        self.create_logins = yes;
        self
    }

    /// Sets [`skip_extended_properties`](Self::skip_extended_properties).
    pub fn skip_extended_properties(mut self, yes: bool) -> Self {
        self.skip_extended_properties = yes;
        self
    }

    /// Sets [`skip_unsupported`](Self::skip_unsupported).
    pub fn skip_unsupported(mut self, yes: bool) -> Self {
        self.skip_unsupported = yes;
        self
    }

    /// Sets [`without_rows`](Self::without_rows).
    pub fn without_rows(mut self, yes: bool) -> Self {
        self.without_rows = yes;
        self
    }
}

/// The statements that create a database's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scripted {
    /// Statements in the order in which they must run.
    pub statements: Vec<Statement>,
    /// How many of them come before the rows are loaded: all tables and what they need.
    pub before_rows: usize,
    /// What was left out, and what could not be ordered.
    pub warnings: Vec<Warning>,
}

/// As a script for a client that knows `GO`: each statement a batch, with the `SET` options that it was written under.
impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = (true, true);
        for statement in &self.statements {
            let wanted = (statement.ansi_nulls, statement.quoted_identifier);
            if wanted != settings {
                let on = |flag| if flag { "ON" } else { "OFF" };
                write!(f, "SET ANSI_NULLS {};\nSET QUOTED_IDENTIFIER {};\nGO\n", on(wanted.0), on(wanted.1))?;
                settings = wanted;
            }
            write!(f, "{}\nGO\n", statement.text.trim_end_matches(['\r', '\n']))?;
        }
        Ok(())
    }
}

/// What scripting an element may look at: the whole model, by name and by who refers to whom.
#[derive(Debug)]
pub struct Scripting<'a> {
    model: &'a Model,
    options: &'a ScriptOptions,
    platform: Platform,
    index: ModelIndex<'a>,
    referrers: HashMap<(&'a str, Vec<String>), Vec<&'a Element>>,
    warnings: RefCell<Vec<Warning>>,
}

impl<'a> Scripting<'a> {
    /// An index of `model`.
    pub fn new(model: &'a Model, options: &'a ScriptOptions) -> Self {
        let index = ModelIndex::new(model);
        let mut referrers: HashMap<(&str, Vec<String>), Vec<&Element>> = HashMap::new();
        for element in &model.elements {
            for relationship in &element.relationships {
                for entry in &relationship.entries {
                    let Entry::References(reference) = entry else { continue };
                    let Some(name) = &reference.name else { continue };
                    let list = referrers.entry((&relationship.name, index.rule().fold_name(name))).or_default();
                    if !list.last().is_some_and(|last| std::ptr::eq(*last, element)) {
                        list.push(element);
                    }
                }
            }
        }
        let platform = Platform::of_dsp_name(&model.header.dsp_name).unwrap_or(Platform::Sql150);
        Self { model, options, platform, index, referrers, warnings: RefCell::default() }
    }

    /// The model.
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// What to script.
    pub fn options(&self) -> &'a ScriptOptions {
        self.options
    }

    /// The platform that the model is of.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The model's index by name and class.
    pub fn index(&self) -> &ModelIndex<'a> {
        &self.index
    }

    /// The element of a class by name.
    pub fn element(&self, class: &str, name: &Name) -> Option<&'a Element> {
        self.index.find(class, name)
    }

    /// The top-level elements that refer to `name` through `relationship`, in file order, e.g. the constraints of a
    /// table by `DefiningTable`.
    pub fn referrers<'s>(&'s self, relationship: &'s str, name: &Name) -> &'s [&'s Element] {
        self.referrers.get(&(relationship, self.index.rule().fold_name(name))).map_or(&[], Vec::as_slice)
    }

    /// Adds a warning.
    pub fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }

    /// Refuses something that cannot be created, or warns and goes on when the options say so.
    pub fn unsupported(&self, element: &Element, why: impl Into<String>) -> Result<()> {
        let (object, why) = (element.label(), why.into());
        if self.options.skip_unsupported {
            self.warn(Warning::new("unsupported", format!("left out: {why}")).about(object));
            return Ok(());
        }
        Err(super::unsupported(object, why))
    }

    /// Refuses properties and relationships of `element` that its kind does not script.
    pub fn expect_known(&self, element: &Element, properties: &[&str], relationships: &[&str]) -> Result<()> {
        for property in &element.properties {
            if !properties.contains(&property.name.as_str()) {
                self.unsupported(element, format!("its property {} is not known", property.name))?;
            }
        }
        for relationship in &element.relationships {
            if !relationships.contains(&relationship.name.as_str()) {
                self.unsupported(element, format!("its relationship {} is not known", relationship.name))?;
            }
        }
        Ok(())
    }

    /// The database's collation, as the model's options have it.
    pub fn collation(&self) -> Option<&'a str> {
        self.index.class("SqlDatabaseOptions").first()?.property("Collation")
    }
}

/// The T-SQL that creates everything in `model`, in order.
pub fn script(model: &Model, options: &ScriptOptions) -> Result<Scripted> {
    let scripting = Scripting::new(model, options);
    let mut statements = Vec::new();
    for element in &model.elements {
        match super::kind_of(&element.class) {
            Some(kind) => (kind.script)(element, &scripting, &mut statements)?,
            None => scripting.unsupported(element, "objects of this kind cannot be created")?,
        }
    }
    let mut warnings = scripting.warnings.into_inner();
    let (statements, before_rows) = sequence::arrange(statements, NameRule::of(&model.header), &mut warnings);
    Ok(Scripted { statements, before_rows, warnings })
}
