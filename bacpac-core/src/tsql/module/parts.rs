//! The pieces of a module's header.

use super::{Module, ModuleKind, end_of_previous};
use crate::tsql::cursor::Cursor;
use crate::tsql::lexer::TokenKind;
use crate::tsql::name::identifier;

/// `EXECUTE AS`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecuteAs {
    /// `CALLER`, the default.
    Caller,
    /// `OWNER`.
    Owner,
    /// `SELF`.
    SelfUser,
    /// A user by name.
    User(String),
}

/// What stands after `WITH` in a header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleOptions {
    /// `SCHEMABINDING`.
    pub schema_binding: bool,
    /// `ENCRYPTION`.
    pub encryption: bool,
    /// `RECOMPILE`.
    pub recompile: bool,
    /// `NATIVE_COMPILATION`.
    pub native_compilation: bool,
    /// `VIEW_METADATA`.
    pub view_metadata: bool,
    /// `EXECUTE AS`.
    pub execute_as: Option<ExecuteAs>,
    /// `RETURNS NULL ON NULL INPUT` (true), `CALLED ON NULL INPUT` (false).
    pub null_on_null_input: Option<bool>,
    /// `INLINE = ON`.
    pub inline: Option<bool>,
}

/// A type as written: `decimal(9, 2)`, `dbo.T`, `xml(DOCUMENT s.c)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName<'a> {
    /// Parts of its name.
    pub name: Vec<String>,
    /// What stands in its parentheses.
    pub arguments: Option<&'a str>,
}

/// A parameter of a procedure or function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Name with its `@`.
    pub name: String,
    /// Type.
    pub type_name: TypeName<'a>,
    /// Text of the default.
    pub default: Option<&'a str>,
    /// `OUTPUT`.
    pub output: bool,
    /// `READONLY`.
    pub read_only: bool,
    /// `VARYING`.
    pub varying: bool,
    /// `NULL`, `NOT NULL`.
    pub nullable: Option<bool>,
}

/// What a function returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returns<'a> {
    /// A value.
    Scalar(TypeName<'a>),
    /// `TABLE`: the query of its `RETURN`.
    Inline,
    /// A table variable with its definition (what stands in the parentheses).
    Table {
        /// Name with its `@`.
        variable: String,
        /// Columns and constraints.
        definition: &'a str,
    },
}

/// What a trigger fires on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerTarget {
    /// A table or view.
    Object(Vec<String>),
    /// `ON DATABASE`.
    Database,
    /// `ON ALL SERVER`.
    Server,
}

/// When a trigger fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerTime {
    /// `FOR`.
    For,
    /// `AFTER`.
    After,
    /// `INSTEAD OF`.
    InsteadOf,
}

/// What a trigger is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// What it fires on.
    pub target: TriggerTarget,
    /// When.
    pub time: TriggerTime,
    /// `INSERT`, `CREATE_TABLE` … as written.
    pub events: Vec<String>,
    /// `WITH APPEND`.
    pub append: bool,
    /// `NOT FOR REPLICATION`.
    pub not_for_replication: bool,
}

/// Reads `CREATE kind name`.
pub(super) fn begin<'a>(text: &'a str, cursor: &mut Cursor<'a>) -> Option<Module<'a>> {
    let create = cursor.peek().filter(|t| t.is_word("CREATE") || t.is_word("ALTER"))?;
    cursor.next();
    cursor.take_words(&["OR", "ALTER"]);
    let kind = cursor.next()?;
    let kind = match kind.text.to_ascii_uppercase().as_str() {
        "VIEW" => ModuleKind::View,
        "PROC" | "PROCEDURE" => ModuleKind::Procedure,
        "FUNCTION" => ModuleKind::Function,
        "TRIGGER" => ModuleKind::Trigger,
        "RULE" => ModuleKind::Rule,
        "DEFAULT" => ModuleKind::Default,
        _ => return None,
    };
    let (name, name_range) = cursor.name()?;
    Some(Module {
        kind,
        header: text,
        body: "",
        footer: "",
        name,
        parameters: Vec::new(),
        options: ModuleOptions::default(),
        columns: None,
        returns: None,
        trigger: None,
        number: None,
        for_replication: false,
        with_check_option: false,
        create: create.start,
        name_range,
    })
}

