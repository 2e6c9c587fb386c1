//! Syntax trees of T-SQL queries and statements. Names are as written; nothing is resolved or typed here.

use crate::sql::lexer::Token;

/// `server.database.schema.name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ObjectName {
    pub server: Option<String>,
    pub database: Option<String>,
    pub schema: Option<String>,
    pub name: String,
}

impl ObjectName {
    /// From the parts of a dotted name; an empty part (`db..t`) is absent.
    pub fn from_parts(mut parts: Vec<String>) -> Self {
        let mut next = || parts.pop().filter(|part| !part.is_empty());
        let name = next().unwrap_or_default();
        Self { name, schema: next(), database: next(), server: next() }
    }
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(server) = &self.server {
            write!(f, "{server}.")?;
        }
        if let Some(database) = &self.database {
            write!(f, "{database}.")?;
        }
        match &self.schema {
            Some(schema) => write!(f, "{schema}.")?,
            None if self.database.is_some() => write!(f, ".")?,
            None => {}
        }
        write!(f, "{}", self.name)
    }
}

/// A data type as written: `[sys].[decimal](10, 2)`, `double precision`, `xml(CONTENT dbo.c)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeName {
    /// Schema, if written.
    pub schema: Option<String>,
    /// Name, as written (`CHARACTER VARYING` and such are already folded to the server's own names).
    pub name: String,
    /// Arguments: digits, or `MAX`.
    pub args: Vec<String>,
    /// `CONTENT` or `DOCUMENT` and the schema collection of a typed xml.
    pub xml: Option<(bool, ObjectName)>,
}

/// A literal; numbers keep their text.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Literal {
    Null,
    Int(String),
    Decimal(String),
    Float(String),
    Money(String),
    Str(String),
    NStr(String),
    Binary(Vec<u8>),
}

/// Operators between two scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    BitAnd,
    BitOr,
    BitXor,
    Concat,
    ShiftLeft,
    ShiftRight,
}

impl BinaryOp {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::Concat => "||",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
        }
    }
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl CompareOp {
    /// As the server stores it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// Operators before a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Plus,
    Minus,
    BitNot,
}

/// A scalar expression or a predicate.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Expr {
    Literal(Literal),
    /// A column with up to three qualifiers.
    Column(Vec<String>),
    /// With its `@`.
    Variable(String),
    /// With its `@@`.
    Global(String),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// Two or more predicates.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    IsNull {
        expr: Box<Expr>,
        negated: bool,
    },
    /// `IS [NOT] DISTINCT FROM`.
    Distinct {
        left: Box<Expr>,
        right: Box<Expr>,
        negated: bool,
    },
    Between {
        expr: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        negated: bool,
    },
    InList {
        expr: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    InQuery {
        expr: Box<Expr>,
        query: Box<Query>,
        negated: bool,
    },
    Like {
        expr: Box<Expr>,
        pattern: Box<Expr>,
        escape: Option<Box<Expr>>,
        negated: bool,
    },
    Exists(Box<Query>),
    /// `expr op ALL|ANY|SOME (query)`.
    Quantified {
        op: CompareOp,
        all: bool,
        expr: Box<Expr>,
        query: Box<Query>,
    },
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Cast {
        expr: Box<Expr>,
        to: Box<TypeName>,
        tries: bool,
    },
    Convert {
        expr: Box<Expr>,
        to: Box<TypeName>,
        style: Option<Box<Expr>>,
        tries: bool,
    },
    Parse {
        expr: Box<Expr>,
        to: Box<TypeName>,
        culture: Option<Box<Expr>>,
        tries: bool,
    },
    Function(Box<Call>),
    /// `type::Method(…)`.
    StaticMethod {
        of: Box<ObjectName>,
        method: String,
        args: Vec<Expr>,
    },
    /// A method of a value: `(…).ToString()`.
    Method {
        on: Box<Expr>,
        method: String,
        args: Option<Vec<Expr>>,
    },
    Subquery(Box<Query>),
    Collate(Box<Expr>, String),
    AtTimeZone(Box<Expr>, Box<Expr>),
    NextValueFor(Box<ObjectName>),
    /// Parentheses around a scalar, kept because they are kept in stored definitions.
    Paren(Box<Expr>),
    /// `DEFAULT` in a VALUES list or as an argument.
    Default,
    /// `*` as the argument of COUNT.
    Star,
}

impl Expr {
    /// Whether this is a predicate (TRUE, FALSE, UNKNOWN) rather than a scalar.
    pub fn is_predicate(&self) -> bool {
        match self {
            Self::Compare(..)
            | Self::And(_)
            | Self::Or(_)
            | Self::Not(_)
            | Self::IsNull { .. }
            | Self::Distinct { .. }
            | Self::Between { .. }
            | Self::InList { .. }
            | Self::InQuery { .. }
            | Self::Like { .. }
            | Self::Exists(_)
            | Self::Quantified { .. } => true,
            Self::Paren(inner) => inner.is_predicate(),
            Self::Function(call) => {
                let name = call.name.last().map(|n| n.to_ascii_uppercase());
                call.name.len() == 1
                    && matches!(name.as_deref(), Some("CONTAINS" | "FREETEXT" | "UPDATE" | "REGEXP_LIKE"))
            }
            _ => false,
        }
    }
}

