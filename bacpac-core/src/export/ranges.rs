//! Cutting a table into key ranges that are read side by side.

use crate::connection::Connection;
use crate::control::Control;
use crate::error::Result;
use crate::ident::{ObjectName, quote};
use crate::server::int_of;

/// Parts of one table are numbered with three digits, and DacFx makes at most this many.
const MOST_RANGES: u64 = 128;

/// Predicates that take the rows of a table apart by its leading key column: disjoint, complete whatever is inserted
/// meanwhile, in key order. One empty predicate for a table that stays whole.
pub(super) async fn key_ranges(
    connection: &mut dyn Connection,
    table: &ObjectName,
    integer_key: Option<&str>,
    rows: u64,
    rows_per_range: u64,
    control: &Control,
) -> Result<Vec<Option<String>>> {
    let wanted = (rows / rows_per_range.max(1)).min(MOST_RANGES);
    let Some(key) = integer_key.filter(|_| wanted >= 2) else {
        return Ok(vec![None]);
    };
    let column = quote(key);
    let sql = format!("SELECT CAST(MIN({column}) AS bigint), CAST(MAX({column}) AS bigint) FROM {table};");
    let ends = connection.query(&sql, control).await?;
    let end = |i: usize| ends.rows.first().and_then(|row| row.get(i)).and_then(int_of);
    let (Some(low), Some(high)) = (end(0), end(1)) else {
        return Ok(vec![None]);
    };
    Ok(split(low, high, wanted)
        .map_or_else(|| vec![None], |bounds| predicates(&column, &bounds).into_iter().map(Some).collect()))
}

/// The lower bounds of all ranges but the first.
fn split(low: i64, high: i64, wanted: u64) -> Option<Vec<i64>> {
    let span = i128::from(high) - i128::from(low) + 1;
    let count = i128::from(wanted).min(span);
    if count < 2 {
        return None;
    }
    // Between low and high, so it fits.
    (1..count).map(|i| i64::try_from(i128::from(low) + span * i / count).ok()).collect()
}

fn predicates(column: &str, bounds: &[i64]) -> Vec<String> {
    let mut all = Vec::with_capacity(bounds.len() + 1);
    for i in 0..=bounds.len() {
        let from = i.checked_sub(1).and_then(|i| bounds.get(i)).map(|n| format!("{column} >= {n}"));
        let to = bounds.get(i).map(|n| format!("{column} < {n}"));
        all.push([from, to].into_iter().flatten().collect::<Vec<_>>().join(" AND "));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_key_once() {
        for (low, high, wanted) in [(0, 99, 4), (-5, 5, 3), (i64::MIN, i64::MAX, 128), (7, 8, 9)] {
            let bounds = split(low, high, wanted).expect("more than one key");
            assert!(bounds.windows(2).all(|w| w[0] < w[1]), "{bounds:?}");
            assert!(bounds[0] > low && *bounds.last().expect("not empty") <= high);
        }
        assert_eq!(split(3, 3, 10), None);
        assert_eq!(predicates("[Id]", &[10, 20]), ["[Id] < 10", "[Id] >= 10 AND [Id] < 20", "[Id] >= 20"]);
    }
}
