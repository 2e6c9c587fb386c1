//! What views, procedures, functions and triggers share: their text, its settings, its parameters.
//!
//! A module's text is carried as it is: header, body and footer put together. It is never parsed beyond its header.

use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{built_in, dependencies, incomplete, name_of, type_specifier};
use crate::error::Result;
use crate::ident::{Name, quote};
use crate::model::{Annotation, Element, Property, PropertyValue, Reference};
use crate::tsql::{ExecuteAs, Module, ModuleOptions};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

/// The views that modules are read from.
pub(super) const VIEWS: &[View] = &[
    View {
        name: "sys.sql_modules",
        columns: &[
            column("object_id"),
            column("definition"),
            column("uses_ansi_nulls"),
            column("uses_quoted_identifier"),
        ],
    },
    View {
        name: "sys.parameters",
        columns: &[
            column("object_id"),
            column("parameter_id"),
            column("name"),
            column("user_type_id"),
            column("max_length"),
            column("precision"),
            column("scale"),
            column("is_output"),
            column("is_readonly"),
            column("is_xml_document"),
            column("xml_collection_id"),
        ],
    },
];

/// The properties that every module may have.
pub(super) const PROPERTIES: &[&str] = &[
    "IsEncrypted",
    "IsSchemaBound",
    "IsNativeCompiled",
    "IsCaller",
    "IsSelf",
    "IsOwner",
    "IsAnsiNullsOn",
    "IsQuotedIdentifierOn",
    "BodyScript",
    "QueryScript",
];

/// A module that the catalog has, as text.
pub(super) struct Text {
    /// The text, with the catalog's name in it.
    pub(super) text: String,
    pub(super) ansi_nulls: bool,
    pub(super) quoted_identifier: bool,
}

impl Text {
    pub(super) fn module(&self) -> Result<Module<'_>> {
        Module::parse(&self.text, self.quoted_identifier)
    }

    /// A script property with its settings.
    pub(super) fn script(&self, name: &str, text: &str) -> Property {
        let value = PropertyValue::Script {
            text: text.into(),
            quoted_identifiers: Some(self.quoted_identifier),
            ansi_nulls: Some(self.ansi_nulls),
        };
        Property { name: name.into(), value }
    }

    /// The settings and options that every module has.
    pub(super) fn set_options(&self, element: &mut Element, options: &ModuleOptions) {
        element.set_flag("IsSchemaBound", options.schema_binding, false);
        element.set_flag("IsNativeCompiled", options.native_compilation, false);
        element.set_flag("IsAnsiNullsOn", self.ansi_nulls, false);
        element.set_flag("IsQuotedIdentifierOn", self.quoted_identifier, true);
        match &options.execute_as {
            None | Some(ExecuteAs::Caller) => return,
            Some(ExecuteAs::Owner) => element.set("IsOwner", "True"),
            Some(ExecuteAs::SelfUser) => element.set("IsSelf", "True"),
            Some(ExecuteAs::User(user)) => element.refer("User", built_in::principal(user)),
        };
        element.set("IsCaller", "False");
    }
}

/// The text of the module `name`, under the catalog's name. Refused or left out with a warning: encrypted modules, and
/// those whose header cannot be read.
pub(super) fn text(
    source: &Source<'_>,
    x: &mut Extraction,
    class: &str,
    object_id: i64,
    name: &Name,
) -> Result<Option<Text>> {
    let object = format!("{class} {name}");
    let row = source.view("sys.sql_modules").row_by("object_id", object_id);
    let Some((row, definition)) = row.and_then(|row| Some((row, row.text("definition")?))) else {
        x.unsupported(object, "its text cannot be read: it is encrypted, or the login may not see definitions")?;
        return Ok(None);
    };
    let quoted_identifier = row.flag("uses_quoted_identifier");
    let parsed = match Module::parse(definition, quoted_identifier) {
        Ok(parsed) => parsed,
        Err(error) => {
            x.unsupported(object, error.message().to_owned())?;
            return Ok(None);
        }
    };
    if parsed.options.encryption {
        x.unsupported(object, "it is encrypted")?;
        return Ok(None);
    }
    let renamed = match name.object() {
        Some(object) => parsed.renamed(&object.schema, &object.name),
        // A trigger on the database has no schema.
        None => {
            (parsed.name.last().map(String::as_str) != Some(name.last())).then(|| parsed.with_name(&quote(name.last())))
        }
    };
    let text = renamed.unwrap_or_else(|| parsed.text());
    Ok(Some(Text { text, ansi_nulls: row.flag("uses_ansi_nulls"), quoted_identifier }))
}

