//! Whether a result is what a scenario expects.

use regex::Regex;
use serde_json::{Map, Value};

/// What is wrong with `found`, and where.
pub(crate) fn compare(expected: &Value, found: Option<&Value>, place: &str) -> Result<(), String> {
    if let Value::Object(fields) = expected
        && let Some((operator, operand)) = special(fields)
    {
        return if holds(operator, operand, found, place)? {
            Ok(())
        } else {
            Err(format!("{place}: {} is not {expected}", shown(found)))
        };
    }
    let Some(found) = found else { return Err(format!("{place}: it is not there")) };
    match (expected, found) {
        (Value::Object(fields), Value::Object(values)) => {
            fields.iter().try_for_each(|(name, field)| compare(field, values.get(name), &format!("{place}.{name}")))
        }
        (Value::Array(wanted), Value::Array(values)) if wanted.len() == values.len() => wanted
            .iter()
            .zip(values)
            .enumerate()
            .try_for_each(|(i, (wanted, value))| compare(wanted, Some(value), &format!("{place}.{i}"))),
        _ if expected == found => Ok(()),
        _ => Err(format!("{place}: {} instead of {expected}", shown(Some(found)))),
    }
}

/// The operator of `{"$operator": operand}`.
fn special(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, operand) = fields.iter().next()?;
    (fields.len() == 1 && name.starts_with('$')).then_some((name, operand))
}

fn holds(operator: &str, operand: &Value, found: Option<&Value>, place: &str) -> Result<bool, String> {
    let text = found.and_then(Value::as_str);
    let array = found.and_then(Value::as_array);
    Ok(match operator {
        "$absent" => found.is_none_or(Value::is_null),
        "$length" => array.map(Vec::len) == operand.as_u64().and_then(|n| usize::try_from(n).ok()),
        "$contains" => text.zip(operand.as_str()).is_some_and(|(text, part)| text.contains(part)),
        "$above" => found.and_then(Value::as_f64).zip(operand.as_f64()).is_some_and(|(value, bound)| value > bound),
        "$some" => array.is_some_and(|a| a.iter().any(|one| compare(operand, Some(one), place).is_ok())),
        "$matches" => {
            let pattern = Regex::new(operand.as_str().unwrap_or_default()).map_err(|e| e.to_string())?;
            text.is_some_and(|text| pattern.is_match(text))
        }
        _ => return Err(format!("{place}: there is no operator {operator}")),
    })
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "nothing".into(), Value::to_string);
    text.chars().take(500).collect()
}

#[test]
fn what_is_expected_is_not_found_where_it_is_not() {
    let found = serde_json::json!({"a": [1, {"b": "text"}], "n": 3, "nothing": null});
    let holds = |expected: Value| compare(&expected, Some(&found), "").is_ok();
    for expected in [
        serde_json::json!({"a": [1, {}]}),
        serde_json::json!({"a": {"$some": {"b": {"$matches": "^te"}}}, "n": {"$above": 2}}),
        serde_json::json!({"a": {"$length": 2}, "nothing": null, "other": {"$absent": true}}),
    ] {
        assert!(holds(expected.clone()), "{expected}");
    }
    for expected in [
        serde_json::json!({"a": [1]}),
        serde_json::json!({"a": {"$some": {"b": {"$contains": "tx"}}}}),
        serde_json::json!({"n": {"$above": 3}}),
        serde_json::json!({"n": {"$absent": true}}),
        serde_json::json!({"a": {"$length": 3}}),
        serde_json::json!({"other": null}),
        serde_json::json!({"n": "3"}),
        serde_json::json!({"a": {"$sum": 3}}),
    ] {
        assert!(!holds(expected.clone()), "{expected}");
    }
}