/// Each reads up to the body and gives the end of the header.
impl<'a> Module<'a> {
    pub(super) fn view(&mut self, cursor: &mut Cursor<'a>) -> Option<usize> {
        if cursor.take("(") {
            let mut columns = Vec::new();
            loop {
                columns.push(identifier(&cursor.next()?)?);
                if !cursor.take(",") {
                    break;
                }
            }
            if !cursor.take(")") {
                return None;
            }
            self.columns = Some(columns);
        }
        self.options = options(cursor)?;
        cursor.take_word("AS").then(|| end_of_previous(cursor))
    }

    pub(super) fn procedure(&mut self, cursor: &mut Cursor<'a>, text: &'a str) -> Option<usize> {
        if cursor.take(";") {
            self.number = Some(cursor.next()?.text.parse().ok()?);
        }
        let parenthesis = cursor.take("(");
        self.parameters = parameters(cursor, text)?;
        if parenthesis && !cursor.take(")") {
            return None;
        }
        self.options = options(cursor)?;
        self.for_replication = cursor.take_words(&["FOR", "REPLICATION"]);
        cursor.take_word("AS").then(|| end_of_previous(cursor))
    }

    pub(super) fn function(&mut self, cursor: &mut Cursor<'a>, text: &'a str) -> Option<usize> {
        if !cursor.take("(") {
            return None;
        }
        self.parameters = parameters(cursor, text)?;
        if !cursor.take(")") || !cursor.take_word("RETURNS") {
            return None;
        }
        let returned = cursor.peek()?;
        let returns = if returned.is_word("TABLE") {
            cursor.next();
            Returns::Inline
        } else if returned.kind == TokenKind::Variable {
            cursor.next();
            if !cursor.take_word("TABLE") {
                return None;
            }
            let definition = text.get(cursor.parenthesised()?)?;
            Returns::Table { variable: returned.text.into(), definition }
        } else {
            Returns::Scalar(type_name(cursor, text)?)
        };
        self.options = options(cursor)?;
        cursor.take_word("AS");
        if returns == Returns::Inline && !cursor.take_word("RETURN") {
            return None;
        }
        self.returns = Some(returns);
        Some(end_of_previous(cursor))
    }

    pub(super) fn trigger(&mut self, cursor: &mut Cursor<'a>) -> Option<usize> {
        if !cursor.take_word("ON") {
            return None;
        }
        let target = if cursor.take_words(&["ALL", "SERVER"]) {
            TriggerTarget::Server
        } else if cursor.is_word("DATABASE") && !cursor.ahead(1).is_some_and(|t| t.is(".")) {
            cursor.next();
            TriggerTarget::Database
        } else {
            TriggerTarget::Object(cursor.name()?.0)
        };
        self.options = options(cursor)?;
        let time = if cursor.take_word("FOR") {
            TriggerTime::For
        } else if cursor.take_word("AFTER") {
            TriggerTime::After
        } else if cursor.take_words(&["INSTEAD", "OF"]) {
            TriggerTime::InsteadOf
        } else {
            return None;
        };
        let mut events = Vec::new();
        loop {
            events.push(cursor.next().filter(|t| t.kind == TokenKind::Word)?.text.to_owned());
            if !cursor.take(",") {
                break;
            }
        }
        let append = cursor.take_words(&["WITH", "APPEND"]);
        let not_for_replication = cursor.take_words(&["NOT", "FOR", "REPLICATION"]);
        self.trigger = Some(Trigger { target, time, events, append, not_for_replication });
        cursor.take_word("AS").then(|| end_of_previous(cursor))
    }
}

