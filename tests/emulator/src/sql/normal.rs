//! The form in which SQL Server stores the expressions of checks, defaults, computed columns and filters:
//! names in brackets, numbers in parentheses, operators without blanks, CAST as CONVERT, IN and BETWEEN spelled out.
//! A text that is already in this form comes back unchanged. It resolves no names.

use super::ast::{BinaryOp, Call, Expr, Literal, ObjectName, TypeName, UnaryOp};
use std::fmt::Write as _;

/// The stored form of a default or computed column: the expression in one pair of parentheses.
pub fn stored(expr: &Expr) -> String {
    format!("({})", normal(strip(expr)))
}

/// The stored form without the outer parentheses.
pub fn normal(expr: &Expr) -> String {
    let mut out = String::new();
    write_expr(&mut out, expr, Level::Top);
    out
}

/// A name in brackets.
pub fn bracketed(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// Removes the parentheses around the whole.
fn strip(mut expr: &Expr) -> &Expr {
    while let Expr::Paren(inner) = expr {
        expr = inner;
    }
    expr
}

/// What surrounds an expression, and so when it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Top,
    Or,
    And,
    Not,
    /// Operand of a comparison.
    Compare,
    /// Operand of an arithmetic operator.
    Operand,
}

fn write_expr(out: &mut String, expr: &Expr, level: Level) {
    let expr = strip(expr);
    if let Some(literal) = number(expr) {
        out.push('(');
        out.push_str(&literal);
        out.push(')');
        return;
    }
    let needs = match expr {
        Expr::Or(_) => level > Level::Or,
        Expr::InList { list, negated: false, .. } => level > Level::Or && list.len() > 1,
        Expr::And(_) | Expr::Between { negated: false, .. } => level > Level::And,
        Expr::Not(_) => level > Level::And,
        Expr::Binary(..) => level >= Level::Compare,
        Expr::Unary(..) => level == Level::Operand,
        other => level >= Level::Compare && other.is_predicate() && !matches!(other, Expr::Function(_)),
    };
    if needs {
        out.push('(');
        write_bare(out, expr);
        out.push(')');
    } else {
        write_bare(out, expr);
    }
}

