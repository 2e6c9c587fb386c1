//! `model.xml` and the small XML parts. A model that is read must be the same when it has been written and read again.

use crate::hunt::hunt;
use bacpac_core::model::{CompareOptions, Element, Entry, Model, ModelHeader, ModelIndex, Reference, compare};
use bacpac_core::objects::{ScriptOptions, data_tables, script, unique_keys};
use bacpac_core::package::{ContentTypes, DacMetadata, LineEnds, Origin, Relationships};
use bacpac_core::{Name, ObjectName};

fn name(parts: &[&str]) -> Name {
    Name::from_parts(parts.iter().copied()).expect("parts")
}

/// A table, a key, a view and what else a model may have.
pub(crate) fn model() -> Model {
    let mut model = Model::new(ModelHeader::new("Sql150"));
    let mut options = Element::nameless("SqlDatabaseOptions");
    options.set("Collation", "SQL_Latin1_General_CP1_CI_AS");
    let mut table = Element::named("SqlTable", name(&["dbo", "T]x"]));
    table.set("IsAnsiNullsOn", "True");
    let column = |column: &str, kind: &str, facet: Option<(&str, &str)>| {
        let mut specifier = Element::nameless("SqlTypeSpecifier");
        facet.into_iter().for_each(|(facet, value)| _ = specifier.set(facet, value));
        specifier.refer("Type", Reference::built_in(Name::one(kind)));
        let mut element = Element::named("SqlSimpleColumn", name(&["dbo", "T]x", column]));
        element.set("IsNullable", "False").own("TypeSpecifier", vec![specifier]);
        element
    };
    let columns = vec![
        column("Id", "int", None),
        column("Name", "nvarchar", Some(("Length", "50"))),
        column("Body", "varbinary", Some(("IsMax", "True"))),
        column("Amount", "decimal", Some(("Precision", "18"))),
    ];
    table.own("Columns", columns).refer("Schema", Reference::built_in(Name::one("dbo")));
    let mut specification = Element::nameless("SqlIndexedColumnSpecification");
    specification.refer("Column", Reference::to(name(&["dbo", "T]x", "Id"])));
    let mut key = Element::named("SqlPrimaryKeyConstraint", name(&["dbo", "PK_T"]));
    key.own("ColumnSpecifications", vec![specification]);
    key.refer("DefiningTable", Reference::to(name(&["dbo", "T]x"])));
    let mut view = Element::named("SqlView", name(&["dbo", "v"]));
    view.set_script("QueryScript", "SELECT Id, N'<é]]>' AS a FROM dbo.[T]]x]\r\n");
    view.relate("QueryDependencies", vec![Entry::References(Reference::to(name(&["dbo", "T]x", "Id"])))]);
    let mut property = Element::named("SqlExtendedProperty", name(&["SqlTableBase", "dbo", "T]x", "MS_Description"]));
    property.set_script("Value", "N'what it is'");
    property.refer("Host", Reference::to(name(&["dbo", "T]x"])));
    model.elements = vec![options, key, table, view, property];
    model
}

#[test]
fn models() {
    let first = model().write(Vec::new()).expect("memory takes it");
    let mut second = Model::read(&first[..]).expect("our own");
    second.elements.reverse();
    second.elements.truncate(2);
    second.format.bom = true;
    let seeds = [first, second.write(Vec::new()).expect("memory takes it")];
    hunt(
        "models",
        |length| 64 * length + (1 << 20),
        |random| random.mutate(&seeds),
        |bytes| {
            let Ok(model) = Model::read(bytes) else { return };
            let written = model.write(Vec::new()).expect("memory takes it");
            let again = Model::read(&written[..]).unwrap_or_else(|e| panic!("what was read can be read again: {e}"));
            assert_eq!(again.elements, model.elements);
            assert!(compare(&model, &again, &CompareOptions::default()).is_empty());
            let _ = ModelIndex::new(&model);
            let _ = (data_tables(&model), unique_keys(&model));
            let _ = script(&model, &ScriptOptions::default().skip_unsupported(true));
        },
    );
}

#[test]
fn small_parts() {
    let mut origin = Origin::new(true);
    origin.server_version = Some("Microsoft SQL Server 2022\nline two".into());
    origin.table_row_count = Some(7);
    origin.set_model_checksum(&[7; 32]);
    origin.set_data_phase_tables([&ObjectName::new("dbo", "T")]);
    let mut counts = bacpac_core::package::ObjectCounts::new();
    counts.add("SqlTable");
    origin.object_counts = Some(counts);
    let relationships = "<?xml version=\"1.0\" encoding=\"utf-8\"?><Relationships \
                         xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship \
                         Type=\"a\" Target=\"/model.xml\" Id=\"R1\" /></Relationships>";
    let seeds = [
        origin.to_xml(LineEnds::CrLf),
        DacMetadata::new("name <&>").to_xml(LineEnds::Lf),
        ContentTypes::of_package(true, true, true).to_xml(),
        relationships.as_bytes().to_vec(),
    ];
    hunt(
        "small parts",
        |length| 96 * length + (1 << 18),
        |random| random.mutate(&seeds),
        |bytes| {
            if let Ok(origin) = Origin::parse(bytes) {
                let _ = (origin.check_versions(), origin.check_model(&[7; 32]), origin.model_checksum().map(str::len));
                // Digests are written in upper case, and U+FFFD for what XML cannot hold; then nothing changes any more.
                let write = |origin: &Origin| {
                    Origin::parse(&origin.to_xml(LineEnds::Lf)).unwrap_or_else(|e| panic!("our own: {e}"))
                };
                let again = write(&origin);
                assert_eq!(write(&again), again);
            }
            if let Ok(metadata) = DacMetadata::parse(bytes) {
                let _ = DacMetadata::parse(&metadata.to_xml(LineEnds::Lf)).unwrap_or_else(|e| panic!("our own: {e}"));
            }
            if let Ok(types) = ContentTypes::parse(bytes) {
                let _ = types.of("Data/dbo.T/TableData-000-00000.BCP");
            }
            let _ = Relationships::parse(bytes);
        },
    );
}
