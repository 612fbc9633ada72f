//! Writing to standard output and standard error.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use unicode_width::UnicodeWidthStr as _;

use super::failure::Failure;

use crate::library::names::deceives;
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

/// Writes a line for people to standard output and flushes it. Names of models, cameras, classes and files come from outside:
/// whatever could break the line or control the terminal is escaped, as in [`printable`].
///
/// # Errors
/// [`Failure::Unread`] if the reader went away, or why it can't be written (a full disk).
pub fn line(text: &str) -> Result<(), Failure> {
    write(&printable(text))
}

/// As [`line`], for a text of several lines, such as a [`table`]: its line breaks stay.
///
/// # Errors
/// As [`line`].
pub fn lines(text: &str) -> Result<(), Failure> {
    write(&text.split('\n').map(printable).collect::<Vec<_>>().join("\n"))
}

/// Writes a value as one line of JSON to standard output.
///
/// # Errors
/// As [`line`].
pub fn json_line(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::failed(format!("The result can't be written as JSON: {error}."), ""))?;
    json_text(&text)
}

/// Writes a value as indented JSON to standard output.
///
/// # Errors
/// As [`line`].
pub fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::failed(format!("The result can't be written as JSON: {error}."), ""))?;
    json_text(&text)
}

/// Writes a text that is JSON to standard output. Inside its strings, what could control the terminal is escaped as JSON allows, so
/// that a reader gets the very same strings.
///
/// # Errors
/// As [`line`].
pub fn json_text(json: &str) -> Result<(), Failure> {
    write(&escaped_json(json))
}

/// A script for a shell, as it is.
///
/// # Errors
/// As [`line`].
pub fn script(text: &str) -> Result<(), Failure> {
    write(text)
}

/// Standard output for an export: what a terminal shows is escaped. Programs and files get CSV as it is; JSON is the same either
/// way.
#[must_use]
pub fn export(is_json: bool) -> Box<dyn io::Write> {
    let out = io::BufWriter::new(io::stdout().lock());
    match (is_json, io::stdout().is_terminal()) {
        (true, _) => Box::new(Cleaned { out, line: Vec::new(), clean: escaped_json }),
        (false, true) => Box::new(Cleaned { out, line: Vec::new(), clean: printable }),
        (false, false) => Box::new(out),
    }
}

/// Cleans what is written, line by line.
struct Cleaned<W> {
    out: W,
    /// The beginning of a line.
    line: Vec<u8>,
    clean: fn(&str) -> Cow<'_, str>,
}

impl<W: io::Write> io::Write for Cleaned<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                // Lines of CSV end in two characters.
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                self.out.write_all((self.clean)(&String::from_utf8_lossy(line)).as_bytes())?;
                self.out.write_all(b"\n")?;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn write(text: &str) -> Result<(), Failure> {
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

fn escaped_json(json: &str) -> Cow<'_, str> {
    // Line breaks lie between values: within a string they are escaped already.
    let controls = |c: char| c != '\n' && deceives(c);
    if !json.contains(controls) {
        return json.into();
    }
    let mut clean = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if controls(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(clean, "\\u{unit:04x}");
            });
        } else {
            clean.push(c);
        }
    }
    clean.into()
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
/// right. What could break a line or control the terminal is escaped. Chinese characters take two columns of the terminal.
#[must_use]
pub fn table(rows: &[Vec<String>], right: &[bool]) -> String {
    let rows: Vec<Vec<Cow<'_, str>>> =
        rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|t| t.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width_of).collect();
    let mut text = String::new();
    for row in &rows {
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
    fn names_from_outside_stay_within_their_cell() {
        let rows = [vec!["a\nb".into(), "\u{1b}[31mred".into()], vec!["c".into(), "\u{7}".into()]];
        assert_eq!(table(&rows, &[]), "a\\nb  \\u{1b}[31mred\nc     \\u{7}");
    }

    #[test]
    fn json_keeps_strings_and_controls_no_terminal() {
        // ESC and BEL, CSI in one character, DEL, and an override of the text's direction.
        let name = "a\u{1b}[2J\u{7}\u{9b}31m\u{7f}\u{202e}gpj.猫\u{1f600}\n";
        for json in [serde_json::to_string(&[name]), serde_json::to_string_pretty(&[name])] {
            let json = json.unwrap();
            let written = escaped_json(&json);
            assert!(!written.chars().any(|c| c != '\n' && deceives(c)), "{written:?}");
            assert!(written.contains("猫"));
            assert_eq!(serde_json::from_str::<Vec<String>>(&written).unwrap(), [name]);
        }
    }

    #[test]
    fn an_export_is_cleaned_line_by_line() {
        let mut export = Cleaned { out: Vec::new(), line: Vec::new(), clean: printable };
        // The parts of a character come one after the other.
        for part in [&b"a,\x1b[2J \xe7"[..], b"\x8c", b"\xab\nb,", b"c\r\n"] {
            assert_eq!(io::Write::write(&mut export, part).unwrap(), part.len());
        }
        assert_eq!(String::from_utf8(export.out).unwrap(), "a,\\u{1b}[2J 猫\nb,c\n");
    }

    #[test]
    fn columns_line_up_in_both_scripts() {
        let rows = [vec!["人".into(), "1.5".into()], vec!["abc".into(), "12.25".into()]];
        assert_eq!(table(&rows, &[false, true]), "人     1.5\nabc  12.25");
    }
}
