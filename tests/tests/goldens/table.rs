//! The table of the goldens, printed past the test harness: it is what the run is for.

use super::cases::Case;
use super::exceptions::Exception;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

/// What became of one golden in one of the three ways, or why it did not.
pub(crate) type Outcome = Result<(), String>;

/// Prints goldens × (a)(b)(c), and counts.
pub(crate) fn print(goldens: &[Case], columns: [&BTreeMap<&str, Outcome>; 3], listed: &BTreeMap<String, Exception>) {
    let mut text = format!("\n{:<28} {:>4} {:>4}  {}\n", "golden", "(a)", "(b)", "(c)");
    let mark = |outcome: &Outcome| if outcome.is_ok() { "yes" } else { "NO" };
    for case in goldens {
        let [a, b, c] = columns.map(|column| mark(&column[case.name.as_str()]));
        let c = match listed.get(&case.name) {
            Some(exception) if exception.overlooked.is_empty() => "listed".to_owned(),
            Some(exception) => format!("listed, with {}", exception.overlooked.join(", ")),
            None => c.to_owned(),
        };
        // A String takes all that is written to it.
        _ = writeln!(text, "{:<28} {a:>4} {b:>4}  {c}", case.name);
    }
    let [a, b, c] = columns.map(|column| column.values().filter(|outcome| outcome.is_ok()).count());
    _ = writeln!(text, "{:<28} {a:>4} {b:>4}  {c}", format!("of {}", goldens.len()));
    // Not `print!`, which the harness keeps to itself when a test passes.
    _ = std::io::stdout().write_all(text.as_bytes());
}
