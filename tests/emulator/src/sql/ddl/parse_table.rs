//! CREATE TABLE, ALTER TABLE, indexes and statistics.

use super::ast::{
    AlterColumn, AlterTable, ColumnDef, ConstraintDef, ConstraintKind, CreateTable, Ddl, DropKind, Element, IndexDef,
    KeyColumn, Opt, SpaceRef,
};
use crate::error::SqlResult;
use crate::sql::ast::TypeName;
use crate::sql::lexer::Tok;
use crate::sql::parser::Parser;
use crate::state::{GeneratedAlways, ReferentialAction, SelectiveXml};

impl Parser<'_> {
    pub(super) fn create_table(&mut self) -> SqlResult<Ddl> {
        self.advance();
        let external = self.accept_word("EXTERNAL");
        self.expect_word("TABLE")?;
        let name = self.object_name()?;
        let mut table = CreateTable {
            name,
            elements: Vec::new(),
            node: false,
            edge: false,
            filetable: false,
            external,
            on: None,
            textimage_on: None,
            filestream_on: None,
            options: Vec::new(),
        };
        if self.accept_words(&["AS", "FILETABLE"]) {
            table.filetable = true;
        } else if self.is_op("(") {
            table.elements = self.table_elements()?;
        } else if !self.is_word("AS") {
            return Err(self.syntax_error());
        }
        loop {
            if self.accept_words(&["AS", "NODE"]) {
                table.node = true;
            } else if self.accept_words(&["AS", "EDGE"]) {
                table.edge = true;
            } else if self.accept_words(&["AS", "FILETABLE"]) {
                table.filetable = true;
            } else if self.accept_word("ON") {
                table.on = Some(self.space()?);
            } else if self.accept_word("TEXTIMAGE_ON") {
                table.textimage_on = Some(self.space()?.name);
            } else if self.accept_word("FILESTREAM_ON") {
                table.filestream_on = Some(self.space()?.name);
            } else if self.is_word("WITH") && self.is_op_at(1, "(") {
                self.advance();
                table.options.extend(self.options()?);
            } else {
                break;
            }
        }
        Ok(Ddl::CreateTable(Box::new(table)))
    }

    /// `( column | constraint | index | period, … )`, also of table types and table variables.
    pub fn table_elements(&mut self) -> SqlResult<Vec<Element>> {
        self.expect_op("(")?;
        let mut elements: Vec<Element> = Vec::new();
        loop {
            if self.is_op(")") && !elements.is_empty() {
                break;
            }
            let element = self.nested(Self::table_element)?;
            elements.push(element);
            // A table constraint may follow without a comma.
            if !self.accept_op(",")
                && !self.is_any_word(&["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "INDEX"])
            {
                break;
            }
        }
        self.expect_op(")")?;
        Ok(elements)
    }

    pub(super) fn table_element(&mut self) -> SqlResult<Element> {
        if self.is_word("PERIOD") && self.is_word_at(1, "FOR") {
            self.accept_words(&["PERIOD", "FOR"]);
            self.expect_word("SYSTEM_TIME")?;
            let names = self.names_in_parentheses()?;
            let [start, end] = names.as_slice() else { return Err(self.syntax_error()) };
            return Ok(Element::Period(start.clone(), end.clone()));
        }
        if self.is_word("INDEX") && !self.is_op_at(1, ",") {
            return Ok(Element::Index(Box::new(self.inline_index(None)?)));
        }
        if self.is_any_word(&["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONNECTION", "DEFAULT"])
            && (!self.is_word("CONNECTION") || self.is_op_at(1, "("))
        {
            return Ok(Element::Constraint(self.constraint(None)?));
        }
        Ok(Element::Column(Box::new(self.column_definition()?)))
    }

    pub(super) fn column_definition(&mut self) -> SqlResult<ColumnDef> {
        let mut column = ColumnDef { line: self.line(), ..ColumnDef::default() };
        column.name = self.identifier()?;
        if self.accept_word("AS") {
            let expr = self.parse_expr()?;
            let persisted = self.accept_word("PERSISTED");
            column.computed = Some((expr, persisted));
        } else if (self.is_op(",") || self.is_op(")")) && column.name.eq_ignore_ascii_case("timestamp") {
            column.type_name = Some(TypeName { name: "timestamp".to_owned(), ..TypeName::default() });
        } else {
            column.type_name = Some(self.type_name()?);
        }
        self.column_properties(&mut column)?;
        Ok(column)
    }

    fn column_properties(&mut self, column: &mut ColumnDef) -> SqlResult<()> {
        loop {
            if self.accept_word("NULL") {
                column.nullable = Some(true);
            } else if self.accept_words(&["NOT", "NULL"]) {
                column.nullable = Some(false);
            } else if self.accept_words(&["NOT", "FOR", "REPLICATION"]) {
                column.not_for_replication = true;
            } else if self.accept_word("COLLATE") {
                column.collation = Some(self.identifier()?);
            } else if self.accept_word("IDENTITY") {
                column.identity = Some((1, 1));
                if self.accept_op("(") {
                    let seed = self.signed_integer()?;
                    self.expect_op(",")?;
                    let increment = self.signed_integer()?;
                    self.expect_op(")")?;
                    column.identity = Some((seed, increment));
                }
            } else if self.accept_word("ROWGUIDCOL") {
                column.rowguidcol = true;
            } else if self.accept_word("SPARSE") {
                column.sparse = true;
            } else if self.accept_words(&["COLUMN_SET", "FOR", "ALL_SPARSE_COLUMNS"]) {
                column.column_set = true;
            } else if self.accept_word("FILESTREAM") {
                column.filestream = true;
            } else if self.accept_word("PERSISTED") {
                if let Some((_, persisted)) = &mut column.computed {
                    *persisted = true;
                }
            } else if self.accept_words(&["GENERATED", "ALWAYS", "AS"]) {
                column.generated = self.generated_always()?;
            } else if self.accept_word("HIDDEN") {
                column.hidden = true;
            } else if self.accept_word("MASKED") {
                self.expect_word("WITH")?;
                let options = self.options()?;
                column.masked = options.into_iter().find(|option| option.name == "FUNCTION").map(|option| option.value);
            } else if self.accept_words(&["ENCRYPTED", "WITH"]) {
                column.encrypted = Some(self.options()?);
            } else if self.is_word("INDEX") {
                column.index = Some(self.inline_index(Some(&column.name))?);
            } else if self.is_any_word(&[
                "CONSTRAINT",
                "PRIMARY",
                "UNIQUE",
                "FOREIGN",
                "REFERENCES",
                "CHECK",
                "DEFAULT",
            ]) {
                column.constraints.push(self.constraint(Some(&column.name))?);
            } else {
                return Ok(());
            }
        }
    }

    fn generated_always(&mut self) -> SqlResult<GeneratedAlways> {
        for (words, kind) in [
            (&["ROW", "START"], GeneratedAlways::RowStart),
            (&["ROW", "END"], GeneratedAlways::RowEnd),
            (&["TRANSACTION_ID", "START"], GeneratedAlways::TransactionIdStart),
            (&["TRANSACTION_ID", "END"], GeneratedAlways::TransactionIdEnd),
            (&["SEQUENCE_NUMBER", "START"], GeneratedAlways::SequenceNumberStart),
            (&["SEQUENCE_NUMBER", "END"], GeneratedAlways::SequenceNumberEnd),
        ] {
            if self.accept_words(words) {
                return Ok(kind);
            }
        }
        Err(self.syntax_error())
    }

    /// A constraint of a column (whose name is given) or of the table.
    pub(super) fn constraint(&mut self, column: Option<&str>) -> SqlResult<ConstraintDef> {
        let name = if self.accept_word("CONSTRAINT") { Some(self.identifier()?) } else { None };
        let kind = if self.accept_words(&["PRIMARY", "KEY"]) {
            self.key(true, column)?
        } else if self.accept_word("UNIQUE") {
            self.key(false, column)?
        } else if self.is_word("FOREIGN") || self.is_word("REFERENCES") {
            self.foreign_key(column)?
        } else if self.accept_word("CHECK") {
            let not_for_replication = self.accept_words(&["NOT", "FOR", "REPLICATION"]);
            self.expect_op("(")?;
            let expr = self.parse_condition()?;
            self.expect_op(")")?;
            ConstraintKind::Check { expr, not_for_replication }
        } else if self.accept_word("DEFAULT") {
            let expr = self.parse_expr()?;
            let mut target = None;
            let mut with_values = false;
            loop {
                if column.is_none() && self.accept_word("FOR") {
                    target = Some(self.identifier()?);
                } else if self.accept_words(&["WITH", "VALUES"]) {
                    with_values = true;
                } else {
                    break;
                }
            }
            ConstraintKind::Default { expr, column: column.map(str::to_owned).or(target), with_values }
        } else if self.accept_word("CONNECTION") {
            self.expect_op("(")?;
            let mut clauses = Vec::new();
            loop {
                let from = self.object_name()?;
                self.expect_word("TO")?;
                clauses.push((from, self.object_name()?));
                if !self.accept_op(",") {
                    break;
                }
            }
            self.expect_op(")")?;
            let on_delete =
                if self.accept_words(&["ON", "DELETE"]) { self.action()? } else { ReferentialAction::NoAction };
            ConstraintKind::Edge { clauses, on_delete }
        } else {
            return Err(self.syntax_error());
        };
        Ok(ConstraintDef { name, kind })
    }

    fn key(&mut self, primary: bool, column: Option<&str>) -> SqlResult<ConstraintKind> {
        let mut clustered = None;
        let mut hash = false;
        loop {
            if self.accept_word("CLUSTERED") {
                clustered = Some(true);
            } else if self.accept_word("NONCLUSTERED") {
                clustered = Some(false);
            } else if self.accept_word("HASH") {
                hash = true;
            } else {
                break;
            }
        }
        let columns = if self.is_op("(") {
            self.key_columns()?
        } else {
            match column {
                Some(name) => vec![(name.to_owned(), false)],
                None => return Err(self.syntax_error()),
            }
        };
        let (options, on) = self.index_tail()?;
        self.accept_words(&["NOT", "ENFORCED"]);
        Ok(ConstraintKind::Key { primary, clustered, hash, columns, options, on })
    }

    pub(super) fn key_columns(&mut self) -> SqlResult<Vec<KeyColumn>> {
        self.expect_op("(")?;
        let mut columns = Vec::new();
        loop {
            let name = self.index_column()?;
            let descending = self.accept_word("DESC");
            if !descending {
                self.accept_word("ASC");
            }
            columns.push((name, descending));
            if !self.accept_op(",") {
                break;
            }
        }
        self.expect_op(")")?;
        Ok(columns)
    }

    /// A column's name; graph tables have `$node_id` and its like.
    fn index_column(&mut self) -> SqlResult<String> {
        match self.peek().clone() {
            Tok::Word(word) if word.starts_with('$') => {
                self.advance();
                Ok(word)
            }
            _ => self.identifier(),
        }
    }

    /// `WITH (…)`, `WITH FILLFACTOR = n`, `ON space`, `FILESTREAM_ON space`.
    fn index_tail(&mut self) -> SqlResult<(Vec<Opt>, Option<SpaceRef>)> {
        let mut options = Vec::new();
        let mut on = None;
        loop {
            if self.is_word("WITH")
                && !self.is_word_at(1, "CHECK")
                && !self.is_word_at(1, "NOCHECK")
                && !self.is_word_at(1, "VALUES")
            {
                self.advance();
                if self.is_op("(") {
                    options.extend(self.options()?);
                } else {
                    options.extend(self.loose_options()?);
                }
            } else if self.is_word("ON") && !self.is_word_at(1, "DELETE") && !self.is_word_at(1, "UPDATE") {
                self.advance();
                on = Some(self.space()?);
            } else if self.accept_word("FILESTREAM_ON") {
                self.space()?;
            } else {
                return Ok((options, on));
            }
        }
    }

    pub(super) fn space(&mut self) -> SqlResult<SpaceRef> {
        let name = self.identifier_or_string()?;
        let column = if self.accept_op("(") {
            let column = self.identifier()?;
            self.expect_op(")")?;
            Some(column)
        } else {
            None
        };
        Ok(SpaceRef { name, column })
    }

    fn foreign_key(&mut self, column: Option<&str>) -> SqlResult<ConstraintKind> {
        let mut columns: Vec<String> = column.map(str::to_owned).into_iter().collect();
        if self.accept_words(&["FOREIGN", "KEY"]) && self.is_op("(") {
            columns = self.names_in_parentheses()?;
        }
        self.expect_word("REFERENCES")?;
        let target = self.object_name()?;
        let target_columns = if self.is_op("(") { self.names_in_parentheses()? } else { Vec::new() };
        let (mut on_delete, mut on_update) = (ReferentialAction::NoAction, ReferentialAction::NoAction);
        let mut not_for_replication = false;
        loop {
            if self.accept_words(&["ON", "DELETE"]) {
                on_delete = self.action()?;
            } else if self.accept_words(&["ON", "UPDATE"]) {
                on_update = self.action()?;
            } else if self.accept_words(&["NOT", "FOR", "REPLICATION"]) {
                not_for_replication = true;
            } else {
                break;
            }
        }
        Ok(ConstraintKind::ForeignKey { columns, target, target_columns, on_delete, on_update, not_for_replication })
    }

    fn action(&mut self) -> SqlResult<ReferentialAction> {
        for (words, action) in [
            (&["NO", "ACTION"][..], ReferentialAction::NoAction),
            (&["CASCADE"][..], ReferentialAction::Cascade),
            (&["SET", "NULL"][..], ReferentialAction::SetNull),
            (&["SET", "DEFAULT"][..], ReferentialAction::SetDefault),
        ] {
            if self.accept_words(words) {
                return Ok(action);
            }
        }
        Err(self.syntax_error())
    }

    fn inline_index(&mut self, column: Option<&str>) -> SqlResult<IndexDef> {
        self.expect_word("INDEX")?;
        let mut index = IndexDef { name: self.identifier()?, ..IndexDef::default() };
        self.index_kind(&mut index);
        if self.is_op("(") {
            index.columns = self.key_columns()?;
        } else if let Some(column) = column {
            index.columns = vec![(column.to_owned(), false)];
        } else if !index.columnstore {
            return Err(self.syntax_error());
        }
        self.index_clauses(&mut index)?;
        Ok(index)
    }

    fn index_kind(&mut self, index: &mut IndexDef) {
        loop {
            if self.accept_word("UNIQUE") {
                index.unique = true;
            } else if self.accept_word("CLUSTERED") {
                index.clustered = Some(true);
            } else if self.accept_word("NONCLUSTERED") {
                index.clustered = Some(false);
            } else if self.accept_word("COLUMNSTORE") {
                index.columnstore = true;
            } else if self.accept_word("HASH") {
                index.hash = true;
            } else {
                return;
            }
        }
    }

    fn index_clauses(&mut self, index: &mut IndexDef) -> SqlResult<()> {
        if self.accept_word("INCLUDE") {
            index.include = self.key_columns()?.into_iter().map(|(name, _)| name).collect();
        }
        if self.accept_word("ORDER") {
            self.skip_parenthesised()?;
        }
        if self.accept_word("WHERE") {
            index.filter = Some(self.parse_condition()?);
        }
        let (options, on) = self.index_tail()?;
        index.options = options;
        index.on = on;
        Ok(())
    }

    pub(super) fn create_index(&mut self) -> SqlResult<Ddl> {
        self.advance();
        let mut index = IndexDef::default();
        self.index_kind(&mut index);
        self.expect_word("INDEX")?;
        index.name = self.identifier()?;
        self.expect_word("ON")?;
        let table = self.object_name()?;
        if self.is_op("(") {
            index.columns = self.key_columns()?;
        }
        self.index_clauses(&mut index)?;
        Ok(Ddl::CreateIndex { table, index: Box::new(index) })
    }

    pub(super) fn create_xml_index(&mut self) -> SqlResult<Ddl> {
        self.advance();
        let selective = self.accept_word("SELECTIVE");
        let primary = self.accept_word("PRIMARY");
        self.expect_word("XML")?;
        self.expect_word("INDEX")?;
        let name = self.identifier()?;
        self.expect_word("ON")?;
        let table = self.object_name()?;
        self.expect_op("(")?;
        let column = self.identifier()?;
        self.expect_op(")")?;
        let mut using = None;
        let mut usage = String::new();
        let mut detail = SelectiveXml::default();
        let mut is_selective = selective;
        if self.accept_words(&["USING", "XML", "INDEX"]) {
            using = Some(self.identifier()?);
            self.expect_word("FOR")?;
            if self.is_op("(") {
                self.advance();
                let path = self.identifier()?;
                self.expect_op(")")?;
                detail.using = Some((0, path));
                is_selective = true;
            } else {
                usage = self.identifier()?.to_ascii_uppercase();
            }
        }
        if selective {
            if self.accept_words(&["WITH", "XMLNAMESPACES"]) {
                self.expect_op("(")?;
                loop {
                    let default = self.accept_word("DEFAULT");
                    let uri = self.string()?;
                    let prefix = if default {
                        String::new()
                    } else {
                        self.expect_word("AS")?;
                        self.identifier()?
                    };
                    detail.namespaces.push((prefix, uri));
                    if !self.accept_op(",") {
                        break;
                    }
                }
                self.expect_op(")")?;
            }
            self.expect_word("FOR")?;
            self.expect_op("(")?;
            loop {
                let path_name = self.identifier()?;
                self.expect_op("=")?;
                let path = self.string()?;
                let start = self.offset();
                while !self.is_op(",") && !self.is_op(")") && !self.at_end() {
                    if self.is_op("(") {
                        self.skip_parenthesised()?;
                    } else {
                        self.advance();
                    }
                }
                let end = self.previous_end();
                let kind = self.text(start, end.max(start)).to_owned();
                detail.paths.push((path_name, path, kind));
                if !self.accept_op(",") {
                    break;
                }
            }
            self.expect_op(")")?;
        }
        let (options, _) = self.index_tail()?;
        Ok(Ddl::CreateXmlIndex {
            name,
            table,
            column,
            primary: primary || selective,
            using,
            usage,
            selective: is_selective.then(|| Box::new(detail)),
            options,
        })
    }

    pub(super) fn create_spatial_index(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("SPATIAL")?;
        self.expect_word("INDEX")?;
        let name = self.identifier()?;
        self.expect_word("ON")?;
        let table = self.object_name()?;
        self.expect_op("(")?;
        let column = self.identifier()?;
        self.expect_op(")")?;
        let scheme = if self.accept_word("USING") { Some(self.identifier()?.to_ascii_uppercase()) } else { None };
        let (options, on) = self.index_tail()?;
        Ok(Ddl::CreateSpatialIndex { name, table, column, scheme, options, on })
    }

    #[allow(clippy::type_complexity)]
    fn fulltext_columns(&mut self) -> SqlResult<Vec<(String, Option<String>, Option<String>, bool)>> {
        let mut columns = Vec::new();
        self.expect_op("(")?;
        loop {
            let name = self.identifier()?;
            let (mut of, mut language, mut semantics) = (None, None, false);
            loop {
                if self.accept_words(&["TYPE", "COLUMN"]) {
                    of = Some(self.identifier()?);
                } else if self.accept_word("LANGUAGE") {
                    language = Some(self.word_or_literal()?);
                } else if self.accept_word("STATISTICAL_SEMANTICS") {
                    semantics = true;
                } else {
                    break;
                }
            }
            columns.push((name, of, language, semantics));
            if !self.accept_op(",") {
                break;
            }
        }
        self.expect_op(")")?;
        Ok(columns)
    }

    /// A word, a number or a string.
    pub(super) fn word_or_literal(&mut self) -> SqlResult<String> {
        match self.peek().clone() {
            Tok::Word(text) | Tok::Quoted(text) | Tok::Str(text) | Tok::NStr(text) | Tok::Int(text) => {
                self.advance();
                Ok(text)
            }
            Tok::Binary(bytes) => {
                self.advance();
                let number = bytes.iter().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
                Ok(number.to_string())
            }
            _ => Err(self.syntax_error()),
        }
    }

    pub(super) fn create_fulltext_index(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("FULLTEXT")?;
        self.expect_word("INDEX")?;
        self.expect_word("ON")?;
        let table = self.object_name()?;
        let columns = if self.is_op("(") { self.fulltext_columns()? } else { Vec::new() };
        self.expect_word("KEY")?;
        self.expect_word("INDEX")?;
        let key_index = self.identifier()?;
        let mut catalog = None;
        if self.accept_word("ON") {
            if self.accept_op("(") {
                let accept_filegroup = |p: &mut Self| -> SqlResult<()> {
                    if p.accept_word("FILEGROUP") {
                        p.identifier()?;
                    }
                    Ok(())
                };
                accept_filegroup(self)?;
                if !self.is_op(")") {
                    self.accept_op(",");
                    if self.is_word("FILEGROUP") {
                        accept_filegroup(self)?;
                    } else {
                        catalog = Some(self.identifier()?);
                    }
                    if self.accept_op(",") {
                        accept_filegroup(self)?;
                    }
                }
                self.expect_op(")")?;
            } else {
                catalog = Some(self.identifier()?);
            }
        }
        let mut options = Vec::new();
        if self.accept_word("WITH") {
            options = if self.is_op("(") { self.options()? } else { self.fulltext_options()? };
        }
        Ok(Ddl::CreateFullTextIndex { table, columns, key_index, catalog, options })
    }

    fn fulltext_options(&mut self) -> SqlResult<Vec<Opt>> {
        let mut options = Vec::new();
        loop {
            let mut name = self.word_or_literal()?.to_ascii_uppercase();
            if name == "SEARCH" {
                self.expect_word("PROPERTY")?;
                self.expect_word("LIST")?;
                name.push_str(" PROPERTY LIST");
            }
            self.accept_op("=");
            let value = self.word_or_literal()?;
            options.push(Opt { name, value, ..Opt::default() });
            if self.is_op(",") && self.is_word_at(1, "NO") && self.is_word_at(2, "POPULATION") {
                self.advance();
                self.accept_words(&["NO", "POPULATION"]);
            }
            if !self.accept_op(",") {
                return Ok(options);
            }
        }
    }

    pub(super) fn alter_fulltext_index(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("FULLTEXT")?;
        self.expect_word("INDEX")?;
        self.expect_word("ON")?;
        let table = self.object_name()?;
        let mut words = Vec::new();
        let mut value = None;
        let mut columns = Vec::new();
        while let Tok::Word(word) = self.peek().clone() {
            if self.is_word("WITH") {
                self.skip_statement();
                break;
            }
            if self.begins_statement() && !self.is_any_word(&["ENABLE", "DISABLE", "SET", "ADD", "ALTER", "DROP"]) {
                break;
            }
            if words.len() >= 2 && matches!(words.first().map(String::as_str), Some("ADD" | "DROP" | "ALTER")) {
                columns.push((self.identifier()?, None, None, false));
                self.accept_op(",");
                continue;
            }
            words.push(word.to_ascii_uppercase());
            self.advance();
            if self.is_op("(") {
                columns = self.fulltext_columns()?;
            } else if self.accept_op("=")
                || matches!(words.last().map(String::as_str), Some("CHANGE_TRACKING" | "STOPLIST" | "LIST"))
            {
                value = Some(self.word_or_literal()?);
            }
        }
        Ok(Ddl::AlterFullTextIndex { table, words, value, columns })
    }

    pub(super) fn alter_index(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("INDEX")?;
        let name = if self.accept_word("ALL") { None } else { Some(self.identifier()?) };
        self.expect_word("ON")?;
        let table = self.object_name()?;
        let action = match self.advance().tok {
            Tok::Word(word) => word.to_ascii_uppercase(),
            _ => return Err(self.syntax_error()),
        };
        let mut options = Vec::new();
        match action.as_str() {
            "SET" => options = self.options()?,
            "REBUILD" | "REORGANIZE" => {
                if self.accept_word("PARTITION") {
                    self.expect_op("=")?;
                    let value = self.word_or_literal()?;
                    options.push(Opt { name: "PARTITION".to_owned(), value, ..Opt::default() });
                }
                if self.accept_word("WITH") {
                    options.extend(self.options()?);
                }
            }
            "DISABLE" | "PAUSE" | "ABORT" => {}
            "RESUME" => {
                if self.accept_word("WITH") {
                    self.options()?;
                }
            }
            _ => return Err(self.syntax_error()),
        }
        Ok(Ddl::AlterIndex { name, table, action, options })
    }

    pub(super) fn create_statistics(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("STATISTICS")?;
        let name = self.identifier()?;
        self.expect_word("ON")?;
        let table = self.object_name()?;
        let columns = self.names_in_parentheses()?;
        let filter = if self.accept_word("WHERE") { Some(self.parse_condition()?) } else { None };
        let options = if self.accept_word("WITH") { self.loose_options()? } else { Vec::new() };
        Ok(Ddl::CreateStatistics { name, table, columns, filter, options })
    }

    pub(super) fn alter_table(&mut self) -> SqlResult<Ddl> {
        self.advance();
        self.expect_word("TABLE")?;
        let name = self.object_name()?;
        let action = self.alter_table_action()?;
        Ok(Ddl::AlterTable { name, action: Box::new(action) })
    }

    fn alter_table_action(&mut self) -> SqlResult<AlterTable> {
        let check = if self.accept_words(&["WITH", "CHECK"]) {
            Some(true)
        } else if self.accept_words(&["WITH", "NOCHECK"]) {
            Some(false)
        } else {
            None
        };
        if self.accept_word("ADD") {
            let mut elements = Vec::new();
            if self.is_op("(") {
                elements = self.table_elements()?;
            } else {
                loop {
                    elements.push(self.table_element()?);
                    if !self.accept_op(",") {
                        break;
                    }
                    self.accept_word("ADD");
                }
            }
            return Ok(AlterTable::Add { elements, check });
        }
        if self.is_word("CHECK") || self.is_word("NOCHECK") {
            let enable = self.accept_word("CHECK");
            if !enable {
                self.expect_word("NOCHECK")?;
            }
            self.expect_word("CONSTRAINT")?;
            return Ok(AlterTable::Check { check, enable, names: self.all_or_names()? });
        }
        if self.is_any_word(&["ENABLE", "DISABLE"]) {
            let enable = self.is_word("ENABLE");
            self.advance();
            if self.accept_word("TRIGGER") {
                return Ok(AlterTable::Trigger { enable, names: self.all_or_names()? });
            }
            if self.accept_word("CHANGE_TRACKING") {
                let mut track_columns = false;
                if self.accept_word("WITH") {
                    track_columns = self.options()?.iter().any(|o| o.name == "TRACK_COLUMNS_UPDATED" && o.is_on());
                }
                return Ok(AlterTable::ChangeTracking { enable, track_columns });
            }
            self.expect_word("FILETABLE_NAMESPACE")?;
            return Ok(AlterTable::FileTableNamespace);
        }
        if self.accept_words(&["ALTER", "COLUMN"]) {
            return self.alter_column();
        }
        if self.accept_word("DROP") {
            return self.drop_items();
        }
        if self.accept_word("SET") {
            return Ok(AlterTable::Set(self.options()?));
        }
        if self.accept_word("REBUILD") {
            let mut options = Vec::new();
            if self.accept_word("PARTITION") {
                self.expect_op("=")?;
                let value = self.word_or_literal()?;
                options.push(Opt { name: "PARTITION".to_owned(), value, ..Opt::default() });
            }
            if self.accept_word("WITH") {
                options.extend(self.options()?);
            }
            return Ok(AlterTable::Rebuild(options));
        }
        if self.is_word("SWITCH") {
            self.skip_statement();
            return Ok(AlterTable::Switch);
        }
        Err(self.syntax_error())
    }

    fn all_or_names(&mut self) -> SqlResult<Vec<String>> {
        if self.accept_word("ALL") {
            return Ok(Vec::new());
        }
        let mut names = vec![self.identifier()?];
        while self.accept_op(",") {
            names.push(self.identifier()?);
        }
        Ok(names)
    }

    fn alter_column(&mut self) -> SqlResult<AlterTable> {
        let name = self.identifier()?;
        if self.is_any_word(&["ADD", "DROP"]) {
            let add = self.is_word("ADD");
            self.advance();
            let mut masked = None;
            let property = if self.accept_words(&["NOT", "FOR", "REPLICATION"]) {
                "NOT FOR REPLICATION".to_owned()
            } else {
                match self.advance().tok {
                    Tok::Word(word) => word.to_ascii_uppercase(),
                    _ => return Err(self.syntax_error()),
                }
            };
            if property == "MASKED" && self.accept_word("WITH") {
                masked =
                    self.options()?.into_iter().find(|option| option.name == "FUNCTION").map(|option| option.value);
            }
            return Ok(AlterTable::AlterColumn(Box::new(AlterColumn::Property { name, add, property, masked })));
        }
        let mut column =
            ColumnDef { name, type_name: Some(self.type_name()?), line: self.line(), ..ColumnDef::default() };
        self.column_properties(&mut column)?;
        if self.accept_word("WITH") {
            self.options()?;
        }
        Ok(AlterTable::AlterColumn(Box::new(AlterColumn::Type(Box::new(column)))))
    }

    fn drop_items(&mut self) -> SqlResult<AlterTable> {
        let mut items = Vec::new();
        let mut kind = DropKind::Constraint;
        let mut if_exists = false;
        loop {
            if self.accept_words(&["PERIOD", "FOR"]) {
                self.expect_word("SYSTEM_TIME")?;
                items.push((DropKind::Period, String::new(), false));
            } else {
                if self.accept_word("COLUMN") {
                    kind = DropKind::Column;
                    if_exists = self.if_exists();
                } else if self.accept_word("CONSTRAINT") {
                    kind = DropKind::Constraint;
                    if_exists = self.if_exists();
                }
                items.push((kind, self.identifier()?, if_exists));
                if self.is_word("WITH") && self.is_op_at(1, "(") {
                    self.advance();
                    self.options()?;
                }
            }
            if !self.accept_op(",") {
                return Ok(AlterTable::Drop(items));
            }
        }
    }
}
