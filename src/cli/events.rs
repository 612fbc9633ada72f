//! `sightline events`: lists or exports the log of events.

use std::io;
use std::path::PathBuf;

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};

use super::failure::{Exit, Failure};
use super::output;
use crate::events::text::describe;
use crate::events::{EventRecord, ExportFormat, Filter, Log, LogError, export, log_file};
use crate::model::labels::{Labels, Language};

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum EventFormat {
    /// For people
    #[default]
    Text,
    /// For spreadsheets, with a head line
    Csv,
    /// JSON Lines, one object per event
    Jsonl,
}

/// What `sightline events` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline events                                 the newest events\n  \
    sightline events --rule Gate --since 24h         of one rule in the last day\n  \
    sightline events --since 2026-11-01 --format csv > november.csv\n  \
    sightline events --class car --format jsonl --limit 0   all of them\n\n\
    Events are logged by the window, when a rule fires. docs/rules.md describes rules.")]
pub struct EventsArgs {
    /// Only events with these words in the rule's, the class's, the zone's, the line's or the source's name
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Only events of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Only events of this class, in English or Chinese
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Only events since then: 30m, 24h, 7d, a date (2026-11-28), or a date and a time (2026-11-28T18:00)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<i64>,
    /// Only events before then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<i64>,
    /// Output: text, csv or jsonl
    #[arg(short, long, value_enum, default_value_t)]
    format: EventFormat,
    /// At most N events, newest first; 0: all [default: 100 as text, else all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// The log [default: the window's]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Language of the text: en or zh
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = super::language)]
    language: Language,
}

/// A moment in milliseconds since 1970, from `24h`, a date or a date and a time.
fn moment(text: &str) -> Result<i64, String> {
    moment_before(text, Local::now())
}

fn moment_before(text: &str, now: DateTime<Local>) -> Result<i64, String> {
    let wrong = || "write it as 30m, 24h, 7d, 2026-11-28 or 2026-11-28T18:00".to_owned();
    let text = text.trim();
    let local =
        |time: NaiveDateTime| Local.from_local_datetime(&time).earliest().map(|t| t.timestamp_millis());
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp_millis());
    }
    for format in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return local(time).ok_or_else(wrong);
        }
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return local(date.and_time(NaiveTime::MIN)).ok_or_else(wrong);
    }
    let unit = text.chars().last().and_then(|unit| match unit {
        's' => Some(1_000),
        'm' => Some(60_000),
        'h' => Some(3_600_000),
        'd' => Some(86_400_000),
        'w' => Some(7 * 86_400_000),
        _ => None,
    });
    let number = unit.and_then(|unit| text[..text.len() - 1].trim().parse::<i64>().ok().zip(Some(unit)));
    let ago = number.filter(|(n, _)| *n >= 0).and_then(|(n, unit)| n.checked_mul(unit));
    ago.and_then(|ago| now.timestamp_millis().checked_sub(ago)).ok_or_else(wrong)
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::failed(error.to_string(), error.fix())
    }
}

/// Lists or exports events.
///
/// # Errors
/// Why the log can't be read or standard output can't be written.
pub fn run(args: &EventsArgs) -> Result<Exit, Failure> {
    let Some(path) = args.log.clone().or_else(log_file) else {
        let fix = "Name the log with \u{201c}--log\u{201d}.";
        return Err(Failure::usage("This account has no home folder.", fix));
    };
    let filter = Filter {
        rule: args.rule.clone(),
        class: args.class.as_deref().map(english),
        since: args.since,
        until: args.until,
        text: args.words.join(" "),
    };
    let Some(log) = Log::open_to_read(&path)? else {
        if args.log.is_some() {
            let message = format!("There is no log at \u{201c}{}\u{201d}.", path.display());
            return Err(Failure::failed(message, "Check its name."));
        }
        return empty(args.format, "No event was logged yet: rules log them when they fire.");
    };
    let limit = args.limit.unwrap_or(if args.format == EventFormat::Text { 100 } else { 0 });
    match args.format {
        EventFormat::Text => list(&log, &filter, limit, args.language),
        EventFormat::Csv => write(&log, &filter, limit, ExportFormat::Csv),
        EventFormat::Jsonl => write(&log, &filter, limit, ExportFormat::JsonLines),
    }
}

fn empty(format: EventFormat, text: &str) -> Result<Exit, Failure> {
    match format {
        EventFormat::Text => output::line(text)?,
        EventFormat::Csv | EventFormat::Jsonl => output::note(text),
    }
    Ok(Exit::Done)
}

/// The English name of a class, which the log holds.
fn english(class: &str) -> String {
    // Every list that knows Chinese names.
    let lists =
        [Labels::coco80(), Labels::face(), Labels::voc20(), Labels::cityscapes19(), Labels::imagenet()];
    let own = lists.iter().find_map(|labels| {
        let id = *labels.ids(class).first()?;
        labels.get(id, Language::English)
    });
    own.unwrap_or(class).to_owned()
}

fn list(log: &Log, filter: &Filter, limit: usize, language: Language) -> Result<Exit, Failure> {
    let all = limit == 0;
    let page = log.page(filter, None, if all { usize::MAX / 2 } else { limit })?;
    if page.events.is_empty() {
        return empty(EventFormat::Text, "No event fits.");
    }
    let head = ["time", "for", "rule", "what", "source"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(page.events.iter().map(|event| row(event, language))).collect();
    output::lines(&output::table(&rows, &[false, true]))?;
    if page.more {
        output::note("There are more: \u{201c}--limit 0\u{201d} lists all.");
    }
    Ok(Exit::Done)
}

fn row(event: &EventRecord, language: Language) -> Vec<String> {
    let length = match event.ended {
        Some(ended) if ended - event.time >= 1000 => format!("{} s", (ended - event.time) / 1000),
        Some(_) => String::new(),
        None => "open".into(),
    };
    vec![
        event.local_time().format("%Y-%m-%d %H:%M:%S").to_string(),
        length,
        output::printable(&event.rule).into_owned(),
        output::printable(&describe(event, language)).into_owned(),
        output::printable(&event.source).into_owned(),
    ]
}

fn write(log: &Log, filter: &Filter, limit: usize, format: ExportFormat) -> Result<Exit, Failure> {
    let limit = (limit > 0).then_some(limit);
    let mut out = output::export(format == ExportFormat::JsonLines);
    match export(log, filter, limit, format, &mut out)? {
        Ok(_) => Ok(Exit::Done),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Unread),
        Err(error) => Err(Failure::failed(
            format!("Standard output can't be written: {error}."),
            "Free space where it goes, or redirect it to another place.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_ages_dates_and_times() {
        let now = Local.with_ymd_and_hms(2026, 11, 28, 12, 0, 0).single().expect("a moment");
        let before = |text: &str| moment_before(text, now).map(|then| (now.timestamp_millis() - then) / 1000);
        assert_eq!(
            (before("90s"), before("30m"), before("24h"), before("7d")),
            (Ok(90), Ok(1800), Ok(86_400), Ok(604_800))
        );
        assert_eq!((before("2026-11-28"), before("2026-11-28T11:00")), (Ok(43_200), Ok(3600)));
        for wrong in
            ["", "yesterday", "7", "-3h", "2026-13-01", "99999999999999999999d", "9223372036854775807w"]
        {
            assert!(before(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn classes_are_found_by_their_chinese_names() {
        assert_eq!(english("汽车"), "car");
        assert_eq!(english("Car"), "car");
        assert_eq!(english("gizmo"), "gizmo");
    }
}
