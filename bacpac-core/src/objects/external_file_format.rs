//! File formats of external tables: `SqlExternalFileFormat`.

use super::catalog::{View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::Source;
use super::statement::{Phase, Statement};
use super::{Kind, incomplete, name_of, unsupported};
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::Element;

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const FORMATS: View = View {
    name: "sys.external_file_formats",
    columns: &[
        column("file_format_id"),
        column("name"),
        column("format_type"),
        column("field_terminator"),
        column("string_delimiter"),
        column("date_format"),
        column("use_type_default"),
        column("serde_method"),
        column("data_compression"),
    ],
};

/// External file formats.
pub(super) const KIND: Kind =
    Kind { classes: &["SqlExternalFileFormat"], views: &[FORMATS], extract: extract_all, script };

/// The kinds by their number in a model.
const TYPES: [&str; 4] = ["DELIMITEDTEXT", "RCFILE", "ORC", "PARQUET"];

/// Property, column, and word in T-SQL of what stands in `FORMAT_OPTIONS`.
const OPTIONS: [(&str, &str, &str); 3] = [
    ("FieldTerminator", "field_terminator", "FIELD_TERMINATOR"),
    ("StringDelimiter", "string_delimiter", "STRING_DELIMITER"),
    ("DateFormat", "date_format", "DATE_FORMAT"),
];

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.external_file_formats").rows() {
        let mut element = Element::named("SqlExternalFileFormat", Name::one(row.text("name").unwrap_or_default()));
        let of = row.text("format_type").unwrap_or_default();
        let Some(number) = TYPES.iter().position(|known| known.eq_ignore_ascii_case(of)) else {
            x.unsupported(element.label(), format!("a model cannot hold the file format {of}"))?;
            continue;
        };
        element.set_number("FormatType", i64::try_from(number).unwrap_or_default(), 0);
        for (property, column) in OPTIONS
            .map(|(property, column, _)| (property, column))
            .into_iter()
            .chain([("SerDeMethod", "serde_method"), ("DataCompression", "data_compression")])
        {
            if let Some(value) = row.text(column).filter(|value| !value.is_empty()) {
                element.set(property, value);
            }
        }
        element.set_flag("UseTypeDefault", row.flag("use_type_default"), false);
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    s.expect_known(
        element,
        &[
            "DataCompression",
            "DateFormat",
            "FieldTerminator",
            "FormatType",
            "SerDeMethod",
            "StringDelimiter",
            "UseTypeDefault",
        ],
        &[],
    )?;
    let number: usize = element.property("FormatType").unwrap_or("0").parse().unwrap_or(usize::MAX);
    let of = TYPES.get(number).ok_or_else(|| incomplete(element, "is of an unknown type"))?;
    let mut options = vec![format!("FORMAT_TYPE = {of}")];
    options.extend(element.property("SerDeMethod").map(|method| format!("SERDE_METHOD = {}", literal(method))));
    let mut format_options = Vec::new();
    for (property, _, word) in OPTIONS {
        format_options.extend(element.property(property).map(|value| format!("{word} = {}", literal(value))));
    }
    if element.flag("UseTypeDefault", false) {
        format_options.push("USE_TYPE_DEFAULT = TRUE".into());
    }
    if !format_options.is_empty() {
        if number != 0 {
            return Err(unsupported(element.label(), "only delimited text has format options"));
        }
        options.push(format!("FORMAT_OPTIONS ({})", format_options.join(", ")));
    }
    options.extend(element.property("DataCompression").map(|codec| format!("DATA_COMPRESSION = {}", literal(codec))));
    let text = format!("CREATE EXTERNAL FILE FORMAT {}\nWITH ({});", name_of(element)?, options.join(", "));
    out.push(Statement::of(Phase::Keys, element, text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::ident::Name;
    use crate::model::{Element, Model, ModelHeader};
    use crate::objects::{ScriptOptions, script};

    #[test]
    fn options_are_written_as_the_server_reads_them() {
        let mut element = Element::named("SqlExternalFileFormat", Name::one("csv"));
        element.set("FieldTerminator", "|").set("UseTypeDefault", "True");
        let mut model = Model::new(ModelHeader::new("Sql150"));
        model.elements.push(element);
        let scripted = script(&model, &ScriptOptions::default()).expect("it scripts");
        assert_eq!(
            scripted.statements[0].text,
            "CREATE EXTERNAL FILE FORMAT [csv]\nWITH (FORMAT_TYPE = DELIMITEDTEXT, \
             FORMAT_OPTIONS (FIELD_TERMINATOR = N'|', USE_TYPE_DEFAULT = TRUE));"
        );
    }
}
