//! The SELECT that reads a table's rows. Pure.

use super::RowsRequest;
use crate::ident::quote;
use crate::sql_type::SqlType;
use std::fmt::Write;

/// What a column of the result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The column of the request with this index.
    Column(usize),
    /// The name of the collation of the sql_variant that follows.
    VariantCollation,
}

/// The statement and what its columns are. `cast` names the type a column is cast to, where it is not read as it is.
pub(crate) fn select(request: &RowsRequest, cast: impl Fn(&SqlType) -> Option<&'static str>) -> (String, Vec<Source>) {
    let mut sql = String::from("SELECT ");
    let mut sources = Vec::with_capacity(request.columns.len());
    for (i, column) in request.columns.iter().enumerate() {
        if i > 0 {
            sql.push_str(", ");
        }
        let name = column_name(&column.name);
        if column.sql_type == SqlType::SqlVariant {
            // The driver drops the collation of nchar and nvarchar inside a sql_variant.
            let _ = write!(sql, "CAST(SQL_VARIANT_PROPERTY({name}, N'Collation') AS nvarchar(128)), ");
            sources.push(Source::VariantCollation);
        }
        match cast(&column.sql_type) {
            // Writing to a String cannot fail.
            Some(to) => drop(write!(sql, "CAST({name} AS {to})")),
            None => sql.push_str(&name),
        }
        sources.push(Source::Column(i));
    }
    push_from(&mut sql, request);
    (sql, sources)
}

/// A column in brackets; the columns that a graph table has of itself are known only without them.
pub(crate) fn column_name(name: &str) -> String {
    match name {
        "$node_id" | "$edge_id" | "$from_id" | "$to_id" => name.to_owned(),
        name => quote(name),
    }
}

/// ` FROM …`, with the hints, the filter and the order of the request.
pub(crate) fn push_from(sql: &mut String, request: &RowsRequest) {
    let _ = write!(sql, " FROM {}", request.table);
    if !request.hints.is_empty() {
        let _ = write!(sql, " WITH ({})", request.hints.join(", "));
    }
    if let Some(filter) = &request.filter {
        let _ = write!(sql, " WHERE ({filter}\n)");
    }
    for (i, (column, descending)) in request.order_by.iter().enumerate() {
        sql.push_str(if i == 0 { " ORDER BY " } else { ", " });
        sql.push_str(&column_name(column));
        if *descending {
            sql.push_str(" DESC");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcp::Column;
    use crate::ident::ObjectName;

    #[test]
    fn statements() {
        let mut request = RowsRequest::new(
            ObjectName::new("dbo", "a]b"),
            vec![
                Column::new("id", SqlType::Int, false),
                Column::new("v", SqlType::SqlVariant, true),
                Column::new("x", SqlType::Xml, true),
            ],
        );
        let cast = |sql_type: &SqlType| (*sql_type == SqlType::Xml).then_some("nvarchar(max)");
        let (sql, sources) = select(&request, cast);
        assert_eq!(
            sql,
            "SELECT [id], CAST(SQL_VARIANT_PROPERTY([v], N'Collation') AS nvarchar(128)), [v], \
             CAST([x] AS nvarchar(max)) FROM [dbo].[a]]b]"
        );
        assert_eq!(sources, [Source::Column(0), Source::VariantCollation, Source::Column(1), Source::Column(2)]);
        request.filter = Some("id > 3 -- all".into());
        request.order_by = vec![("id".into(), false), ("v".into(), true)];
        request.hints = vec!["READPAST".into()];
        let (sql, _) = select(&request, cast);
        assert!(
            sql.ends_with(" FROM [dbo].[a]]b] WITH (READPAST) WHERE (id > 3 -- all\n) ORDER BY [id], [v] DESC"),
            "{sql}"
        );
    }
}
