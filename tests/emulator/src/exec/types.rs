//! Data types of expressions: precedence, common types, types by name.

use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{BinaryOp, TypeName};
use crate::value::{Collation, DataType, Length};

use super::decimal;

/// Place in the order of precedence; the higher one wins.
pub fn precedence(data_type: &DataType) -> u8 {
    use DataType::*;
    match data_type {
        Udt { .. } => 40,
        SqlVariant => 30,
        Xml | Json => 29,
        Vector { .. } => 28,
        DateTimeOffset { .. } => 27,
        DateTime2 { .. } => 26,
        DateTime => 25,
        SmallDateTime => 24,
        Date => 23,
        Time { .. } => 22,
        Float => 21,
        Real => 20,
        Decimal { .. } | Numeric { .. } => 19,
        Money => 18,
        SmallMoney => 17,
        BigInt => 16,
        Int => 15,
        SmallInt => 14,
        TinyInt => 13,
        Bit => 12,
        NText { .. } => 11,
        Text { .. } => 10,
        Image => 9,
        RowVersion => 8,
        UniqueIdentifier => 7,
        NVarChar { .. } => 6,
        NChar { .. } => 5,
        VarChar { .. } => 4,
        Char { .. } => 3,
        VarBinary { .. } => 2,
        Binary { .. } => 1,
    }
}

/// Whether it is char, varchar, nchar, nvarchar, text or ntext.
pub fn is_text(data_type: &DataType) -> bool {
    data_type.collation().is_some()
}

/// Whether it is nchar, nvarchar or ntext.
pub fn is_unicode(data_type: &DataType) -> bool {
    matches!(data_type, DataType::NChar { .. } | DataType::NVarChar { .. } | DataType::NText { .. })
}

/// Whether it is binary, varbinary, image or rowversion.
pub fn is_binary(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Binary { .. } | DataType::VarBinary { .. } | DataType::Image | DataType::RowVersion)
}

/// Whether it is a whole number type, bit included.
pub fn is_integer(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Bit | DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt)
}

/// Whether it is a number.
pub fn is_number(data_type: &DataType) -> bool {
    decimal::as_decimal(data_type).is_some() || matches!(data_type, DataType::Real | DataType::Float)
}

/// Whether it has a date or a time.
pub fn is_temporal(data_type: &DataType) -> bool {
    (22..=27).contains(&precedence(data_type))
}

/// Longest length of two, in units.
fn longer(a: Length, b: Length) -> Length {
    match (a, b) {
        (Length::Of(a), Length::Of(b)) => Length::Of(a.max(b)),
        _ => Length::Max,
    }
}

/// Length of a text or binary type in its own units.
pub fn length_of(data_type: &DataType) -> Length {
    match data_type {
        DataType::Char { length, .. } | DataType::NChar { length, .. } | DataType::Binary { length } => {
            Length::Of(*length)
        }
        DataType::VarChar { length, .. } | DataType::NVarChar { length, .. } | DataType::VarBinary { length } => {
            *length
        }
        DataType::RowVersion => Length::Of(8),
        DataType::Text { .. } | DataType::NText { .. } | DataType::Image | DataType::Xml | DataType::Json => {
            Length::Max
        }
        DataType::UniqueIdentifier => Length::Of(36),
        DataType::Bit => Length::Of(1),
        DataType::TinyInt => Length::Of(3),
        DataType::SmallInt => Length::Of(6),
        DataType::Int => Length::Of(12),
        DataType::BigInt => Length::Of(24),
        _ => Length::Of(41),
    }
}

/// nvarchar of a length.
pub fn nvarchar(length: Length, collation: &Collation) -> DataType {
    match length {
        Length::Of(n) if n <= 4000 => DataType::NVarChar { length: Length::Of(n.max(1)), collation: collation.clone() },
        Length::Of(_) => DataType::NVarChar { length: Length::Of(4000), collation: collation.clone() },
        Length::Max => DataType::NVarChar { length: Length::Max, collation: collation.clone() },
    }
}

/// varchar of a length.
pub fn varchar(length: Length, collation: &Collation) -> DataType {
    let length = match length {
        Length::Of(n) => Length::Of(n.clamp(1, 8000)),
        Length::Max => Length::Max,
    };
    DataType::VarChar { length, collation: collation.clone() }
}