/// Header, footer and lengths, as they stand beside the body.
pub(super) fn annotation(module: &Module<'_>) -> Annotation {
    let mut annotation = Annotation::new("SysCommentsObjectAnnotation");
    if module.create_offset() > 0 {
        annotation.set("CreateOffset", module.create_offset().to_string());
    }
    annotation.set("Length", module.length().to_string());
    annotation.set("StartLine", "1").set("StartColumn", "1").set("HeaderContents", module.header);
    if !module.footer.is_empty() {
        annotation.set("FooterContents", module.footer);
    }
    annotation
}

/// The parameters of a module: names and defaults from its text, types from the catalog.
pub(super) fn parameters(
    source: &Source<'_>,
    object_id: i64,
    name: &Name,
    text: &Text,
    module: &Module<'_>,
) -> Result<Vec<Element>> {
    let mut rows: Vec<CatalogRow<'_>> = source
        .view("sys.parameters")
        .rows_by("object_id", object_id)
        .filter(|row| row.int("parameter_id").is_some_and(|id| id > 0))
        .collect();
    rows.sort_by_key(|row| row.int("parameter_id"));
    let mut parameters = Vec::new();
    for parameter in &module.parameters {
        let mut element = Element::named("SqlSubroutineParameter", name.child(&parameter.name));
        element.set_flag("IsOutput", parameter.output, false);
        if let Some(default) = parameter.default {
            element.properties.push(text.script("DefaultExpressionScript", default));
        }
        element.set_flag("IsVarying", parameter.varying, false);
        element.set_flag("IsReadOnly", parameter.read_only, false);
        element.set_flag("IsNullable", parameter.nullable != Some(false), true);
        let is_cursor = parameter.type_name.name.last().is_some_and(|t| t.eq_ignore_ascii_case("cursor"));
        let row = rows.iter().find(|row| row.text("name").is_some_and(|n| n.eq_ignore_ascii_case(&parameter.name)));
        let specifier = match row {
            Some(row) if !is_cursor => source.type_specifier(row)?,
            _ if is_cursor => {
                let mut specifier = Element::nameless("SqlTypeSpecifier");
                specifier.refer("Type", Reference::built_in(Name::one("cursor")));
                specifier
            }
            _ => return Err(super::source::missing(format!("{name} has no parameter {}", parameter.name))),
        };
        element.own("Type", vec![specifier]);
        parameters.push(element);
    }
    Ok(parameters)
}

/// The element that has the text: the function's implementation, or the module itself.
fn implementation(element: &Element) -> &Element {
    element.children("FunctionBody").next().unwrap_or(element)
}

/// The statement that creates a module.
pub(super) fn script(element: &Element, s: &Scripting<'_>, phase: Phase, out: &mut Vec<Statement>) -> Result<()> {
    let implementation = implementation(element);
    if element.reference("Assembly").is_some() || implementation.reference("Assembly").is_some() {
        return script_clr(element, implementation, phase, out);
    }
    let Some(comments) = implementation.annotation("SysCommentsObjectAnnotation") else {
        return Err(incomplete(element, "has no text"));
    };
    if element.annotation("UndeployableElementAnnotation").is_some() {
        return s.unsupported(element, "its text could not be read at the source");
    }
    let script = implementation.properties.iter().find(|p| p.name == "QueryScript" || p.name == "BodyScript");
    let header = comments.property("HeaderContents").unwrap_or_default();
    let body = script.map(|p| p.value.text()).unwrap_or_default();
    let footer = comments.property("FooterContents").unwrap_or_default();
    let text = [header, body, footer].concat();
    if text.trim().is_empty() {
        return Err(incomplete(element, "has no text"));
    }
    let (quoted, nulls) = match script.map(|p| &p.value) {
        Some(PropertyValue::Script { quoted_identifiers, ansi_nulls, .. }) => (*quoted_identifiers, *ansi_nulls),
        _ => (None, None),
    };
    let mut statement = Statement::new(phase, element.label(), text).after(needs(element, s));
    statement.creates.push(name_of(element)?.clone());
    statement.quoted_identifier = quoted.unwrap_or_else(|| element.flag("IsQuotedIdentifierOn", true));
    statement.ansi_nulls = nulls.unwrap_or_else(|| element.flag("IsAnsiNullsOn", false));
    out.push(statement);
    Ok(())
}