fn write_bare(out: &mut String, expr: &Expr) {
    match expr {
        Expr::Literal(literal) => write_literal(out, literal),
        Expr::Column(parts) => write_names(out, parts),
        Expr::Variable(name) | Expr::Global(name) => out.push_str(name),
        Expr::Unary(op, inner) => {
            out.push_str(match op {
                UnaryOp::Plus => "+",
                UnaryOp::Minus => "-",
                UnaryOp::BitNot => "~",
            });
            write_expr(out, inner, Level::Operand);
        }
        Expr::Binary(op, left, right) => {
            write_expr(out, left, Level::Operand);
            out.push_str(match op {
                BinaryOp::Concat => "||",
                other => other.symbol(),
            });
            write_expr(out, right, Level::Operand);
        }
        Expr::Compare(op, left, right) => {
            write_expr(out, left, Level::Compare);
            out.push_str(op.symbol());
            write_expr(out, right, Level::Compare);
        }
        Expr::And(list) => write_joined(out, list, " AND ", Level::And),
        Expr::Or(list) => write_joined(out, list, " OR ", Level::Or),
        Expr::Not(inner) => {
            out.push_str("NOT ");
            write_expr(out, inner, Level::Not);
        }
        Expr::IsNull { expr, negated } => {
            write_expr(out, expr, Level::Compare);
            out.push_str(if *negated { " IS NOT NULL" } else { " IS NULL" });
        }
        Expr::Distinct { left, right, negated } => {
            write_expr(out, left, Level::Compare);
            out.push_str(if *negated { " IS NOT DISTINCT FROM " } else { " IS DISTINCT FROM " });
            write_expr(out, right, Level::Compare);
        }
        Expr::Between { expr, low, high, negated } => {
            if *negated {
                out.push_str("NOT (");
            }
            write_expr(out, expr, Level::Compare);
            out.push_str(">=");
            write_expr(out, low, Level::Compare);
            out.push_str(" AND ");
            write_expr(out, expr, Level::Compare);
            out.push_str("<=");
            write_expr(out, high, Level::Compare);
            if *negated {
                out.push(')');
            }
        }
        Expr::InList { expr, list, negated } => {
            if *negated {
                out.push_str("NOT (");
            }
            for (i, item) in list.iter().rev().enumerate() {
                if i > 0 {
                    out.push_str(" OR ");
                }
                write_expr(out, expr, Level::Compare);
                out.push('=');
                write_expr(out, item, Level::Compare);
            }
            if *negated {
                out.push(')');
            }
        }
        Expr::Like { expr, pattern, escape, negated } => {
            if *negated {
                out.push_str("NOT ");
            }
            write_expr(out, expr, Level::Compare);
            out.push_str(" like ");
            write_expr(out, pattern, Level::Compare);
            if let Some(escape) = escape {
                out.push_str(" escape ");
                write_expr(out, escape, Level::Compare);
            }
        }
        Expr::Case { operand, branches, otherwise } => {
            out.push_str("case");
            if let Some(operand) = operand {
                out.push(' ');
                write_expr(out, operand, Level::Top);
            }
            for (when, then) in branches {
                out.push_str(" when ");
                write_expr(out, when, Level::Top);
                out.push_str(" then ");
                write_expr(out, then, Level::Top);
            }
            out.push(' ');
            if let Some(otherwise) = otherwise {
                out.push_str("else ");
                write_expr(out, otherwise, Level::Top);
            }
            out.push_str(" end");
        }
        Expr::Cast { expr, to, tries } => write_convert(out, expr, to, None, *tries),
        Expr::Convert { expr, to, style, tries } => write_convert(out, expr, to, style.as_deref(), *tries),
        Expr::Parse { expr, to, culture, tries } => {
            out.push_str(if *tries { "try_parse(" } else { "parse(" });
            write_expr(out, expr, Level::Top);
            let _ = write!(out, " as {}", type_text(to));
            if let Some(culture) = culture {
                out.push_str(" using ");
                write_expr(out, culture, Level::Top);
            }
            out.push(')');
        }
        Expr::Function(call) => write_call(out, call),
        Expr::StaticMethod { of, method, args } => {
            let _ = write!(out, "{}::{}", object_text(of), bracketed(method));
            write_args(out, args);
        }
        Expr::Method { on, method, args } => {
            write_expr(out, on, Level::Operand);
            out.push('.');
            out.push_str(method);
            if let Some(args) = args {
                write_args(out, args);
            }
        }
        Expr::Collate(inner, collation) => {
            write_expr(out, inner, Level::Compare);
            let _ = write!(out, " collate {collation}");
        }
        Expr::AtTimeZone(inner, zone) => {
            write_expr(out, inner, Level::Compare);
            out.push_str(" AT TIME ZONE ");
            write_expr(out, zone, Level::Compare);
        }
        Expr::NextValueFor(name) => {
            let _ = write!(out, "NEXT VALUE FOR {}", object_text(name));
        }
        Expr::Paren(inner) => write_expr(out, inner, Level::Top),
        Expr::Default => out.push_str("default"),
        Expr::Star => out.push('*'),
        // Queries are not allowed where expressions are stored.
        Expr::InQuery { .. } | Expr::Exists(_) | Expr::Quantified { .. } | Expr::Subquery(_) => {
            out.push_str("(subquery)");
        }
    }
}

fn write_joined(out: &mut String, list: &[Expr], word: &str, level: Level) {
    for (i, item) in list.iter().enumerate() {
        if i > 0 {
            out.push_str(word);
        }
        write_expr(out, item, level);
    }
}

fn write_args(out: &mut String, args: &[Expr]) {
    out.push('(');
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_expr(out, arg, Level::Top);
    }
    out.push(')');
}

fn write_convert(out: &mut String, expr: &Expr, to: &TypeName, style: Option<&Expr>, tries: bool) {
    out.push_str(if tries { "TRY_CAST(" } else { "CONVERT(" });
    if tries && style.is_none() {
        write_expr(out, expr, Level::Top);
        let _ = write!(out, " AS {})", type_text(to));
        return;
    }
    if tries {
        out.truncate(out.len() - "TRY_CAST(".len());
        out.push_str("TRY_CONVERT(");
    }
    out.push_str(&type_text(to));
    out.push(',');
    write_expr(out, expr, Level::Top);
    if let Some(style) = style {
        out.push(',');
        write_expr(out, style, Level::Top);
    }
    out.push(')');
}

