//! Events as CSV and as JSON Lines.

use std::io::{self, Write};

use super::log::{Filter, Log};
use super::log_error::LogError;
use super::record::{EventRecord, rfc3339_text};

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// With a head line; texts in quotes where they need them (RFC 4180).
    Csv,
    /// One object a line.
    JsonLines,
}

impl ExportFormat {
    /// The ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

/// The columns of a CSV file.
const HEAD: &str =
    "id,time,ended,rule,when,class,track,zone,line,direction,count,source,source_time_s,x1,y1,x2,y2,file";

/// Writes the events that fit, newest first and at most `limit`; returns how many.
///
/// # Errors
/// Why the log can't be read; or, as the inner value, why `out` can't be written.
pub fn export(
    log: &Log,
    filter: &Filter,
    limit: Option<usize>,
    format: ExportFormat,
    out: &mut impl Write,
) -> Result<io::Result<u64>, LogError> {
    let mut written = Ok(0);
    if format == ExportFormat::Csv
        && let Err(error) = out.write_all(format!("{HEAD}\r\n").as_bytes())
    {
        return Ok(Err(error));
    }
    log.each(filter, None, limit, |event| {
        let line = match format {
            ExportFormat::Csv => csv(&event),
            ExportFormat::JsonLines => json_line(&event),
        };
        match (out.write_all(line.as_bytes()), &mut written) {
            (Ok(()), Ok(count)) => {
                *count += 1;
                true
            }
            (Err(error), written) => {
                *written = Err(error);
                false
            }
            _ => false,
        }
    })?;
    Ok(written.and_then(|count| out.flush().map(|()| count)))
}

/// An event as a line of JSON, with its line end.
#[must_use]
pub fn json_line(event: &EventRecord) -> String {
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    line
}

fn csv(event: &EventRecord) -> String {
    let number = |n: Option<f32>| n.map(|n| format!("{n:.1}")).unwrap_or_default();
    let side = |n: usize| number(event.bbox.map(|bbox| bbox[n]));
    let fields = [
        event.id.to_string(),
        rfc3339_text(event.time),
        event.ended.map(rfc3339_text).unwrap_or_default(),
        quoted(&event.rule),
        event.when.clone(),
        quoted(&event.class),
        event.track.map(|n| n.to_string()).unwrap_or_default(),
        quoted(event.zone.as_deref().unwrap_or_default()),
        quoted(event.line.as_deref().unwrap_or_default()),
        event.direction.clone().unwrap_or_default(),
        event.count.to_string(),
        quoted(&event.source),
        format!("{:.3}", event.source_time_s),
        side(0),
        side(1),
        side(2),
        side(3),
        quoted(event.file.as_deref().unwrap_or_default()),
    ];
    let mut line = fields.join(",");
    line.push_str("\r\n");
    line
}

/// A text of a CSV file. A spreadsheet takes a text that begins with one of these signs for a formula.
fn quoted(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r', ' ', '\'']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
