//! `sightline models list`: the models on this computer, and those that can be fetched.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use super::inventory;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Format};
use crate::library::search::{self, Haystack, SortOrder};
use crate::library::{Catalogue, Entry, ModelEntry};
use crate::model::Task;

/// What `sightline models list` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Models are looked for in the folder that SIGHTLINE_MODELS names, in \u{201c}models\u{201d} here, beside the\n\
    program, in the data folder, and in the folders added in the window.\n\n\
    Examples:\n  sightline models list --task detect --sort speed\n  \
    sightline models list --available            what can be fetched\n  \
    sightline models list --available yolo --format json"
)]
pub struct ListArgs {
    /// Words that must occur: names, families, licences; in English, in Chinese or by pinyin initials
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// The models that can be fetched, instead of those that are here
    #[arg(short, long)]
    available: bool,
    /// Only models for this: detect, segment, semantic, matte, pose, obb, depth, classify, stylize, action
    #[arg(short, long, value_name = "TASK", value_parser = task)]
    task: Option<Task>,
    /// What comes first
    #[arg(short, long, value_enum, default_value_t)]
    sort: SortOrder,
    /// Text for people, or a JSON array
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

fn task(text: &str) -> Result<Task, String> {
    Task::ALL
        .into_iter()
        .find(|t| t.name() == text.to_lowercase())
        .ok_or_else(|| format!("it must be one of {}", Task::ALL.map(Task::name).join(", ")))
}

/// Lists models.
///
/// # Errors
/// Where standard output can't be written.
pub fn run(args: &ListArgs) -> Result<Exit, Failure> {
    let catalogue = Arc::new(Catalogue::load());
    let mut inventory = inventory(&catalogue);
    let cards = inventory.cards();
    if args.available { available(args, &catalogue, &cards) } else { here(args, &inventory, &cards) }
}

fn here(
    args: &ListArgs,
    inventory: &crate::library::Inventory,
    cards: &[ModelEntry],
) -> Result<Exit, Failure> {
    let typed = args.words.join(" ");
    let fits = |c: &&ModelEntry| {
        args.task.is_none_or(|t| c.task() == Some(t))
            && Haystack::of_card(c, &[c.task().map_or("", chinese)]).has(&typed)
    };
    let mut cards_shown: Vec<&ModelEntry> = cards.iter().filter(fits).collect();
    search::sort(&mut cards_shown, args.sort);
    if args.format == Format::Json {
        let all: Vec<_> = cards_shown.iter().map(|c| c.summary()).collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if cards.is_empty() {
        output::line("There is no model in these folders; put ONNX files into one of them, or fetch one:")?;
        for folder in inventory.folders() {
            output::line(&format!("  {}", output::printable(&folder.display().to_string())))?;
        }
        output::line("  sightline models list --available")?;
        return Ok(Exit::Done);
    }
    if cards_shown.is_empty() {
        output::line(
            "No model here fits; \u{201c}sightline models list --available\u{201d} shows what can be fetched.",
        )?;
        return Ok(Exit::Done);
    }
    let head = ["", "name", "family", "task", "input", "precision", "size", "here", "licence", "file"];
    let rows = std::iter::once(head.map(str::to_owned).to_vec()).chain(cards_shown.iter().map(|c| row(c)));
    let right = [false, false, false, false, true, false, true, true];
    output::line(&output::table(&rows.collect::<Vec<_>>(), &right))?;
    Ok(Exit::Done)
}

fn row(card: &ModelEntry) -> Vec<String> {
    let summary = card.summary();
    vec![
        if card.favourite { "★".into() } else { String::new() },
        card.name.clone(),
        summary.family.map_or("not understood", crate::model::Family::name).into(),
        summary.task.map_or("–", Task::name).into(),
        summary.input.map_or_else(|| "–".into(), |(w, h)| format!("{w}×{h}")),
        card.precision.name().into(),
        output::size(card.stamp.bytes),
        card.measured.as_ref().map_or_else(|| "–".into(), |m| format!("{:.1} ms", m.total_ms)),
        summary.licence.unwrap_or("–").into(),
        output::printable(&summary.file).into_owned(),
    ]
}

/// An entry of the catalogue as JSON.
#[derive(Serialize)]
struct Available<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    /// It is on this computer already.
    here: bool,
}

fn available(args: &ListArgs, catalogue: &Catalogue, cards: &[ModelEntry]) -> Result<Exit, Failure> {
    let typed = args.words.join(" ");
    let here: HashSet<&str> = cards.iter().filter_map(|c| Some(c.origin.as_ref()?.id.as_str())).collect();
    let fits = |e: &&Entry| {
        args.task.is_none_or(|t| e.task == t) && Haystack::of_entry(e, &[chinese(e.task)]).has(&typed)
    };
    let mut entries: Vec<&Entry> = catalogue.entries.iter().filter(fits).collect();
    match args.sort {
        SortOrder::Name => entries.sort_by_key(|e| e.name.to_lowercase()),
        SortOrder::Size => entries.sort_by_key(|e| e.bytes.unwrap_or(u64::MAX)),
        // The catalogue's own order: by task, free licences first.
        SortOrder::Recent | SortOrder::Task | SortOrder::Speed => {}
    }
    if args.format == Format::Json {
        let all: Vec<_> =
            entries.iter().map(|entry| Available { entry, here: here.contains(entry.id.as_str()) }).collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        output::line(
            "No model of the catalogue fits; any ONNX file can be imported or opened all the same.",
        )?;
        return Ok(Exit::Done);
    }
    let head = ["", "id", "name", "task", "input", "size", "licence", "hash", "published"];
    let rows = entries.iter().map(|e| {
        vec![
            if here.contains(e.id.as_str()) { "✓".into() } else { String::new() },
            e.id.clone(),
            e.name.clone(),
            e.task.name().into(),
            e.input.map_or_else(|| "–".into(), |(w, h)| format!("{w}×{h}")),
            e.bytes.map_or_else(|| "–".into(), output::size),
            e.licence.clone(),
            if e.sha256.known().is_some() { "known" } else { "unverified" }.into(),
            e.accuracy.as_ref().map_or_else(String::new, |a| format!("{} {}", a.metric, a.value)),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect();
    output::line(&output::table(&rows, &[false, false, false, false, true, true]))?;
    output::line("\nFetch one with:  sightline models pull ID")?;
    Ok(Exit::Done)
}

/// A task's Chinese name, for searches.
fn chinese(task: Task) -> &'static str {
    crate::app::task_name(crate::model::labels::Language::Chinese, task)
}
