//! XML schema collections: `SqlXmlSchemaCollection`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, incomplete, name_of};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::Element;

const XML_SCHEMA_COLLECTIONS: View = View {
    name: "sys.xml_schema_collections",
    columns: &[ViewColumn::computed(
        "schema_text",
        "CASE WHEN [xml_collection_id] > 1 THEN CONVERT(nvarchar(max), XML_SCHEMA_NAMESPACE(SCHEMA_NAME([schema_id]), [name])) END",
        &["schema_id", "name", "xml_collection_id"],
    )],
};

/// XML schema collections.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlXmlSchemaCollection"], views: &[XML_SCHEMA_COLLECTIONS], extract: extract_all, script };

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.xml_schema_collections").rows() {
        let schema = row.int("schema_id").and_then(|id| source.schema(id));
        let (Some(schema), Some(name)) = (schema, row.text("name")) else { continue };
        if schema == "sys" {
            continue;
        }
        let name = Name::one(schema).child(name);
        let Some(text) = row.text("schema_text") else {
            x.unsupported(format!("SqlXmlSchemaCollection {name}"), "its schemas cannot be read")?;
            continue;
        };
        let mut element = Element::named("SqlXmlSchemaCollection", name.clone());
        element.set_script("SchemaExpression", literal(text));
        element.refer("Schema", source.schema_of(&name));
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(element, &["SchemaExpression"], &["Schema"])?;
    let schemas = element.property("SchemaExpression").ok_or_else(|| incomplete(element, "has no SchemaExpression"))?;
    let text = format!("CREATE XML SCHEMA COLLECTION {} AS {schemas};", name_of(element)?);
    out.push(Statement::of(Phase::Types, element, text));
    Ok(())
}
