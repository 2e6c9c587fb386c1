//! Objects that the target's collation does not tell apart.

use crate::findings::Finding;
use crate::model::{Element, Model, NameRule};
use std::collections::HashMap;

/// Names that are the same under the model's own rule and were two.
pub(crate) fn clashes(model: &Model) -> Vec<Finding> {
    let rule = NameRule::of(&model.header);
    let mut seen: HashMap<(&'static str, Vec<String>), &Element> = HashMap::new();
    let mut findings = Vec::new();
    for top in &model.elements {
        top.visit(&mut |element| {
            let Some(name) = &element.name else { return };
            let Some(space) = space(&element.class) else { return };
            match seen.entry((space, rule.fold_name(name))) {
                std::collections::hash_map::Entry::Vacant(free) => _ = free.insert(element),
                std::collections::hash_map::Entry::Occupied(taken) => {
                    let reason = format!("the target's collation does not tell it from {}", taken.get().label());
                    findings.push(Finding::new("name_clash", reason).about(element.label()));
                }
            }
        });
    }
    findings
}

/// What shares one set of names; `None` for what need not have a name of its own.
fn space(class: &str) -> Option<&'static str> {
    Some(match class {
        "SqlAggregate"
        | "SqlCheckConstraint"
        | "SqlDefault"
        | "SqlDefaultConstraint"
        | "SqlDmlTrigger"
        | "SqlEdgeConstraint"
        | "SqlForeignKeyConstraint"
        | "SqlInlineTableValuedFunction"
        | "SqlMultiStatementTableValuedFunction"
        | "SqlPrimaryKeyConstraint"
        | "SqlProcedure"
        | "SqlQueue"
        | "SqlRule"
        | "SqlScalarFunction"
        | "SqlSecurityPolicy"
        | "SqlSequence"
        | "SqlSynonym"
        | "SqlTable"
        | "SqlUniqueConstraint"
        | "SqlView" => "object",
        "SqlTableType" | "SqlUserDefinedDataType" | "SqlUserDefinedType" => "type",
        "SqlColumnSet" | "SqlComputedColumn" | "SqlSimpleColumn" => "column",
        "SqlColumnStoreIndex" | "SqlIndex" | "SqlSpatialIndex" | "SqlXmlIndex" => "index",
        "SqlApplicationRole" | "SqlRole" | "SqlUser" => "principal",
        "SqlSchema" => "schema",
        "SqlPartitionFunction" => "partition function",
        "SqlFilegroup" | "SqlPartitionScheme" => "data space",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::model::ModelHeader;

    #[test]
    fn a_case_insensitive_target_does_not_tell_case() {
        let mut model = Model::new(ModelHeader::new("Sql160"));
        let name = |text: &str| Name::parse(text).expect("bracketed");
        let mut table = Element::named("SqlTable", name("[dbo].[Item]"));
        let column = |c: &str| Element::named("SqlSimpleColumn", name("[dbo].[Item]").child(c));
        table.own("Columns", vec![column("a"), column("A")]);
        model.elements = vec![
            table,
            Element::named("SqlView", name("[dbo].[ITEM]")),
            Element::named("SqlIndex", name("[dbo].[Item].[a]")),
        ];
        model.header.collation_case_sensitive = true;
        assert!(clashes(&model).is_empty());
        model.header.collation_case_sensitive = false;
        let found: Vec<_> = clashes(&model).into_iter().filter_map(|f| f.object).collect();
        assert_eq!(found, ["SqlSimpleColumn [dbo].[Item].[A]", "SqlView [dbo].[ITEM]"]);
    }
}