/// A function call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// Name with its qualifiers.
    pub name: Vec<String>,
    /// Arguments.
    pub args: Vec<Expr>,
    /// `DISTINCT` before the argument of an aggregate.
    pub distinct: bool,
    /// Without parentheses (`CURRENT_TIMESTAMP`).
    pub bare: bool,
    /// `OVER (…)`.
    pub over: Option<Window>,
    /// `WITHIN GROUP (ORDER BY …)`.
    pub within_group: Vec<OrderItem>,
}

/// `OVER (PARTITION BY … ORDER BY … ROWS …)`.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Window {
    pub partition_by: Vec<Expr>,
    pub order_by: Vec<OrderItem>,
    pub frame: Option<Frame>,
}

/// The frame of a window.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Frame {
    /// ROWS rather than RANGE.
    pub rows: bool,
    pub start: FrameBound,
    pub end: FrameBound,
}

/// One end of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FrameBound {
    UnboundedPreceding,
    Preceding(u64),
    CurrentRow,
    Following(u64),
    UnboundedFollowing,
}

/// An element of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct OrderItem {
    pub expr: Expr,
    pub descending: bool,
}

/// A query expression with what may surround it.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Query {
    pub ctes: Vec<Cte>,
    pub body: QueryBody,
    pub order_by: Vec<OrderItem>,
    pub offset: Option<Expr>,
    pub fetch: Option<Expr>,
    pub for_clause: Option<ForClause>,
    /// `OPTION (MAXRECURSION n)`.
    pub max_recursion: Option<u32>,
    pub line: u32,
}

/// `FOR XML …`, `FOR JSON …`, `FOR BROWSE`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ForClause {
    Browse,
    Xml(String),
    Json(String),
}

/// A common table expression.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Cte {
    pub name: String,
    pub columns: Vec<String>,
    pub query: Query,
}

/// UNION, EXCEPT, INTERSECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SetOp {
    Union,
    UnionAll,
    Except,
    Intersect,
}

/// The body of a query.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum QueryBody {
    Select(Box<Select>),
    Set { op: SetOp, left: Box<QueryBody>, right: Box<QueryBody> },
    Nested(Box<Query>),
    Values(Vec<Vec<Expr>>),
}

/// `SELECT …`.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Select {
    pub distinct: bool,
    pub top: Option<Top>,
    pub items: Vec<SelectItem>,
    pub into: Option<ObjectName>,
    pub from: Vec<TableRef>,
    pub selection: Option<Expr>,
    pub group_by: Vec<Expr>,
    pub having: Option<Expr>,
    pub line: u32,
}

/// `TOP (n) PERCENT WITH TIES`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Top {
    pub count: Expr,
    pub percent: bool,
    pub ties: bool,
}

/// An element of a select list.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum SelectItem {
    /// `*` or `t.*`.
    Star(Vec<String>),
    Expr {
        expr: Expr,
        alias: Option<String>,
    },
    /// `@v = expr`, `@v += expr`.
    Assign {
        variable: String,
        op: Option<BinaryOp>,
        expr: Expr,
    },
}

/// Kinds of joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Cross,
}

/// Something in a FROM clause.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum TableRef {
    Table { name: ObjectName, alias: Option<String>, hints: Vec<String>, line: u32 },
    Variable { name: String, alias: Option<String> },
    Derived { query: Box<Query>, alias: String, columns: Vec<String> },
    Function { call: Box<Call>, alias: Option<String>, columns: Vec<String>, with: bool, line: u32 },
    Join { kind: JoinKind, left: Box<TableRef>, right: Box<TableRef>, on: Option<Expr> },
    Apply { outer: bool, left: Box<TableRef>, right: Box<TableRef> },
    Unsupported { what: String },
}

/// What a data modification writes to.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Target {
    Table { name: ObjectName, hints: Vec<String> },
    Variable(String),
}

/// `OUTPUT … [INTO …]`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Output {
    pub items: Vec<SelectItem>,
    pub into: Option<(Target, Vec<String>)>,
}

/// Where inserted rows come from.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum InsertSource {
    DefaultValues,
    Values(Vec<Vec<Expr>>),
    Query(Box<Query>),
    Exec(Box<Exec>),
}

/// INSERT.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Insert {
    pub ctes: Vec<Cte>,
    pub top: Option<Top>,
    pub target: Target,
    pub columns: Vec<String>,
    pub output: Option<Output>,
    pub source: InsertSource,
}

/// One assignment of UPDATE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Assignment {
    /// `@v =` before or instead of a column.
    pub variable: Option<String>,
    pub column: Option<Vec<String>>,
    pub op: Option<BinaryOp>,
    pub expr: Expr,
}

/// UPDATE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Update {
    pub ctes: Vec<Cte>,
    pub top: Option<Top>,
    pub target: Target,
    pub set: Vec<Assignment>,
    pub output: Option<Output>,
    pub from: Vec<TableRef>,
    pub selection: Option<Expr>,
}