fn write_call(out: &mut String, call: &Call) {
    let upper = call.name.last().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
    if call.bare {
        out.push_str(match upper.as_str() {
            "CURRENT_TIMESTAMP" => "getdate()",
            "SYSTEM_USER" => "suser_sname()",
            _ => "user_name()",
        });
        return;
    }
    if call.name.len() == 1 {
        out.push_str(&upper.to_ascii_lowercase());
    } else {
        write_names(out, &call.name);
    }
    let dated = matches!(
        upper.as_str(),
        "DATEADD" | "DATEDIFF" | "DATEDIFF_BIG" | "DATENAME" | "DATEPART" | "DATETRUNC" | "DATE_BUCKET"
    );
    out.push('(');
    for (i, arg) in call.args.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        match arg {
            Expr::Column(parts) if i == 0 && dated => out.push_str(date_part(parts)),
            arg => write_expr(out, arg, Level::Top),
        }
    }
    out.push(')');
}

/// Abbreviated date parts are stored in full.
fn date_part(parts: &[String]) -> &'static str {
    match parts.last().map(|part| part.to_ascii_lowercase()).unwrap_or_default().as_str() {
        "yy" | "yyyy" | "year" => "year",
        "qq" | "q" | "quarter" => "quarter",
        "mm" | "m" | "month" => "month",
        "dy" | "y" | "dayofyear" => "dayofyear",
        "dd" | "d" | "day" => "day",
        "wk" | "ww" | "week" => "week",
        "dw" | "w" | "weekday" => "weekday",
        "hh" | "hour" => "hour",
        "mi" | "n" | "minute" => "minute",
        "ss" | "s" | "second" => "second",
        "ms" | "millisecond" => "millisecond",
        "mcs" | "microsecond" => "microsecond",
        "ns" | "nanosecond" => "nanosecond",
        "tz" | "tzoffset" => "tzoffset",
        "isowk" | "isoww" | "iso_week" => "iso_week",
        _ => "day",
    }
}

fn write_names(out: &mut String, parts: &[String]) {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            out.push('.');
        }
        if part.starts_with('$') && parts.len() == 1 {
            out.push_str(&part.to_ascii_lowercase());
        } else {
            out.push_str(&bracketed(part));
        }
    }
}

/// A number with its sign, if the expression is one.
fn number(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(literal) => match literal {
            Literal::Int(text) => Some(plain_integer(text)),
            Literal::Decimal(text) | Literal::Float(text) => Some(text.clone()),
            Literal::Money(text) => Some(format!("${text}")),
            _ => None,
        },
        Expr::Unary(op @ (UnaryOp::Minus | UnaryOp::Plus), inner) => {
            let inner = number(strip(inner))?;
            match op {
                UnaryOp::Minus => match inner.strip_prefix('-') {
                    Some(positive) => Some(positive.to_owned()),
                    None => Some(format!("-{inner}")),
                },
                _ => Some(inner),
            }
        }
        _ => None,
    }
}

fn plain_integer(text: &str) -> String {
    let trimmed = text.trim_start_matches('0');
    if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() }
}

/// `0x` and upper-case digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("0x");
    for byte in bytes {
        let _ = write!(text, "{byte:02X}");
    }
    text
}

fn write_literal(out: &mut String, literal: &Literal) {
    match literal {
        Literal::Null => out.push_str("NULL"),
        Literal::Str(text) => {
            let _ = write!(out, "'{}'", text.replace('\'', "''"));
        }
        Literal::NStr(text) => {
            let _ = write!(out, "N'{}'", text.replace('\'', "''"));
        }
        Literal::Int(text) | Literal::Decimal(text) | Literal::Float(text) => out.push_str(text),
        Literal::Money(text) => {
            let _ = write!(out, "${text}");
        }
        Literal::Binary(bytes) => out.push_str(&hex(bytes)),
    }
}

/// A type in brackets with its arguments.
pub fn type_text(of: &TypeName) -> String {
    let mut text = String::new();
    if let Some(schema) = &of.schema
        && !schema.eq_ignore_ascii_case("sys")
    {
        text.push_str(&bracketed(schema));
        text.push('.');
    }
    let system = crate::state::system_types().iter().any(|row| row.0.eq_ignore_ascii_case(&of.name));
    let name = if system { of.name.to_ascii_lowercase() } else { of.name.clone() };
    let name = if name.eq_ignore_ascii_case("rowversion") { "timestamp".to_owned() } else { name };
    text.push_str(&bracketed(&name));
    if !of.args.is_empty() {
        let args: Vec<String> = of.args.iter().map(|arg| arg.to_ascii_lowercase()).collect();
        let _ = write!(text, "({})", args.join(","));
    }
    text
}