/// `WITH a, b`, or nothing.
fn options(cursor: &mut Cursor<'_>) -> Option<ModuleOptions> {
    let mut options = ModuleOptions::default();
    if !cursor.take_word("WITH") {
        return Some(options);
    }
    loop {
        let word = cursor.next()?;
        match word.text.to_ascii_uppercase().as_str() {
            "SCHEMABINDING" => options.schema_binding = true,
            "ENCRYPTION" => options.encryption = true,
            "RECOMPILE" => options.recompile = true,
            "NATIVE_COMPILATION" => options.native_compilation = true,
            "VIEW_METADATA" => options.view_metadata = true,
            "RETURNS" => options.null_on_null_input = Some(cursor.take_words(&["NULL", "ON", "NULL", "INPUT"])),
            "CALLED" => options.null_on_null_input = Some(!cursor.take_words(&["ON", "NULL", "INPUT"])),
            "INLINE" => {
                cursor.take("=");
                options.inline = Some(cursor.next()?.is_word("ON"));
            }
            "EXECUTE" | "EXEC" => {
                if !cursor.take_word("AS") {
                    return None;
                }
                let who = cursor.next()?;
                options.execute_as = Some(match who.text.to_ascii_uppercase().as_str() {
                    "CALLER" => ExecuteAs::Caller,
                    "OWNER" => ExecuteAs::Owner,
                    "SELF" => ExecuteAs::SelfUser,
                    _ => ExecuteAs::User(string(&who)?),
                });
            }
            _ => return None,
        }
        if !cursor.take(",") {
            return Some(options);
        }
    }
}

/// The value of a string literal.
fn string(token: &crate::tsql::lexer::Token<'_>) -> Option<String> {
    if token.kind != TokenKind::String {
        return identifier(token);
    }
    let text = token.text.trim_start_matches(['N', 'n']);
    let quote = text.get(..1)?;
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    Some(inner.replace(&quote.repeat(2), quote))
}

fn type_name<'a>(cursor: &mut Cursor<'a>, text: &'a str) -> Option<TypeName<'a>> {
    let (mut name, _) = cursor.name()?;
    // `double precision`, `character varying`, `national char varying` …
    if let [first] = name.as_mut_slice() {
        const MORE: &[&str] = &["PRECISION", "VARYING", "CHAR", "CHARACTER", "TEXT"];
        const BEGIN: &[&str] = &["DOUBLE", "CHAR", "CHARACTER", "NATIONAL", "NCHAR", "BINARY"];
        while BEGIN.iter().any(|w| first.split(' ').next().is_some_and(|f| f.eq_ignore_ascii_case(w)))
            && let Some(word) = cursor.peek().filter(|t| MORE.iter().any(|w| t.is_word(w)))
        {
            cursor.next();
            first.push(' ');
            first.push_str(word.text);
        }
    }
    let arguments = if cursor.is("(") { Some(text.get(cursor.parenthesised()?)?.trim()) } else { None };
    Some(TypeName { name, arguments })
}

/// Parameters up to what cannot be one.
fn parameters<'a>(cursor: &mut Cursor<'a>, text: &'a str) -> Option<Vec<Parameter<'a>>> {
    let mut parameters = Vec::new();
    while let Some(name) = cursor.peek().filter(|t| t.kind == TokenKind::Variable) {
        cursor.next();
        cursor.take_word("AS");
        let type_name = type_name(cursor, text)?;
        let mut parameter = Parameter {
            name: name.text.into(),
            type_name,
            default: None,
            output: false,
            read_only: false,
            varying: cursor.take_word("VARYING"),
            nullable: None,
        };
        loop {
            if cursor.take_word("NULL") {
                parameter.nullable = Some(true);
            } else if cursor.take_words(&["NOT", "NULL"]) {
                parameter.nullable = Some(false);
            } else if cursor.take("=") {
                parameter.default = Some(default(cursor, text)?);
            } else if cursor.take_word("OUTPUT") || cursor.take_word("OUT") {
                parameter.output = true;
            } else if cursor.take_word("READONLY") {
                parameter.read_only = true;
            } else {
                break;
            }
        }
        parameters.push(parameter);
        if !cursor.take(",") {
            break;
        }
    }
    Some(parameters)
}

/// A constant: a literal with its sign, a bare word, a name, or something in parentheses.
fn default<'a>(cursor: &mut Cursor<'a>, text: &'a str) -> Option<&'a str> {
    let start = cursor.peek()?.start;
    while cursor.is("-") || cursor.is("+") {
        cursor.next();
    }
    if cursor.is("(") {
        cursor.parenthesised()?;
    } else {
        cursor.next()?;
        while cursor.take(".") {
            cursor.next()?;
        }
        if cursor.is("(") {
            cursor.parenthesised()?;
        }
    }
    text.get(start..end_of_previous(cursor))
}
