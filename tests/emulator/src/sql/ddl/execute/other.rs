//! Types, sequences, synonyms, partitioning, security policies, and the kinds that are a name with options.

use super::table::Target;
use super::{Context, not_found};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{Expr, ObjectName, TypeName};
use crate::sql::ddl::ast::{Ddl, Opt, TypeStatement, option};
use crate::sql::normal;
use crate::state::{
    Assembly, BrokerPriority, Certificate, ClrMethod, ColumnEncryptionKey, ColumnMasterKey, Contract, Credential,
    CryptKey, DataSpace, DataSpaceKind, EventNotification, ExecuteAs, ExternalDataSource, ExternalFileFormat,
    FullTextCatalog, FullTextStoplist, MessageType, Module, ModuleKind, Moment, ObjectDetail, Parameter,
    PartitionFunction, Queue, RemoteBinding, Route, SearchProperty, SearchPropertyList, SecurityPolicy,
    SecurityPredicate, Sequence, Service, Synonym, Table, TypeDef, TypeKind, XmlSchemaCollection, next_id,
};
use crate::value::DataType;
use std::sync::Arc;

impl Context<'_> {
    pub(super) fn create_type(&mut self, name: &ObjectName, kind: &TypeStatement) -> SqlResult<()> {
        let database_id = self.session.database_id;
        self.check_right(database_id, "CREATE TYPE")?;
        let schema_id = self.schema_for(database_id, name)?;
        if self.db(database_id)?.user_type(schema_id, &name.name).is_some() {
            return Err(SqlError::new(
                219,
                16,
                format!("The type '{name}' already exists, or you do not have permission to create it."),
            ));
        }
        let (kind, is_nullable) = match kind {
            TypeStatement::Alias(of, nullable) => {
                let (data_type, id, _, _) = self.resolve_type(database_id, of, None)?;
                if id > 256 {
                    return Err(SqlError::new(2715, 16, format!("Cannot find data type {}.", of.name)));
                }
                (TypeKind::Alias(data_type), nullable.unwrap_or(true))
            }
            TypeStatement::Clr(parts) => {
                let db = self.db(database_id)?;
                let assembly = parts.first().cloned().unwrap_or_default();
                let found = db.extras().assemblies.iter().find(|a| db.same_name(&a.name, &assembly));
                let assembly_id = found.map(|a| a.id).ok_or_else(|| not_found("assembly", &assembly))?;
                (TypeKind::Clr { assembly_id, class: parts.get(1).cloned().unwrap_or_default() }, true)
            }
            TypeStatement::Table(elements, options) => {
                let is_memory_optimized = option(options, "MEMORY_OPTIMIZED").is_some_and(Opt::is_on);
                let table = Table { uses_ansi_nulls: true, is_memory_optimized, ..Table::default() };
                let detail = ObjectDetail::TypeTable(Box::new(table));
                let object_id = self.add_object(database_id, 4, "\u{1}", 0, detail)?;
                let hidden = format!("TT_{}_{object_id:08X}", name.name.chars().take(60).collect::<String>());
                self.db_mut(database_id)?.change(object_id, |object| object.name = hidden);
                // Constraints of a table type lie in the schema of the type.
                let target = Target { database_id, object_id, schema_id, name: format!("TT_{}", name.name) };
                let space = self.db(database_id)?.default_filegroup();
                self.fill_table(&target, elements, space, (false, false))?;
                (TypeKind::Table { type_table_object_id: object_id, is_memory_optimized }, false)
            }
        };
        let extras = self.db_mut(database_id)?.extras_mut();
        let user_type_id = next_id(extras.types.iter().map(|def| def.user_type_id), 257);
        extras.types.push(TypeDef {
            user_type_id,
            schema_id,
            name: name.name.clone(),
            principal_id: None,
            kind,
            is_nullable,
            default_object_id: 0,
            rule_object_id: 0,
        });
        Ok(())
    }

    pub(super) fn sequence(
        &mut self,
        name: &ObjectName,
        alter: bool,
        of: Option<&TypeName>,
        options: &[(String, Option<i128>)],
    ) -> SqlResult<()> {
        let database_id = self.database_of(name)?;
        let mut sequence = if alter {
            let found = self.find(name)?.and_then(|(db, id)| self.db(db).ok()?.object(id).cloned());
            match found.as_deref().map(|object| &object.detail) {
                Some(ObjectDetail::Sequence(sequence)) => Sequence::clone(sequence),
                _ => return Err(SqlError::new(208, 16, format!("Invalid object name '{name}'."))),
            }
        } else {
            let (data_type, user_type_id, _, _) = match of {
                Some(of) => self.resolve_type(database_id, of, None)?,
                None => (DataType::BigInt, 127, None, None),
            };
            let (minimum, maximum) = sequence_limits(&data_type).ok_or_else(|| {
                SqlError::new(11702, 16, format!("The sequence object '{name}' must be of data type int, bigint, smallint, tinyint, or decimal or numeric with a scale of 0, or any user-defined data type that is based on one of the above integer data types."))
            })?;
            Sequence {
                data_type,
                user_type_id,
                start: i128::MIN,
                increment: 1,
                minimum,
                maximum,
                is_cycling: false,
                is_cached: true,
                cache_size: None,
                current: 0,
                last_used: None,
                is_exhausted: false,
            }
        };
        let limits = sequence_limits(&sequence.data_type).unwrap_or((i128::MIN, i128::MAX));
        let mut restart = None;
        for (option, value) in options {
            match (option.as_str(), value) {
                ("START", Some(value)) => sequence.start = *value,
                ("INCREMENT", Some(0)) => {
                    return Err(SqlError::new(
                        11700,
                        16,
                        format!("The increment for sequence object '{name}' cannot be zero."),
                    ));
                }
                ("INCREMENT", Some(value)) => sequence.increment = *value,
                ("MINVALUE", Some(value)) => sequence.minimum = *value,
                ("MAXVALUE", Some(value)) => sequence.maximum = *value,
                ("NO MINVALUE", _) => sequence.minimum = limits.0,
                ("NO MAXVALUE", _) => sequence.maximum = limits.1,
                ("CYCLE", _) => sequence.is_cycling = true,
                ("NO CYCLE", _) => sequence.is_cycling = false,
                ("CACHE", size) => {
                    sequence.is_cached = true;
                    sequence.cache_size = size.and_then(|n| i32::try_from(n).ok());
                }
                ("NO CACHE", _) => {
                    sequence.is_cached = false;
                    sequence.cache_size = None;
                }
                ("RESTART", value) => restart = Some(*value),
                _ => return Err(SqlError::new(102, 15, format!("Incorrect syntax near '{option}'."))),
            }
        }
        if sequence.minimum >= sequence.maximum {
            return Err(SqlError::new(
                11705,
                16,
                format!("The minimum value for sequence object '{name}' must be less than its maximum value."),
            ));
        }
        if sequence.start == i128::MIN {
            sequence.start = if sequence.increment > 0 { sequence.minimum } else { sequence.maximum };
        }
        if !(sequence.minimum..=sequence.maximum).contains(&sequence.start) {
            return Err(SqlError::new(
                11703,
                16,
                format!(
                    "The start value for sequence object '{name}' must be between the minimum and maximum value of the sequence object."
                ),
            ));
        }
        if let Some(value) = restart {
            if let Some(value) = value {
                sequence.start = value;
            }
            sequence.current = sequence.start;
            sequence.last_used = None;
            sequence.is_exhausted = false;
        }
        if alter {
            if let Some((database_id, id)) = self.find(name)? {
                self.db_mut(database_id)?
                    .change(id, |object| object.detail = ObjectDetail::Sequence(Box::new(sequence)));
            }
            return Ok(());
        }
        sequence.current = sequence.start;
        let schema_id = self.schema_for(database_id, name)?;
        self.check_right(database_id, "CREATE SEQUENCE")?;
        self.add_object(database_id, schema_id, &name.name, 0, ObjectDetail::Sequence(Box::new(sequence)))?;
        Ok(())
    }

    pub(super) fn create_synonym(&mut self, name: &ObjectName, target: &ObjectName) -> SqlResult<()> {
        let database_id = self.session.database_id;
        self.check_right(database_id, "CREATE SYNONYM")?;
        let schema_id = self.schema_for(database_id, name)?;
        let detail = ObjectDetail::Synonym(Synonym {
            base_object_name: normal::object_text(target),
            parts: [target.server.clone(), target.database.clone(), target.schema.clone(), Some(target.name.clone())],
        });
        self.add_object(database_id, schema_id, &name.name, 0, detail)?;
        Ok(())
    }

    pub(super) fn xml_schema_collection(&mut self, name: &ObjectName, text: Option<&str>, add: bool) -> SqlResult<()> {
        let database_id = self.session.database_id;
        let schema_id = self.schema_for(database_id, name)?;
        let db = self.db(database_id)?;
        let existing = db
            .extras()
            .xml_collections
            .iter()
            .position(|c| c.schema_id == schema_id && db.same_name(&c.name, &name.name));
        let text = text.unwrap_or_default();
        let extras = self.db_mut(database_id)?.extras_mut();
        if add {
            let found = existing.and_then(|at| extras.xml_collections.get_mut(at)).ok_or_else(|| {
                SqlError::new(6314, 16, format!("Collection specified does not exist in metadata : '{}'", name.name))
            })?;
            found.text.push_str(text);
            return Ok(());
        }
        if existing.is_some() {
            return Err(SqlError::new(
                6327,
                16,
                format!("The specified XML schema collection already exists: '{}'.", name.name),
            ));
        }
        let id = next_id(extras.xml_collections.iter().map(|c| c.id), 65_536);
        extras.xml_collections.push(XmlSchemaCollection {
            id,
            schema_id,
            name: name.name.clone(),
            principal_id: None,
            text: text.to_owned(),
            create_date: Moment::now(),
        });
        Ok(())
    }

    pub(super) fn partition_function(
        &mut self,
        name: &str,
        of: &TypeName,
        right: bool,
        values: &[Expr],
    ) -> SqlResult<()> {
        let database_id = self.session.database_id;
        let (data_type, _, _, _) = self.resolve_type(database_id, of, None)?;
        let db = self.db(database_id)?;
        if db.extras().partition_functions.iter().any(|f| db.same_name(&f.name, name)) {
            return Err(SqlError::new(7715, 16, format!("There is already an object named '{name}' in the database.")));
        }
        let mut boundaries = Vec::new();
        for value in values {
            let value = self.binder.constant(self.server, self.session, &normal::normal(value), &data_type)?;
            boundaries.push((data_type.clone(), value));
        }
        let extras = self.db_mut(database_id)?.extras_mut();
        let id = next_id(extras.partition_functions.iter().map(|f| f.id), 65_536);
        extras.partition_functions.push(PartitionFunction {
            id,
            name: name.to_owned(),
            data_type,
            is_right: right,
            boundaries,
            create_date: Moment::now(),
        });
        Ok(())
    }

    pub(super) fn partition_scheme(
        &mut self,
        name: &str,
        function: &str,
        all: bool,
        groups: &[String],
    ) -> SqlResult<()> {
        let database_id = self.session.database_id;
        let db = self.db(database_id)?;
        if db.data_space(name).is_some() {
            return Err(SqlError::new(
                7703,
                16,
                format!("Cannot create the partition scheme '{name}': the name is taken."),
            ));
        }
        let found = db
            .extras()
            .partition_functions
            .iter()
            .find(|f| db.same_name(&f.name, function))
            .ok_or_else(|| SqlError::new(1917, 16, format!("Partition function '{function}' does not exist.")))?;
        let (function_id, partitions) = (found.id, found.boundaries.len() + 1);
        let mut destinations = Vec::new();
        for group in groups {
            destinations.push(self.space_id(database_id, group)?);
        }
        if all {
            let first = destinations.first().copied().unwrap_or(1);
            destinations = vec![first; partitions];
        }
        if destinations.len() < partitions {
            return Err(SqlError::new(
                7707,
                16,
                format!(
                    "The associated partition function '{function}' generates more partitions than there are file groups mentioned in the scheme '{name}'."
                ),
            ));
        }
        let extras = self.db_mut(database_id)?.extras_mut();
        let id = next_id(extras.data_spaces.iter().map(|s| s.id), 65_601);
        extras.data_spaces.push(DataSpace {
            id,
            name: name.to_owned(),
            kind: DataSpaceKind::PartitionScheme { function_id, destinations },
            is_default: false,
            is_read_only: false,
        });
        Ok(())
    }

    pub(super) fn alter_partition(
        &mut self,
        scheme: bool,
        name: &str,
        action: &str,
        value: Option<&Expr>,
    ) -> SqlResult<()> {
        let database_id = self.session.database_id;
        if scheme {
            let group = if action.is_empty() { None } else { Some(self.space_id(database_id, action)?) };
            let id = self
                .db(database_id)?
                .data_space(name)
                .map(|s| s.id)
                .ok_or_else(|| not_found("partition scheme", name))?;
            let extras = self.db_mut(database_id)?.extras_mut();
            if let Some(DataSpaceKind::PartitionScheme { destinations, .. }) =
                extras.data_spaces.iter_mut().find(|s| s.id == id).map(|s| &mut s.kind)
            {
                destinations.extend(group);
            }
            return Ok(());
        }
        let db = self.db(database_id)?;
        let found = db.extras().partition_functions.iter().find(|f| db.same_name(&f.name, name)).cloned();
        let mut function = found.ok_or_else(|| not_found("partition function", name))?;
        let Some(value) = value else { return Ok(()) };
        let value = self.binder.constant(self.server, self.session, &normal::normal(value), &function.data_type)?;
        let mut removed = None;
        if action == "MERGE" {
            removed = function.boundaries.iter().position(|(_, have)| *have == value);
            let Some(at) = removed else {
                return Err(SqlError::new(7715, 16, "The specified partition range value could not be found."));
            };
            function.boundaries.remove(at);
        } else {
            if function.boundaries.iter().any(|(_, have)| *have == value) {
                return Err(SqlError::new(
                    7721,
                    16,
                    "Duplicate range boundary values are not allowed in partition function boundary values list.",
                ));
            }
            let order = |value: &crate::value::Value| format!("{value:?}");
            let key = order(&value);
            let numeric = |text: &str| {
                text.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect::<String>().parse::<i128>().ok()
            };
            let at = function.boundaries.partition_point(|(_, have)| {
                let have = order(have);
                match (numeric(&have), numeric(&key)) {
                    (Some(a), Some(b)) => a < b,
                    _ => have < key,
                }
            });
            function.boundaries.insert(at, (function.data_type.clone(), value));
        }
        let partitions = function.boundaries.len() + 1;
        let extras = self.db_mut(database_id)?.extras_mut();
        for space in &mut extras.data_spaces {
            if let DataSpaceKind::PartitionScheme { function_id, destinations } = &mut space.kind
                && *function_id == function.id
            {
                if let Some(at) = removed {
                    if at < destinations.len() {
                        destinations.remove(at);
                    }
                } else if destinations.len() < partitions {
                    destinations.push(1);
                }
            }
        }
        if let Some(have) = extras.partition_functions.iter_mut().find(|f| f.id == function.id) {
            *have = function;
        }
        Ok(())
    }

    pub(super) fn security_policy(&mut self, ddl: &Ddl) -> SqlResult<()> {
        let Ddl::SecurityPolicy { name, alter, predicates, options, not_for_replication } = ddl else { return Ok(()) };
        let database_id = self.session.database_id;
        let schema_id = self.schema_for(database_id, name)?;
        let existing = self.find(name)?.map(|(_, id)| id);
        let mut policy = match existing.and_then(|id| self.db(database_id).ok()?.object(id).cloned()) {
            Some(object) => match &object.detail {
                ObjectDetail::SecurityPolicy(policy) if *alter => policy.clone(),
                _ => {
                    return Err(SqlError::new(
                        2714,
                        16,
                        format!("There is already an object named '{name}' in the database."),
                    ));
                }
            },
            None if *alter => return Err(not_found("security policy", &name.name)),
            None => SecurityPolicy {
                is_enabled: true,
                is_not_for_replication: false,
                is_schema_bound: true,
                predicates: Vec::new(),
            },
        };
        if let Some(state) = option(options, "STATE") {
            policy.is_enabled = state.is_on();
        }
        if let Some(bound) = option(options, "SCHEMABINDING") {
            policy.is_schema_bound = bound.is_on();
        }
        if let Some(flag) = not_for_replication {
            policy.is_not_for_replication = *flag;
        }
        for (verb, is_block, call, table, operation) in predicates {
            let target = self.indexed(table)?;
            let operation = match operation.as_str() {
                "AFTER INSERT" => Some(1),
                "AFTER UPDATE" => Some(2),
                "BEFORE UPDATE" => Some(3),
                "BEFORE DELETE" => Some(4),
                _ => None,
            };
            if verb != "ADD" {
                policy.predicates.retain(|have| {
                    !(have.target_object_id == target.object_id
                        && have.is_block == *is_block
                        && have.operation == operation)
                });
            }
            if let Some(call) = call {
                policy.predicates.push(SecurityPredicate {
                    id: next_id(policy.predicates.iter().map(|p| p.id), 1),
                    is_block: *is_block,
                    target_object_id: target.object_id,
                    definition: normal::stored(call),
                    operation,
                });
            }
        }
        let detail = ObjectDetail::SecurityPolicy(policy);
        match existing {
            Some(id) => {
                self.db_mut(database_id)?.change(id, |object| object.detail = detail);
            }
            None => {
                self.add_object(database_id, schema_id, &name.name, 0, detail)?;
            }
        }
        Ok(())
    }

    pub(super) fn sensitivity(&mut self, add: bool, columns: &[ObjectName], options: &[Opt]) -> SqlResult<()> {
        let database_id = self.session.database_id;
        for column in columns {
            let table = ObjectName {
                server: None,
                database: None,
                schema: column.database.clone(),
                name: column.schema.clone().unwrap_or_default(),
            };
            let (_, object_id) = self.table_id(&table)?;
            let db = self.db(database_id)?;
            let column_id = db
                .table(object_id)
                .and_then(|t| t.columns.iter().find(|c| db.same_name(&c.name, &column.name)))
                .map(|c| c.column_id)
                .ok_or_else(|| {
                    SqlError::new(
                        1911,
                        16,
                        format!("Column name '{}' does not exist in the target table or view.", column.name),
                    )
                })?;
            let text = |name: &str| option(options, name).map(|o| o.value.clone());
            let list = &mut self.db_mut(database_id)?.extras_mut().sensitivity;
            list.retain(|(object, column, _)| (*object, *column) != (object_id, column_id));
            if add {
                list.push((
                    object_id,
                    column_id,
                    [
                        text("LABEL"),
                        text("LABEL_ID"),
                        text("INFORMATION_TYPE"),
                        text("INFORMATION_TYPE_ID"),
                        text("RANK"),
                    ],
                ));
            }
        }
        Ok(())
    }

    #[allow(clippy::too_many_lines)]
    pub(super) fn simple(
        &mut self,
        verb: &str,
        kind: &str,
        name: &ObjectName,
        owner: Option<&str>,
        options: &[Opt],
        names: &[(String, ObjectName)],
    ) -> SqlResult<()> {
        let database_id = self.session.database_id;
        let owner_id = self.owner_id(owner)?;
        let alter = verb == "ALTER";
        let text = |wanted: &str| option(options, wanted).map(|o| o.value.clone());
        let now = Moment::now();
        let label = name.name.clone();
        let taken =
            |what: &str| SqlError::new(15530, 16, format!("The {what} with name \"{}\" already exists.", name.name));
        macro_rules! place {
            ($list:ident, $what:expr, $from:expr) => {{
                let db = self.db(database_id)?;
                let found = db.extras().$list.iter().find(|item| db.same_name(&item.name, &label)).map(|item| item.id);
                match (found, alter) {
                    (Some(_), false) => return Err(taken($what)),
                    (None, true) => return Err(not_found($what, &label)),
                    (Some(id), true) => id,
                    (None, false) => next_id(db.extras().$list.iter().map(|item| item.id), $from),
                }
            }};
        }
        macro_rules! broker {
            ($list:ident, $what:expr) => {{
                let db = self.db(database_id)?;
                let found =
                    db.extras().broker.$list.iter().find(|item| db.same_name(&item.name, &label)).map(|item| item.id);
                match (found, alter) {
                    (Some(_), false) => return Err(taken($what)),
                    (None, true) => return Err(not_found($what, &label)),
                    (Some(id), true) => id,
                    (None, false) => next_id(db.extras().broker.$list.iter().map(|item| item.id), 65_536),
                }
            }};
        }
        match kind {
            "MESSAGE TYPE" => {
                let id = broker!(message_types, "message type");
                let mut xml = None;
                if let Some((_, collection)) = names.first() {
                    let db = self.db(database_id)?;
                    xml = db
                        .extras()
                        .xml_collections
                        .iter()
                        .find(|c| db.same_name(&c.name, &collection.name))
                        .map(|c| c.id);
                }
                let made = MessageType {
                    id,
                    name: label,
                    principal_id: owner_id,
                    validation: match text("VALIDATION").as_deref() {
                        Some("EMPTY") => 'E',
                        Some("WELL_FORMED_XML" | "VALID_XML") => 'X',
                        _ => 'N',
                    },
                    xml_collection_id: xml,
                };
                let list = &mut self.db_mut(database_id)?.extras_mut().broker.message_types;
                list.retain(|item| item.id != id);
                list.push(made);
            }
            "CONTRACT" => {
                let id = broker!(contracts, "contract");
                let mut messages = Vec::new();
                for (by, message) in names {
                    let db = self.db(database_id)?;
                    let found = db
                        .extras()
                        .broker
                        .message_types
                        .iter()
                        .find(|m| db.same_name(&m.name, &message.name))
                        .map(|m| m.id);
                    let message_id = match found {
                        Some(id) => id,
                        None if message.name.eq_ignore_ascii_case("DEFAULT") => 14,
                        None => return Err(not_found("message type", &message.name)),
                    };
                    messages.push((message_id, by != "TARGET", by != "INITIATOR"));
                }
                let made = Contract { id, name: label, principal_id: owner_id, messages };
                self.db_mut(database_id)?.extras_mut().broker.contracts.push(made);
            }
            "QUEUE" => {
                let schema_id = self.schema_for(database_id, name)?;
                let existing = self.find(name)?.map(|(_, id)| id);
                let mut queue = match existing.and_then(|id| self.db(database_id).ok()?.object(id).cloned()) {
                    Some(object) => match &object.detail {
                        ObjectDetail::Queue(queue) if alter => queue.clone(),
                        _ => {
                            return Err(SqlError::new(
                                2714,
                                16,
                                format!("There is already an object named '{label}' in the database."),
                            ));
                        }
                    },
                    None if alter => return Err(not_found("queue", &label)),
                    None => Queue {
                        is_enabled: true,
                        is_retention_enabled: false,
                        is_activation_enabled: false,
                        activation_procedure: None,
                        max_readers: 0,
                        execute_as: None,
                        is_poison_message_handling_enabled: true,
                    },
                };
                for option in options {
                    match option.name.as_str() {
                        "STATUS" => queue.is_enabled = option.is_on(),
                        "RETENTION" => queue.is_retention_enabled = option.is_on(),
                        "POISON_MESSAGE_HANDLING" => {
                            queue.is_poison_message_handling_enabled = option.nested.first().is_none_or(Opt::is_on);
                        }
                        "ACTIVATION" => {
                            queue.is_activation_enabled = true;
                            for part in &option.nested {
                                match part.name.as_str() {
                                    "STATUS" => queue.is_activation_enabled = part.is_on(),
                                    "PROCEDURE_NAME" => queue.activation_procedure = Some(part.value.clone()),
                                    "MAX_QUEUE_READERS" => {
                                        queue.max_readers =
                                            part.number().and_then(|n| i16::try_from(n).ok()).unwrap_or(0);
                                    }
                                    "EXECUTE AS SELF" => {
                                        queue.execute_as = Some(ExecuteAs::Principal(self.session.user_id))
                                    }
                                    "EXECUTE AS OWNER" => queue.execute_as = Some(ExecuteAs::Owner),
                                    "EXECUTE AS" => {
                                        let id = self.principal_id(&part.value, "user")?;
                                        queue.execute_as = Some(ExecuteAs::Principal(id));
                                    }
                                    "DROP" => {
                                        queue.is_activation_enabled = false;
                                        queue.activation_procedure = None;
                                    }
                                    _ => {}
                                }
                            }
                        }
                        _ => {}
                    }
                }
                let detail = ObjectDetail::Queue(queue);
                match existing {
                    Some(id) => {
                        self.db_mut(database_id)?.change(id, |object| object.detail = detail);
                    }
                    None => {
                        self.add_object(database_id, schema_id, &name.name, 0, detail)?;
                    }
                }
            }
            "SERVICE" => {
                let id = broker!(services, "service");
                let mut queue_id = 0;
                let mut contracts: Vec<i32> = Vec::new();
                if alter && let Some(old) = self.db(database_id)?.extras().broker.services.iter().find(|s| s.id == id) {
                    queue_id = old.queue_id;
                    contracts.clone_from(&old.contracts);
                }
                for (what, of) in names {
                    if what == "QUEUE" {
                        queue_id = self.find(of)?.map(|(_, id)| id).ok_or_else(|| not_found("queue", &of.name))?;
                        continue;
                    }
                    let db = self.db(database_id)?;
                    let found =
                        db.extras().broker.contracts.iter().find(|c| db.same_name(&c.name, &of.name)).map(|c| c.id);
                    let contract = match found {
                        Some(id) => id,
                        None if of.name.eq_ignore_ascii_case("DEFAULT") => 6,
                        None => return Err(not_found("contract", &of.name)),
                    };
                    if what == "DROP" {
                        contracts.retain(|have| *have != contract);
                    } else {
                        contracts.push(contract);
                    }
                }
                let made = Service { id, name: label, principal_id: owner_id, queue_id, contracts };
                let list = &mut self.db_mut(database_id)?.extras_mut().broker.services;
                list.retain(|item| item.id != id);
                list.push(made);
            }
            "ROUTE" => {
                let id = broker!(routes, "route");
                let made = Route {
                    id,
                    name: label,
                    principal_id: owner_id,
                    service: text("SERVICE_NAME"),
                    broker_instance: text("BROKER_INSTANCE"),
                    address: text("ADDRESS"),
                };
                let list = &mut self.db_mut(database_id)?.extras_mut().broker.routes;
                list.retain(|item| item.id != id);
                list.push(made);
            }
            "REMOTE SERVICE BINDING" => {
                let id = broker!(bindings, "remote service binding");
                let user_id = match text("USER") {
                    Some(user) => self.principal_id(&user, "user")?,
                    None => 1,
                };
                let made = RemoteBinding {
                    id,
                    name: label,
                    principal_id: owner_id,
                    service: text("TO SERVICE").unwrap_or_default(),
                    user_id,
                    is_anonymous: option(options, "ANONYMOUS").is_some_and(Opt::is_on),
                };
                let list = &mut self.db_mut(database_id)?.extras_mut().broker.bindings;
                list.retain(|item| item.id != id);
                list.push(made);
            }
            "BROKER PRIORITY" => {
                let id = broker!(priorities, "broker priority");
                let db = self.db(database_id)?;
                let find = |wanted: &str, services: bool| {
                    let wanted = text(wanted).filter(|value| !value.eq_ignore_ascii_case("ANY"))?;
                    if services {
                        db.extras().broker.services.iter().find(|s| db.same_name(&s.name, &wanted)).map(|s| s.id)
                    } else {
                        db.extras().broker.contracts.iter().find(|c| db.same_name(&c.name, &wanted)).map(|c| c.id)
                    }
                };
                let made = BrokerPriority {
                    id,
                    contract_id: find("CONTRACT_NAME", false),
                    local_service_id: find("LOCAL_SERVICE_NAME", true),
                    remote_service: text("REMOTE_SERVICE_NAME").filter(|value| !value.eq_ignore_ascii_case("ANY")),
                    level: option(options, "PRIORITY_LEVEL")
                        .and_then(Opt::number)
                        .and_then(|n| u8::try_from(n).ok())
                        .unwrap_or(5),
                    name: label,
                };
                let list = &mut self.db_mut(database_id)?.extras_mut().broker.priorities;
                list.retain(|item| item.id != id);
                list.push(made);
            }
            "EVENT NOTIFICATION" => {
                if option(options, "SERVER").is_some() {
                    return Ok(());
                }
                let queue_id = match names.first() {
                    Some((_, queue)) => {
                        Some(self.find(queue)?.map(|(_, id)| id).ok_or_else(|| not_found("queue", &queue.name))?)
                    }
                    None => None,
                };
                let db = self.db_mut(database_id)?;
                if db.extras().event_notifications.iter().any(|n| db.same_name(&n.name, &label)) {
                    return Err(taken("event notification"));
                }
                let id = db.new_object_id();
                let made = EventNotification {
                    id,
                    name: label,
                    queue_id,
                    fan_in: option(options, "FAN_IN").is_some(),
                    events: options.iter().filter(|o| o.name == "EVENT").map(|o| o.value.clone()).collect(),
                    service: text("TO SERVICE").unwrap_or_default(),
                    broker_instance: text("BROKER").unwrap_or_default(),
                    create_date: now,
                };
                db.extras_mut().event_notifications.push(made);
            }
            "FULLTEXT CATALOG" => {
                let id = place!(fulltext_catalogs, "full-text catalog", 5);
                let default = option(options, "DEFAULT").is_some();
                let list = &mut self.db_mut(database_id)?.extras_mut().fulltext_catalogs;
                if default {
                    list.iter_mut().for_each(|item| item.is_default = false);
                }
                if let Some(item) = list.iter_mut().find(|item| item.id == id) {
                    item.is_default |= default;
                    if let Some(sensitive) = options.iter().find(|o| o.name.ends_with("ACCENT_SENSITIVITY")) {
                        item.is_accent_sensitive = sensitive.is_on();
                    }
                    return Ok(());
                }
                list.push(FullTextCatalog {
                    id,
                    name: label,
                    principal_id: owner_id,
                    is_default: default,
                    is_accent_sensitive: option(options, "ACCENT_SENSITIVITY").is_none_or(Opt::is_on),
                });
            }
            "FULLTEXT STOPLIST" => {
                let id = place!(stoplists, "full-text stoplist", 5);
                let list = &mut self.db_mut(database_id)?.extras_mut().stoplists;
                if alter {
                    let Some(item) = list.iter_mut().find(|item| item.id == id) else { return Ok(()) };
                    for option in options {
                        let language = option.nested.first().map(|o| super::index::language_id(&o.value));
                        match option.name.as_str() {
                            "ADD" => item.words.push((option.value.clone(), language.unwrap_or(0))),
                            _ => item.words.retain(|(word, of)| {
                                !((option.value == "ALL" || *word == option.value) && language.is_none_or(|l| l == *of))
                            }),
                        }
                    }
                    return Ok(());
                }
                list.push(FullTextStoplist {
                    id,
                    name: label,
                    principal_id: owner_id,
                    words: Vec::new(),
                    create_date: now,
                });
            }
            "SEARCH PROPERTY LIST" => {
                let id = place!(property_lists, "search property list", 5);
                let list = &mut self.db_mut(database_id)?.extras_mut().property_lists;
                if alter {
                    let Some(item) = list.iter_mut().find(|item| item.id == id) else { return Ok(()) };
                    for change in options {
                        if change.name == "DROP" {
                            item.properties.retain(|have| have.name != change.value);
                            continue;
                        }
                        let part = |wanted: &str| option(&change.nested, wanted).map(|o| o.value.clone());
                        item.properties.push(SearchProperty {
                            id: next_id(item.properties.iter().map(|p| p.id), 1),
                            name: change.value.clone(),
                            set_guid: part("PROPERTY_SET_GUID").unwrap_or_default(),
                            int_id: part("PROPERTY_INT_ID").and_then(|n| n.parse().ok()).unwrap_or(0),
                            description: part("PROPERTY_DESCRIPTION"),
                        });
                    }
                    return Ok(());
                }
                list.push(SearchPropertyList {
                    id,
                    name: label,
                    principal_id: owner_id,
                    properties: Vec::new(),
                    create_date: now,
                });
            }
            "CERTIFICATE" => {
                let id = place!(certificates, "certificate", 256);
                if alter {
                    return Ok(());
                }
                let with_password = options.iter().any(|o| o.name == "ENCRYPTION" && o.value == "PASSWORD");
                let has_key = options.iter().all(|o| o.name != "FROM");
                let made = Certificate {
                    id,
                    name: label,
                    principal_id: owner_id,
                    key_encryption: if with_password {
                        "PW"
                    } else if has_key {
                        "MK"
                    } else {
                        "NA"
                    }
                    .to_owned(),
                    subject: text("SUBJECT").unwrap_or_default(),
                    start_date: now,
                    expiry_date: Moment { days: now.days + 365, ..now },
                    is_active_for_begin_dialog: options
                        .iter()
                        .find(|o| o.name.ends_with("BEGIN_DIALOG"))
                        .is_none_or(Opt::is_on),
                    sid: uuid::Uuid::new_v4().as_bytes().to_vec(),
                    thumbprint: uuid::Uuid::new_v4().as_bytes().to_vec(),
                };
                self.db_mut(database_id)?.extras_mut().certificates.push(made);
            }
            "MASTER KEY" | "SYMMETRIC KEY" | "ASYMMETRIC KEY" => {
                let asymmetric = kind == "ASYMMETRIC KEY";
                let master = kind == "MASTER KEY";
                let key_name = if master { "##MS_DatabaseMasterKey##".to_owned() } else { label };
                let db = self.db(database_id)?;
                let found = db
                    .extras()
                    .keys
                    .iter()
                    .find(|k| k.is_asymmetric == asymmetric && db.same_name(&k.name, &key_name))
                    .map(|k| k.id);
                match (found, alter) {
                    (_, true) => return Ok(()),
                    (Some(_), false) if master => {
                        return Err(SqlError::new(
                            15578,
                            16,
                            "There is already a master key in the database. Please drop it before performing this statement.",
                        ));
                    }
                    (Some(_), false) => return Err(taken(&kind.to_ascii_lowercase())),
                    (None, false) => {}
                }
                let algorithm = text("ALGORITHM").unwrap_or_else(|| "AES_256".to_owned()).to_ascii_uppercase();
                let (code, bits) = match algorithm.as_str() {
                    "DES" => ("D ", 64),
                    "TRIPLE_DES" => ("D3", 128),
                    "TRIPLE_DES_3KEY" => ("DX", 192),
                    "RC2" => ("R2", 128),
                    "RC4" => ("R4", 128),
                    "DESX" => ("RX", 192),
                    "AES_128" => ("A1", 128),
                    "AES_192" => ("A2", 192),
                    "RSA_512" => ("1R", 512),
                    "RSA_1024" => ("2R", 1024),
                    "RSA_2048" => ("3R", 2048),
                    "RSA_3072" => ("4R", 3072),
                    "RSA_4096" => ("5R", 4096),
                    _ => ("A3", 256),
                };
                let mut encryptions = Vec::new();
                for encryption in options.iter().filter(|o| o.name == "ENCRYPTION") {
                    let of = |prefix: &str| encryption.value.strip_prefix(prefix).map(str::to_owned);
                    if let Some(name) = of("CERTIFICATE ") {
                        let id = db.extras().certificates.iter().find(|c| db.same_name(&c.name, &name)).map(|c| c.id);
                        encryptions.push(("EPUC".to_owned(), id.ok_or_else(|| not_found("certificate", &name))?));
                    } else if let Some(name) = of("ASYMMETRIC KEY ") {
                        let id = db
                            .extras()
                            .keys
                            .iter()
                            .find(|k| k.is_asymmetric && db.same_name(&k.name, &name))
                            .map(|k| k.id);
                        encryptions.push(("EPUA".to_owned(), id.ok_or_else(|| not_found("asymmetric key", &name))?));
                    } else if let Some(name) = of("SYMMETRIC KEY ") {
                        let id = db
                            .extras()
                            .keys
                            .iter()
                            .find(|k| !k.is_asymmetric && db.same_name(&k.name, &name))
                            .map(|k| k.id);
                        encryptions.push(("ESKS".to_owned(), id.ok_or_else(|| not_found("symmetric key", &name))?));
                    } else {
                        encryptions.push((if master { "ESP3" } else { "ESP2" }.to_owned(), 0));
                    }
                }
                if master {
                    encryptions.push(("ESKM".to_owned(), 0));
                }
                let extras = self.db_mut(database_id)?.extras_mut();
                let id = if master { 101 } else { next_id(extras.keys.iter().map(|k| k.id), 256) };
                let with_password = options.iter().any(|o| o.name == "ENCRYPTION" && o.value == "PASSWORD");
                extras.keys.push(CryptKey {
                    id,
                    name: key_name,
                    principal_id: owner_id,
                    is_asymmetric: asymmetric,
                    algorithm: code.to_owned(),
                    algorithm_desc: algorithm,
                    key_length: bits,
                    encryptions,
                    key_encryption: if with_password { "PW" } else { "MK" }.to_owned(),
                    guid: *uuid::Uuid::new_v4().as_bytes(),
                    create_date: now,
                });
            }
            "CREDENTIAL" if name.name.is_empty() => {}
            "DATABASE SCOPED CREDENTIAL" => {
                let id = place!(credentials, "credential", 65_536);
                let made = Credential {
                    id,
                    name: label,
                    principal_id: owner_id,
                    identity: text("IDENTITY").unwrap_or_default(),
                    create_date: now,
                };
                let list = &mut self.db_mut(database_id)?.extras_mut().credentials;
                list.retain(|item| item.id != id);
                list.push(made);
            }
            "COLUMN MASTER KEY" => {
                let id = place!(column_master_keys, "column master key", 1);
                let made = ColumnMasterKey {
                    id,
                    name: label,
                    provider: text("KEY_STORE_PROVIDER_NAME").unwrap_or_default(),
                    path: text("KEY_PATH").unwrap_or_default(),
                    signature: option(options, "ENCLAVE_COMPUTATIONS")
                        .and_then(|o| o.nested.first())
                        .and_then(|o| o.binary.clone()),
                    create_date: now,
                };
                self.db_mut(database_id)?.extras_mut().column_master_keys.push(made);
            }
            "COLUMN ENCRYPTION KEY" => {
                let id = place!(column_encryption_keys, "column encryption key", 1);
                if alter {
                    return Ok(());
                }
                let mut values = Vec::new();
                let db = self.db(database_id)?;
                for value in options {
                    let master =
                        option(&value.nested, "COLUMN_MASTER_KEY").map(|o| o.value.clone()).unwrap_or_default();
                    let found = db.extras().column_master_keys.iter().find(|k| db.same_name(&k.name, &master));
                    values.push((
                        found.map(|k| k.id).ok_or_else(|| not_found("column master key", &master))?,
                        option(&value.nested, "ALGORITHM").map(|o| o.value.clone()).unwrap_or_default(),
                        option(&value.nested, "ENCRYPTED_VALUE").and_then(|o| o.binary.clone()).unwrap_or_default(),
                    ));
                }
                self.db_mut(database_id)?.extras_mut().column_encryption_keys.push(ColumnEncryptionKey {
                    id,
                    name: label,
                    values,
                    create_date: now,
                });
            }
            "ASSEMBLY" => {
                let id = place!(assemblies, "assembly", 65_536);
                let set = match text("PERMISSION_SET").map(|s| s.to_ascii_uppercase()).as_deref() {
                    Some("UNSAFE") => 3,
                    Some("EXTERNAL_ACCESS") => 2,
                    _ => 1,
                };
                let files: Vec<(String, Vec<u8>)> = options
                    .iter()
                    .filter(|o| o.name == "FROM")
                    .filter_map(|o| Some((name.name.clone(), o.binary.clone()?)))
                    .collect();
                let list = &mut self.db_mut(database_id)?.extras_mut().assemblies;
                if let Some(item) = list.iter_mut().find(|item| item.id == id) {
                    if !files.is_empty() {
                        item.files = files;
                    }
                    if option(options, "PERMISSION_SET").is_some() {
                        item.permission_set = set;
                    }
                    if let Some(visible) = option(options, "VISIBILITY") {
                        item.is_visible = visible.is_on();
                    }
                    return Ok(());
                }
                if files.is_empty() {
                    return Err(SqlError::new(
                        6501,
                        16,
                        format!("CREATE ASSEMBLY failed because it could not open the physical file for '{label}'."),
                    ));
                }
                list.push(Assembly {
                    id,
                    name: label,
                    principal_id: owner_id,
                    permission_set: set,
                    is_visible: true,
                    files,
                    create_date: now,
                });
            }
            "AGGREGATE" => {
                let schema_id = self.schema_for(database_id, name)?;
                let external: Vec<String> =
                    options.iter().filter(|o| o.name == "EXTERNAL").map(|o| o.value.clone()).collect();
                let assembly = external.first().cloned().unwrap_or_default();
                let db = self.db(database_id)?;
                let assembly_id = db
                    .extras()
                    .assemblies
                    .iter()
                    .find(|a| db.same_name(&a.name, &assembly))
                    .map(|a| a.id)
                    .ok_or_else(|| not_found("assembly", &assembly))?;
                let mut parameters = Vec::new();
                let mut returns = None;
                for item in options {
                    let Some(of) = item.nested.first() else { continue };
                    let type_name = TypeName {
                        schema: Some(of.value.clone()).filter(|s| !s.is_empty()),
                        name: of.name.clone(),
                        args: of.nested.iter().map(|arg| arg.name.clone()).collect(),
                        xml: None,
                    };
                    let (data_type, user_type_id, _, _) = self.resolve_type(database_id, &type_name, None)?;
                    let is_return = item.name == "RETURNS";
                    let parameter = Parameter {
                        parameter_id: if is_return { 0 } else { parameters.len() as i32 + 1 },
                        name: item.value.clone(),
                        data_type,
                        user_type_id,
                        is_output: is_return,
                        is_readonly: false,
                        default: None,
                        is_cursor: false,
                        is_nullable: true,
                        xml: None,
                    };
                    if is_return {
                        returns = Some(parameter);
                    } else {
                        parameters.push(parameter);
                    }
                }
                let module = Module {
                    kind: ModuleKind::Aggregate,
                    definition: Arc::from(""),
                    is_encrypted: false,
                    uses_ansi_nulls: true,
                    uses_quoted_identifier: true,
                    is_schema_bound: false,
                    is_recompiled: false,
                    uses_native_compilation: false,
                    null_on_null_input: false,
                    execute_as: ExecuteAs::Caller,
                    with_check_option: false,
                    has_opaque_metadata: false,
                    is_for_replication: false,
                    parameters,
                    returns,
                    columns: Vec::new(),
                    indexes: Vec::new(),
                    clr: Some(ClrMethod {
                        assembly_id,
                        class: external.get(1).cloned().unwrap_or_default(),
                        method: None,
                    }),
                    fulltext: None,
                    statistics: Vec::new(),
                };
                self.add_object(database_id, schema_id, &name.name, 0, ObjectDetail::Module(Box::new(module)))?;
            }
            "EXTERNAL DATA SOURCE" => {
                let id = place!(external_data_sources, "external data source", 65_536);
                let db = self.db(database_id)?;
                let credential = text("CREDENTIAL");
                let credential_id = match &credential {
                    Some(wanted) => db
                        .extras()
                        .credentials
                        .iter()
                        .find(|c| db.same_name(&c.name, wanted))
                        .map(|c| c.id)
                        .ok_or_else(|| not_found("credential", wanted))?,
                    None => 0,
                };
                let made = ExternalDataSource {
                    id,
                    name: label,
                    kind: match text("TYPE").map(|t| t.to_ascii_uppercase()).as_deref() {
                        Some("RDBMS") => 1,
                        Some("SHARD_MAP_MANAGER") => 2,
                        Some("BLOB_STORAGE") => 5,
                        _ => 0,
                    },
                    location: text("LOCATION").unwrap_or_default(),
                    resource_manager_location: text("RESOURCE_MANAGER_LOCATION"),
                    credential_id,
                    database_name: text("DATABASE_NAME"),
                    shard_map_name: text("SHARD_MAP_NAME"),
                };
                let list = &mut self.db_mut(database_id)?.extras_mut().external_data_sources;
                list.retain(|item| item.id != id);
                list.push(made);
            }
            "EXTERNAL FILE FORMAT" => {
                let id = place!(external_file_formats, "external file format", 65_536);
                let mut all = Vec::new();
                for option in options {
                    all.push((option.name.clone(), option.value.clone()));
                    all.extend(option.nested.iter().map(|o| (o.name.clone(), o.value.clone())));
                }
                self.db_mut(database_id)?.extras_mut().external_file_formats.push(ExternalFileFormat {
                    id,
                    name: label,
                    options: all,
                });
            }
            // Server objects and what has no place in the catalog of a database here.
            _ => {}
        }
        Ok(())
    }
}

/// Smallest and greatest value of a sequence's type.
pub(crate) fn sequence_limits(data_type: &DataType) -> Option<(i128, i128)> {
    Some(match data_type {
        DataType::TinyInt => (0, 255),
        DataType::SmallInt => (i128::from(i16::MIN), i128::from(i16::MAX)),
        DataType::Int => (i128::from(i32::MIN), i128::from(i32::MAX)),
        DataType::BigInt => (i128::from(i64::MIN), i128::from(i64::MAX)),
        DataType::Decimal { precision, scale: 0 } | DataType::Numeric { precision, scale: 0 } => {
            let limit = 10_i128.checked_pow(u32::from(*precision)).map_or(i128::MAX, |power| power - 1);
            (-limit, limit)
        }
        _ => return None,
    })
}