/// A name with its qualifiers, all in brackets.
pub fn object_text(name: &ObjectName) -> String {
    let mut text = String::new();
    for part in [&name.server, &name.database, &name.schema] {
        match part {
            Some(part) => {
                let _ = write!(text, "{}.", bracketed(part));
            }
            None if !text.is_empty() => text.push('.'),
            None => {}
        }
    }
    text.push_str(&bracketed(&name.name));
    text
}

/// Whether an expression holds a query, which the server refuses in constraints (1046).
pub fn has_query(expr: &Expr) -> bool {
    normal(expr).contains("(subquery)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parser::Parser;

    fn check(text: &str) -> String {
        let mut parser = Parser::new(text, true).expect("tokens");
        let expr = parser.parse_condition().expect("a condition");
        assert!(parser.at_end(), "{text}");
        stored(&expr)
    }

    fn scalar(text: &str) -> String {
        let mut parser = Parser::new(text, true).expect("tokens");
        let expr = parser.parse_expr().expect("an expression");
        assert!(parser.at_end(), "{text}");
        stored(&expr)
    }

    #[test]
    fn spells_out_predicates() {
        assert_eq!(check("a IN (1, 2)"), "([a]=(2) OR [a]=(1))");
        assert_eq!(check("a between 1 and 5"), "([a]>=(1) AND [a]<=(5))");
        assert_eq!(check("LEN([b]) > 0"), "(len([b])>(0))");
        assert_eq!(check("(a = 1 AND b != 2) OR c IS NOT NULL"), "([a]=(1) AND [b]<>(2) OR [c] IS NOT NULL)");
        assert_eq!(check("(a = 1 or b = 2) AND c like 'x%'"), "(([a]=(1) OR [b]=(2)) AND [c] like 'x%')");
        assert_eq!(check("a + b > -1"), "(([a]+[b])>(-1))");
    }

    #[test]
    fn writes_scalars() {
        assert_eq!(scalar("0"), "((0))");
        assert_eq!(scalar("((0))"), "((0))");
        assert_eq!(scalar("(N'it''s')"), "(N'it''s')");
        assert_eq!(scalar("GETDATE()"), "(getdate())");
        assert_eq!(scalar("current_timestamp"), "(getdate())");
        assert_eq!(scalar("CAST(x AS INT)"), "(CONVERT([int],[x]))");
        assert_eq!(scalar("CONVERT(NVARCHAR(20), a, 120)"), "(CONVERT([nvarchar](20),[a],(120)))");
        assert_eq!(scalar("dateadd(dd, -18, getdate())"), "(dateadd(day,(-18),getdate()))");
        assert_eq!(scalar("[dbo].[Scalar]([a], (1))"), "([dbo].[Scalar]([a],(1)))");
        assert_eq!(scalar("NEXT VALUE FOR dbo.Sq2"), "(NEXT VALUE FOR [dbo].[Sq2])");
        assert_eq!(scalar("a + b + c"), "(([a]+[b])+[c])");
        assert_eq!(scalar("case when a > 1 then 'x' else 'y' end"), "(case when [a]>(1) then 'x' else 'y' end)");
        assert_eq!(scalar("NULL"), "(NULL)");
    }

    #[test]
    fn what_is_normal_stays() {
        for text in [
            "(stuff((coalesce(', '+[A],'')+coalesce(', '+[B],''))+coalesce(', '+case when coalesce([L],(0))<>(0) AND coalesce([M],(0))<>(0) then ((('('+format([L],'#.#####'))+', ')+format([M],'#.#####'))+')'  end,''),(1),(2),''))",
            "(isnull(([UnitPrice]*((1.0)-[UnitPriceDiscount]))*[OrderQty],(0.0)))",
            "(CONVERT([bit],case when [a] IS NOT NULL AND [a]=[b] then (0) else (1) end))",
            "(isnull(N'SO'+CONVERT([nvarchar](23),[SalesOrderID],(0)),N'*** ERROR ***'))",
            "(0x0000000000000000)",
            "((-1))",
            "(newid())",
        ] {
            assert_eq!(scalar(text), text);
        }
        for text in ["([SellEndDate]>=[SellStartDate] OR [SellEndDate] IS NULL)", "([Status]>=(0) AND [Status]<=(8))"] {
            assert_eq!(check(text), text);
        }
    }
}