/// The type to which both sides are brought to be compared, or chosen between (CASE, COALESCE, UNION).
pub fn common(left: &DataType, right: &DataType) -> DataType {
    if left == right {
        return left.clone();
    }
    let (high, low) = if precedence(left) >= precedence(right) { (left, right) } else { (right, left) };
    let with_scale = |a: u8, b: &DataType| match b {
        DataType::Time { scale } | DataType::DateTime2 { scale } | DataType::DateTimeOffset { scale } => a.max(*scale),
        DataType::DateTime => a.max(3),
        _ => a,
    };
    match high {
        DataType::Decimal { precision, scale } | DataType::Numeric { precision, scale } => {
            let Some((p, s)) = decimal::as_decimal(low) else { return high.clone() };
            let s2 = (*scale).max(s);
            let whole = (precision - scale).max(p - s);
            let (precision, scale) = if whole + s2 > 38 { (38, 38 - whole.min(38)) } else { (whole + s2, s2) };
            if matches!(high, DataType::Numeric { .. }) {
                DataType::Numeric { precision, scale }
            } else {
                DataType::Decimal { precision, scale }
            }
        }
        DataType::Time { scale } => DataType::Time { scale: with_scale(*scale, low) },
        DataType::DateTime2 { scale } => DataType::DateTime2 { scale: with_scale(*scale, low) },
        DataType::DateTimeOffset { scale } => DataType::DateTimeOffset { scale: with_scale(*scale, low) },
        DataType::NVarChar { length, collation } => nvarchar(longer(*length, length_of(low)), collation),
        DataType::NChar { length, collation } => match low {
            DataType::NChar { length: other, .. } | DataType::Char { length: other, .. } => {
                DataType::NChar { length: (*length).max((*other).min(4000)), collation: collation.clone() }
            }
            _ => nvarchar(longer(Length::Of(*length), length_of(low)), collation),
        },
        DataType::VarChar { length, collation } => varchar(longer(*length, length_of(low)), collation),
        DataType::Char { length, collation } => match low {
            DataType::Char { length: other, .. } => {
                DataType::Char { length: (*length).max(*other), collation: collation.clone() }
            }
            _ => varchar(longer(Length::Of(*length), length_of(low)), collation),
        },
        DataType::VarBinary { length } => DataType::VarBinary { length: longer(*length, length_of(low)) },
        DataType::Binary { length } => match low {
            DataType::Binary { length: other } => DataType::Binary { length: (*length).max(*other) },
            _ => DataType::VarBinary { length: longer(Length::Of(*length), length_of(low)) },
        },
        _ => high.clone(),
    }
}

/// Type of `left op right`.
pub fn arithmetic(op: BinaryOp, left: &DataType, right: &DataType) -> SqlResult<DataType> {
    use BinaryOp::*;
    let invalid = || {
        let name = match op {
            Add => "add",
            Subtract => "subtract",
            Multiply => "multiply",
            Divide => "divide",
            Modulo => "modulo",
            _ => op.symbol(),
        };
        let (l, r) = (left.type_name(), right.type_name());
        SqlError::new(402, 16, format!("The data types {l} and {r} are incompatible in the {name} operator."))
    };
    if matches!(op, BitAnd | BitOr | BitXor | ShiftLeft | ShiftRight) {
        return match (is_integer(left), is_integer(right)) {
            (true, true) => Ok(common(left, right)),
            (true, false) if is_binary(right) || is_text(right) => Ok(left.clone()),
            (false, true) if is_binary(left) || is_text(left) => Ok(right.clone()),
            _ => Err(invalid()),
        };
    }
    if matches!(op, Add | Concat) && is_text(left) && is_text(right) {
        return Ok(concatenation(left, right));
    }
    if op == Add && is_binary(left) && is_binary(right) {
        let length = match (length_of(left), length_of(right)) {
            (Length::Of(a), Length::Of(b)) => Length::Of((a + b).min(8000)),
            _ => Length::Max,
        };
        return Ok(DataType::VarBinary { length });
    }
    if op == Concat {
        return Err(invalid());
    }
    let target = common(left, right);
    match &target {
        DataType::DateTime | DataType::SmallDateTime if matches!(op, Add | Subtract) => Ok(target),
        DataType::Decimal { .. } | DataType::Numeric { .. } => {
            let (Some(a), Some(b)) = (as_operand(left, right), as_operand(right, left)) else { return Err(invalid()) };
            let (precision, scale) = decimal::result_type(op, a, b);
            Ok(DataType::Numeric { precision, scale })
        }
        DataType::Float | DataType::Real if op == Modulo => Err(invalid()),
        DataType::Bit => Ok(DataType::Int).and_then(|t| if op == Modulo { Ok(t) } else { Err(invalid()) }),
        t if is_number(t) => Ok(t.clone()),
        _ => Err(invalid()),
    }
}

/// A text or binary operand takes the other side's precision.
fn as_operand(data_type: &DataType, other: &DataType) -> Option<(u8, u8)> {
    decimal::as_decimal(data_type).or_else(|| decimal::as_decimal(other))
}

fn concatenation(left: &DataType, right: &DataType) -> DataType {
    let collation = left.collation().cloned().unwrap_or_else(|| crate::collation::DEFAULT.into());
    let unicode = is_unicode(left) || is_unicode(right);
    let limit = if unicode { 4000 } else { 8000 };
    let length = match (length_of(left), length_of(right)) {
        (Length::Of(a), Length::Of(b)) => Length::Of(a.saturating_add(b).min(limit)),
        _ => Length::Max,
    };
    if unicode { nvarchar(length, &collation) } else { varchar(length, &collation) }
}

