//! `sightline doctor`: checks what works here, and how to fix the rest.

mod machine;
mod media;
mod models;

use serde::Serialize;

use unicode_width::UnicodeWidthStr as _;

use super::failure::Exit;
use super::output::{self, Format};

/// What `sightline doctor` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline doctor\n  \
    sightline doctor --format json | jq '.checks[] | select(.state != \"ok\")'\n\n\
    Exit code 1 if something is missing that every model needs.")]
pub struct DoctorArgs {
    /// Output: text, or JSON
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Works.
    Ok,
    /// Something goes less well, or not at all, without it; the rest works.
    Limited,
    /// No model runs without it.
    Missing,
}

/// One thing that was checked.
#[derive(Clone, Debug, Serialize)]
struct Check {
    /// What it is, in a word or two.
    name: &'static str,
    state: State,
    /// What was found.
    found: String,
    /// What to do; empty if there is nothing to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    fix: String,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Ok, found: found.into(), fix: String::new() }
    }

    fn limited(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, state: State::Limited, found: found.into(), fix: fix.into() }
    }

    fn missing(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, state: State::Missing, found: found.into(), fix: fix.into() }
    }
}

/// All checks as JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    version: &'static str,
    /// Whether models run here.
    works: bool,
    checks: &'a [Check],
}

/// Runs all checks and reports them.
///
/// # Errors
/// Why standard output can't be written.
pub fn run(args: &DoctorArgs) -> anyhow::Result<Exit> {
    let mut checks = vec![machine::program(), machine::system(), machine::processor(), machine::memory()];
    checks.push(models::runtime());
    checks.extend(models::models());
    checks.push(media::ffmpeg());
    checks.extend(media::cameras());
    checks.push(machine::display());
    checks.extend(machine::folders());
    let works = checks.iter().all(|c| c.state != State::Missing);
    match args.format {
        Format::Json => {
            output::json(&Report { version: env!("CARGO_PKG_VERSION"), works, checks: &checks })?;
        }
        Format::Text => output::lines(&text(&checks, works))?,
    }
    Ok(if works { Exit::Done } else { Exit::Failed })
}

fn text(checks: &[Check], works: bool) -> String {
    let width = checks.iter().map(|c| c.name.width()).max().unwrap_or(0);
    let mut lines: Vec<String> = Vec::new();
    for check in checks {
        let mark = match check.state {
            State::Ok => "ok     ",
            State::Limited => "limited",
            State::Missing => "MISSING",
        };
        lines.push(format!("{mark}  {:width$}  {}", check.name, output::printable(&check.found)));
        if !check.fix.is_empty() {
            lines.push(format!("         {:width$}  fix: {}", "", output::printable(&check.fix)));
        }
    }
    let limited = checks.iter().filter(|c| c.state == State::Limited).count();
    lines.push(String::new());
    lines.push(match (works, limited) {
        (false, _) => "No model can run here until the MISSING parts are installed.".into(),
        (true, 0) => "Everything works.".into(),
        (true, _) => "Models run here; what is limited is listed above.".into(),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_part_is_listed_with_its_fix() {
        let checks = [
            Check::ok("ffmpeg", "6.1"),
            Check::missing("ONNX Runtime", "not found", "Run \u{201c}make run\u{201d}."),
        ];
        let report = text(&checks, false);
        assert!(report.contains("ok       ffmpeg        6.1"), "{report}");
        assert!(report.contains("MISSING  ONNX Runtime  not found"), "{report}");
        assert!(report.contains("fix: Run"), "{report}");
        assert!(report.ends_with("are installed."), "{report}");
    }
}