/// DELETE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Delete {
    pub ctes: Vec<Cte>,
    pub top: Option<Top>,
    pub target: Target,
    pub output: Option<Output>,
    pub from: Vec<TableRef>,
    pub selection: Option<Expr>,
}

/// An argument of EXECUTE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct ExecArg {
    pub name: Option<String>,
    pub value: Expr,
    pub output: bool,
}

/// EXECUTE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Exec {
    /// `EXEC @r = proc @a = 1 OUTPUT, …`.
    Procedure { result: Option<String>, name: ObjectName, args: Vec<ExecArg> },
    /// `EXEC @r = @name …`.
    Variable { result: Option<String>, name: String, args: Vec<ExecArg> },
    /// `EXEC ('text' + @v) [AS USER = …]`.
    Text { text: Expr, at: Option<String> },
}

/// `SET @v = …` and `SET option …`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum SetStatement {
    Variable {
        name: String,
        op: Option<BinaryOp>,
        expr: Expr,
    },
    /// Options that are ON or OFF, upper-cased.
    Switch {
        options: Vec<String>,
        on: bool,
    },
    IdentityInsert {
        table: ObjectName,
        on: bool,
    },
    /// `SET ROWCOUNT`, `LOCK_TIMEOUT`, `LANGUAGE`, `DATEFORMAT`, … with their value.
    Value {
        option: String,
        value: Expr,
    },
    IsolationLevel(String),
    /// `SET STATISTICS IO ON` and others without an effect here.
    Ignored,
}

/// BEGIN, COMMIT, ROLLBACK, SAVE.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum TransactionStatement {
    Begin { name: Option<Expr> },
    Commit,
    Rollback { name: Option<Expr> },
    Save { name: Expr },
}

/// A variable declaration.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Declaration {
    Scalar {
        name: String,
        of: TypeName,
        value: Option<Expr>,
    },
    /// `DECLARE @t TABLE (…)`: the tokens between the parentheses, for the DDL parser.
    Table {
        name: String,
        definition: Vec<Token>,
        text: String,
    },
    Cursor {
        name: String,
        query: Option<Box<Query>>,
    },
}

/// Cursor statements.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum CursorStatement {
    Open(String),
    /// `FETCH NEXT|PRIOR|FIRST|LAST FROM c INTO @a, @b`.
    Fetch {
        direction: String,
        name: String,
        into: Vec<String>,
    },
    Close(String),
    Deallocate(String),
}

/// A statement with the line it begins on.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Statement {
    pub kind: StatementKind,
    pub line: u32,
    /// Byte range of the statement's text in the batch.
    pub start: usize,
    pub end: usize,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum StatementKind {
    Query(Box<Query>),
    Insert(Box<Insert>),
    Update(Box<Update>),
    Delete(Box<Delete>),
    Truncate(ObjectName),
    /// A data definition statement.
    Ddl(Box<crate::sql::ddl::Ddl>),
    Declare(Vec<Declaration>),
    Set(SetStatement),
    If {
        condition: Expr,
        then: Box<Statement>,
        otherwise: Option<Box<Statement>>,
    },
    While {
        condition: Expr,
        body: Box<Statement>,
    },
    Block(Vec<Statement>),
    TryCatch {
        body: Vec<Statement>,
        catch: Vec<Statement>,
    },
    Break,
    Continue,
    Return(Option<Expr>),
    Throw(Option<[Expr; 3]>),
    RaiseError {
        args: Vec<Expr>,
        options: Vec<String>,
    },
    Print(Expr),
    WaitFor {
        delay: bool,
        value: Expr,
    },
    Use(String),
    Transaction(TransactionStatement),
    Exec(Box<Exec>),
    Goto(String),
    Label(String),
    Cursor(CursorStatement),
    /// Parsed, and named in the error when run.
    Unsupported(String),
    /// `DBCC name (args) [WITH …]`.
    Dbcc {
        name: String,
        args: Vec<Expr>,
    },
    /// `EXECUTE AS` / `REVERT`, CHECKPOINT, … : accepted, nothing to do.
    Nothing,
    /// `EXECUTE AS USER|LOGIN = '…'`.
    ExecuteAs {
        kind: String,
        name: Option<Expr>,
    },
    Revert,
    InsertBulk(BulkTarget),
}

/// `INSERT BULK table (column type, …) WITH (hints)`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct BulkTarget {
    pub table: ObjectName,
    pub columns: Vec<BulkColumn>,
    pub hints: Vec<BulkHint>,
}

/// A column of INSERT BULK.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct BulkColumn {
    pub name: String,
    pub of: TypeName,
    pub collation: Option<String>,
    /// NULL or NOT NULL as written, if it is.
    pub nullable: Option<bool>,
}

/// A hint of INSERT BULK, upper-cased.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BulkHint {
    pub name: String,
    /// `ROWS_PER_BATCH = n`.
    pub value: Option<String>,
    /// `ORDER (a ASC, b DESC)`.
    pub columns: Vec<(String, bool)>,
}