/// What must be there before a module. Procedures only name other procedures, even each other in a circle: the server
/// looks for them when they run.
fn needs(element: &Element, s: &Scripting<'_>) -> Vec<Name> {
    let mut names = dependencies(element);
    let is_procedure = |name: &Name| {
        let object = name.object().map(|o| Name::from(&o)).or_else(|| name.parent());
        object.is_some_and(|object| s.element("SqlProcedure", &object).is_some())
    };
    names.retain(|name| !is_procedure(name));
    names
}

/// `CREATE … AS EXTERNAL NAME`.
fn script_clr(element: &Element, implementation: &Element, phase: Phase, out: &mut Vec<Statement>) -> Result<()> {
    let name = name_of(element)?;
    let assembly = implementation.reference("Assembly").and_then(|r| r.name.as_ref());
    let assembly = assembly.ok_or_else(|| incomplete(element, "has no Assembly"))?;
    let part = |property: &str| {
        let value = implementation.property(property).map(quote);
        value.ok_or_else(|| incomplete(element, &format!("has no {property}")))
    };
    let external = format!("{assembly}.{}.{}", part("ClassName")?, part("MethodName")?);
    let mut parameters = Vec::new();
    for parameter in element.children("Parameters") {
        let kind = parameter.children("Type").next().ok_or_else(|| incomplete(parameter, "has no Type"))?;
        let mut text = format!("{} {}", name_of(parameter)?.last(), type_specifier::script(kind)?);
        if let Some(default) = parameter.property("DefaultExpressionScript") {
            text.push_str(&format!(" = {default}"));
        }
        if parameter.flag("IsOutput", false) {
            text.push_str(" OUTPUT");
        }
        parameters.push(text);
    }
    let parameters = parameters.join(", ");
    let execute_as = execute_as(element);
    let with = |more: &[&str]| {
        let options: Vec<&str> = more.iter().copied().chain(execute_as.as_deref()).collect();
        if options.is_empty() { String::new() } else { format!(" WITH {}", options.join(", ")) }
    };
    let text = match element.class.as_str() {
        "SqlProcedure" => format!("CREATE PROCEDURE {name} {parameters}{} AS EXTERNAL NAME {external};", with(&[])),
        "SqlScalarFunction" => {
            let kind = element.children("Type").next().ok_or_else(|| incomplete(element, "has no Type"))?;
            let nulls: &[&str] =
                if element.flag("DoReturnNullForNullInput", false) { &["RETURNS NULL ON NULL INPUT"] } else { &[] };
            let returns = type_specifier::script(kind)?;
            format!(
                "CREATE FUNCTION {name} ({parameters}) RETURNS {returns}{} AS EXTERNAL NAME {external};",
                with(nulls)
            )
        }
        "SqlMultiStatementTableValuedFunction" => {
            let mut columns = Vec::new();
            for column in element.children("Columns") {
                let kind = column.children("TypeSpecifier").next();
                let kind = kind.ok_or_else(|| incomplete(column, "has no TypeSpecifier"))?;
                columns.push(format!("{} {}", quote(name_of(column)?.last()), type_specifier::script(kind)?));
            }
            let columns = columns.join(", ");
            format!(
                "CREATE FUNCTION {name} ({parameters}) RETURNS TABLE ({columns}){} AS EXTERNAL NAME {external};",
                with(&[])
            )
        }
        _ => return Err(incomplete(element, "is of a kind that no assembly can hold")),
    };
    out.push(Statement::of(phase, element, text));
    Ok(())
}

fn execute_as(element: &Element) -> Option<String> {
    if element.flag("IsOwner", false) {
        return Some("EXECUTE AS OWNER".into());
    }
    if element.flag("IsSelf", false) {
        return Some("EXECUTE AS SELF".into());
    }
    let user = element.reference("User").and_then(|r| r.name.as_ref())?;
    Some(format!("EXECUTE AS {}", crate::ident::literal(user.last())))
}
