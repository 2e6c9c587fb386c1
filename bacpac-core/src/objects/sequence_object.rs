//! Sequences: `SqlSequence`, with the value they have reached.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, name_of, type_specifier};
use crate::error::Result;
use crate::ident::Name;
use crate::model::{Annotation, Element};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const fn number(name: &'static str, expression: &'static str, needs: &'static [&'static str]) -> ViewColumn {
    ViewColumn::computed(name, expression, needs)
}

const SEQUENCES: View = View {
    name: "sys.sequences",
    columns: &[
        column("object_id"),
        column("schema_id"),
        column("name"),
        column("user_type_id"),
        column("precision"),
        column("is_cycling"),
        column("is_cached"),
        column("cache_size"),
        number("start", "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [start_value]))", &["start_value"]),
        number("step", "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [increment]))", &["increment"]),
        number("lowest", "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [minimum_value]))", &["minimum_value"]),
        number("highest", "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [maximum_value]))", &["maximum_value"]),
        number("current", "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [current_value]))", &["current_value"]),
        number("last_used", "CONVERT(nvarchar(40), CONVERT(decimal(38, 0), [last_used_value]))", &["last_used_value"]),
    ],
};

/// Sequences.
pub(super) const KIND: Kind = Kind { classes: &["SqlSequence"], views: &[SEQUENCES], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.sequences").rows() {
        let schema = row.int("schema_id").unwrap_or_default();
        let (Some(schema_name), Some(name)) = (source.schema(schema), row.text("name")) else { continue };
        let name = Name::one(schema_name).child(name);
        let mut element = Element::named("SqlSequence", name);
        element.set_flag("IsCycling", row.flag("is_cycling"), false);
        element.set_flag("IsCached", row.flag("is_cached"), true);
        if let Some(size) = row.int("cache_size") {
            element.set("CacheSize", size.to_string());
        }
        bounds(source, &row, &mut element);
        element.refer("Schema", source.schema_reference(schema)?);
        element.own("TypeSpecifier", vec![source.type_specifier(&row)?]);
        for (annotation, column) in [("[CurrentValue]", "current"), ("[LastUsedValue]", "last_used")] {
            if let Some(value) = row.text(column) {
                let mut online = Annotation::new("OnlinePropertyAnnotation");
                online.name = Some(annotation.into());
                online.set("Value", value);
                element.annotations.push(online);
            }
        }
        x.push(element);
    }
    Ok(())
}

/// Increment, bounds and start. A bound that is the type's own is not written.
fn bounds(source: &Source<'_>, row: &CatalogRow<'_>, element: &mut Element) {
    let value = |column: &str| row.text(column).unwrap_or_default().to_owned();
    let base = row.int("user_type_id").and_then(|id| source.view("sys.types").row_by("user_type_id", id));
    let system = base.and_then(|t| t.int("system_type_id")).or_else(|| row.int("user_type_id")).unwrap_or_default();
    let (lowest, highest) = limits(system, row.int("precision").unwrap_or(18));
    if value("lowest") != lowest {
        element.set("HasNoMinValue", "False").set("MinValue", value("lowest"));
    }
    if value("highest") != highest {
        element.set("HasNoMaxValue", "False").set("MaxValue", value("highest"));
    }
    element.set("Increment", value("step"));
    let natural = if value("step").starts_with('-') { value("highest") } else { value("lowest") };
    if value("start") != natural {
        element.set("StartValue", value("start"));
    }
}

/// The limits of a type by its system type id.
fn limits(system_type_id: i64, precision: i64) -> (String, String) {
    let whole = |low: i64, high: i64| (low.to_string(), high.to_string());
    match system_type_id {
        48 => whole(0, 255),
        52 => whole(i16::MIN.into(), i16::MAX.into()),
        56 => whole(i32::MIN.into(), i32::MAX.into()),
        127 => whole(i64::MIN, i64::MAX),
        _ => {
            let digits = "9".repeat(usize::try_from(precision).unwrap_or(18).min(38));
            (format!("-{digits}"), digits)
        }
    }
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &[
            "IsCycling",
            "IsCached",
            "CacheSize",
            "HasNoMaxValue",
            "HasNoMinValue",
            "MinValue",
            "MaxValue",
            "Increment",
            "StartValue",
        ],
        &["Schema", "TypeSpecifier"],
    )?;
    let name = name_of(element)?;
    let mut text = format!("CREATE SEQUENCE {name}");
    let mut line = |clause: String| {
        text.push_str("\n    ");
        text.push_str(&clause);
    };
    if let Some(specifier) = element.children("TypeSpecifier").next() {
        line(format!("AS {}", type_specifier::script(specifier)?));
    }
    let value = |property: &str| element.property(property).filter(|v| *v != "Null");
    for (property, word) in [("StartValue", "START WITH"), ("Increment", "INCREMENT BY")] {
        if let Some(value) = value(property) {
            line(format!("{word} {value}"));
        }
    }
    for (property, word) in [("MinValue", "MINVALUE"), ("MaxValue", "MAXVALUE")] {
        if let Some(value) = value(property) {
            line(format!("{word} {value}"));
        }
    }
    if element.flag("IsCycling", false) {
        line("CYCLE".into());
    }
    match value("CacheSize") {
        Some(size) => line(format!("CACHE {size}")),
        None if !element.flag("IsCached", true) => line("NO CACHE".into()),
        None => {}
    }
    text.push(';');
    out.push(Statement::of(Phase::Sequences, element, text));
    if let Some(value) = next_value(element) {
        let text = format!("ALTER SEQUENCE {name} RESTART WITH {value};");
        out.push(Statement::new(Phase::Finish, element.label(), text).after([name.clone()]));
    }
    Ok(())
}

/// The value with which numbering goes on. `current_value` of a sequence that was used is the value used last; of one
/// never used, its start. Where the last used value is not said to be missing, the next one is meant.
fn next_value(element: &Element) -> Option<String> {
    let online = |name: &str| {
        let mut found = element.annotations.iter().filter(|a| a.kind == "OnlinePropertyAnnotation");
        found.find(|a| a.name.as_deref() == Some(name)).and_then(|a| a.property("Value"))
    };
    let last = online("[LastUsedValue]").or_else(|| online("[LastValue]")).or_else(|| online("[CurrentValue]"))?;
    let last: i128 = last.parse().ok()?;
    let number = |property: &str| element.property(property).and_then(|v| v.parse::<i128>().ok());
    let step = number("Increment").unwrap_or(1);
    let start = number("StartValue").or_else(|| number(if step < 0 { "MaxValue" } else { "MinValue" }));
    if Some(last) == start && online("[LastUsedValue]").is_none() {
        // Not used, or used once: to give a number twice is worse than to leave one out, except that a sequence that
        // was never used begins at its start.
        return Some(last.to_string());
    }
    let next = last.checked_add(step)?;
    let within = number("MaxValue").is_none_or(|max| next <= max) && number("MinValue").is_none_or(|min| next >= min);
    within.then(|| next.to_string())
}