/// A system type by name; none if there is none of this name. `default_length` is that of `varchar` and its like
/// without a length: 1 for a column or variable, 30 in CAST and CONVERT.
pub fn system_type(of: &TypeName, collation: &Collation, default_length: u16) -> SqlResult<Option<DataType>> {
    if of.schema.as_deref().is_some_and(|schema| !schema.eq_ignore_ascii_case("sys")) {
        return Ok(None);
    }
    let number = |at: usize| of.args.get(at).and_then(|arg| arg.parse::<u32>().ok());
    let is_max = of.args.first().is_some_and(|arg| arg == "MAX");
    let name = of.name.to_ascii_lowercase();
    let too_long = |given: u32, limit: u32| {
        let message = format!(
            "The size ({given}) given to the type '{}' exceeds the maximum allowed for any data type ({limit}).",
            of.name
        );
        SqlError::new(2717, 15, message)
    };
    let length = |limit: u16| -> SqlResult<Length> {
        if is_max {
            return Ok(Length::Max);
        }
        match number(0) {
            None => Ok(Length::Of(default_length)),
            Some(0) => Err(SqlError::new(1001, 15, "Line 1: Length or precision specification 0 is invalid.")),
            Some(n) if n > u32::from(limit) => Err(too_long(n, 8000)),
            Some(n) => Ok(Length::Of(n as u16)),
        }
    };
    let fixed = |limit: u16| match length(limit)? {
        Length::Of(n) => Ok(n),
        Length::Max => Err(SqlError::new(102, 15, "Incorrect syntax near 'max'.")),
    };
    let scale = || match number(0) {
        None => Ok(7),
        Some(n) if n <= 7 => Ok(n as u8),
        Some(n) => Err(SqlError::new(1002, 15, format!("Line 1: Specified scale {n} is invalid."))),
    };
    let collation = || collation.clone();
    let udt = |name: &str| DataType::Udt { schema: "sys".into(), name: name.into() };
    Ok(Some(match name.as_str() {
        "bit" => DataType::Bit,
        "tinyint" => DataType::TinyInt,
        "smallint" => DataType::SmallInt,
        "int" => DataType::Int,
        "bigint" => DataType::BigInt,
        "real" => DataType::Real,
        "float" => match number(0) {
            Some(1..=24) => DataType::Real,
            _ => DataType::Float,
        },
        "decimal" | "numeric" => {
            let precision = number(0).unwrap_or(18);
            let scale = number(1).unwrap_or(0);
            if precision == 0 || precision > 38 {
                return Err(SqlError::new(
                    1007,
                    15,
                    format!(
                        "The number '{precision}' is out of the range for numeric representation (maximum precision 38)."
                    ),
                ));
            }
            if scale > precision {
                return Err(SqlError::new(192, 15, "The scale must be less than or equal to the precision."));
            }
            let (precision, scale) = (precision as u8, scale as u8);
            if name == "decimal" {
                DataType::Decimal { precision, scale }
            } else {
                DataType::Numeric { precision, scale }
            }
        }
        "smallmoney" => DataType::SmallMoney,
        "money" => DataType::Money,
        "date" => DataType::Date,
        "time" => DataType::Time { scale: scale()? },
        "datetime2" => DataType::DateTime2 { scale: scale()? },
        "datetimeoffset" => DataType::DateTimeOffset { scale: scale()? },
        "datetime" => DataType::DateTime,
        "smalldatetime" => DataType::SmallDateTime,
        "uniqueidentifier" => DataType::UniqueIdentifier,
        "char" => DataType::Char { length: fixed(8000)?, collation: collation() },
        "varchar" => DataType::VarChar { length: length(8000)?, collation: collation() },
        "text" => DataType::Text { collation: collation() },
        "nchar" => DataType::NChar { length: fixed(4000)?, collation: collation() },
        "nvarchar" => DataType::NVarChar { length: length(4000)?, collation: collation() },
        "sysname" => DataType::NVarChar { length: Length::Of(128), collation: collation() },
        "ntext" => DataType::NText { collation: collation() },
        "binary" => DataType::Binary { length: fixed(8000)? },
        "varbinary" => DataType::VarBinary { length: length(8000)? },
        "image" => DataType::Image,
        "timestamp" | "rowversion" => DataType::RowVersion,
        "xml" => DataType::Xml,
        "sql_variant" => DataType::SqlVariant,
        "hierarchyid" | "geometry" | "geography" => udt(&name),
        "json" => DataType::Json,
        "vector" => DataType::Vector { dimensions: number(0).unwrap_or(1) as u16 },
        _ => return Ok(None),
    }))
}
