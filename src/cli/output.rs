//! Writing to standard output and standard error.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use unicode_width::UnicodeWidthStr as _;

use super::failure::Failure;

pub use crate::library::names::size;

/// How one answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON document
    Json,
}

/// How answers are written that come one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LineFormat {
    /// For people
    #[default]
    Text,
    /// For programs: JSON Lines, one object a line
    // Scripts of version 0.1 say "json".
    #[value(name = "jsonl", alias = "json")]
    Json,
}

/// Writes a line to standard output and flushes it.
///
/// # Errors
/// [`Failure::Unread`] if the reader went away, or why it can't be written (a full disk).
pub fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).map_err(
        |error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Unread,
            _ => Failure::failed(
                format!("Standard output can't be written: {error}."),
                "Free space where it goes, or redirect it to another place.",
            ),
        },
    )
}

/// Writes a value as one line of JSON to standard output.
///
/// # Errors
/// As [`line`].
pub fn json_line(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::failed(format!("The result can't be written as JSON: {error}."), ""))?;
    line(&text)
}

/// Writes a value as indented JSON to standard output.
///
/// # Errors
/// As [`line`].
pub fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::failed(format!("The result can't be written as JSON: {error}."), ""))?;
    line(&text)
}

/// Writes a line to standard error. If that fails, there is nobody left to tell.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// The text with control characters escaped: those that break a line, control the terminal or reverse the text (`\n`,
/// `\u{1b}`, `\u{202e}`).
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    crate::library::names::shown(text)
}

/// Rows as a table with aligned columns; the first row is the head. Columns for which `right` is true are aligned to the
/// right. Chinese characters take two columns of the terminal.
#[must_use]
pub fn table(rows: &[Vec<String>], right: &[bool]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|t| t.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width_of).collect();
    let mut text = String::new();
    for row in rows {
        let mut one = String::new();
        for (cell, (width, c)) in row.iter().zip(widths.iter().zip(0..)) {
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            let gap = if c == 0 { "" } else { "  " };
            let _ = if right.get(c).copied().unwrap_or(false) {
                write!(one, "{gap}{pad}{cell}")
            } else {
                write!(one, "{gap}{cell}{pad}")
            };
        }
        text.push_str(one.trim_end());
        text.push('\n');
    }
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_can_break_a_line_or_control_the_terminal() {
        assert_eq!(printable("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert_eq!(printable("猫.jpg"), "猫.jpg");
    }

    #[test]
    fn columns_line_up_in_both_scripts() {
        let rows = [vec!["人".into(), "1.5".into()], vec!["abc".into(), "12.25".into()]];
        assert_eq!(table(&rows, &[false, true]), "人     1.5\nabc  12.25");
    }
}
