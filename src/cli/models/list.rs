//! `sightline models list`: the models on this computer, and those that can be downloaded.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use super::load_inventory;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Format};
use crate::library::search::{self, Haystack, SortOrder};
use crate::library::{Catalogue, CatalogueEntry, Inventory, Measured, ModelEntry};
use crate::model::Task;

/// Arguments of `sightline models list`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Models are looked for in the folder that SIGHTLINE_MODELS names, in \u{201c}models\u{201d} next to the program and in \
    the data folder, and in the folders added in the window. A folder \u{201c}models\u{201d} in the current directory is not \
    searched: name it with SIGHTLINE_MODELS=models.\n\n\
    Examples:\n  sightline models list --task detect --sort speed\n  \
    sightline models list --available            what can be downloaded\n  \
    sightline models list --classics             a course: AlexNet, VGG, … with year, size and accuracy\n  \
    sightline models list --available yolo --format json\n  \
    sightline models list --server oip://lab:8000"
)]
pub struct ListArgs {
    /// Search for these words in names, families and licences: English, Chinese or pinyin initials
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// List the models that can be downloaded instead of those on this computer
    #[arg(short, long)]
    available: bool,
    /// List the classics of those that can be downloaded, in the order of a course
    #[arg(long, conflicts_with = "sort")]
    classics: bool,
    /// List the models of an inference server: oip://HOST:PORT, oips://, grpc:// or grpcs://
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["available", "classics", "words", "task", "sort"])]
    server: Option<String>,
    /// List only models for this task: detect, segment, semantic, matte, pose, obb, depth, classify, stylize, action
    #[arg(short, long, value_name = "TASK", value_parser = task)]
    task: Option<Task>,
    /// Sort by
    #[arg(long, value_enum, default_value_t)]
    sort: SortOrder,
    /// Output: text, or a JSON array
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
/// Standard output can't be written.
pub fn run(args: &ListArgs) -> Result<Exit, Failure> {
    if let Some(server) = &args.server {
        return super::servers::list(server, args.format);
    }
    let catalogue = Arc::new(Catalogue::load());
    let mut inventory = load_inventory(&catalogue);
    let mut entries = inventory.entries();
    if recognise(&mut inventory, &entries) {
        entries = inventory.entries();
    }
    if args.available || args.classics {
        list_available(args, &catalogue, &entries)
    } else {
        list_here(args, &inventory, &entries)
    }
}

/// Computes the missing hashes of files that may be in the catalogue, by their size or else their name, so that their licences
/// are known. Returns whether there were any.
fn recognise(inventory: &mut Inventory, entries: &[ModelEntry]) -> bool {
    let catalogue = Arc::clone(inventory.catalogue());
    let may_be_listed = |entry: &&ModelEntry| {
        let named = entry.path.file_name().unwrap_or_default();
        let like = |e: &CatalogueEntry| e.bytes.map_or(*named == *e.file, |bytes| bytes == entry.stamp.bytes);
        entry.sha256.is_none() && catalogue.entries.iter().any(like)
    };
    let mut found = false;
    for entry in entries.iter().filter(may_be_listed) {
        let Ok(sha256) = crate::model::sha256(&entry.path) else { continue };
        inventory.update(|records| records.set_hash(&entry.path, entry.stamp, &sha256));
        found = true;
    }
    found
}

fn list_here(args: &ListArgs, inventory: &Inventory, entries: &[ModelEntry]) -> Result<Exit, Failure> {
    let typed = args.words.join(" ");
    let fits = |e: &&ModelEntry| {
        args.task.is_none_or(|t| e.task() == Some(t))
            && Haystack::of_model(e, &[e.task().map_or("", chinese)]).has(&typed)
    };
    let mut shown: Vec<&ModelEntry> = entries.iter().filter(fits).collect();
    search::sort(&mut shown, args.sort);
    if args.format == Format::Json {
        let all: Vec<_> = shown.iter().map(|e| e.summary()).collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        output::line(
            "There is no model in these folders. Put ONNX files into one of them, or download some:",
        )?;
        for folder in inventory.folders() {
            output::line(&format!("  {}", output::printable(&folder.display().to_string())))?;
        }
        output::line("  sightline models list --available")?;
        return Ok(Exit::Done);
    }
    if shown.is_empty() {
        output::line(
            "No model here matches; \u{201c}sightline models list --available\u{201d} lists those that can be downloaded.",
        )?;
        return Ok(Exit::Done);
    }
    let head = ["", "name", "family", "task", "input", "precision", "size", "time", "licence", "file"];
    let rows = std::iter::once(head.map(str::to_owned).to_vec()).chain(shown.iter().map(|e| row(e)));
    let right = [false, false, false, false, true, false, true, true];
    output::lines(&output::table(&rows.collect::<Vec<_>>(), &right))?;
    for (entry, ending) in shown.iter().filter_map(|entry| Some((entry, entry.ending?))) {
        output::lines(&format!("\n{}: {} {}", output::printable(&entry.name), ending.note(), ending.fix()))?;
    }
    Ok(Exit::Done)
}

fn row(entry: &ModelEntry) -> Vec<String> {
    let summary = entry.summary();
    vec![
        if entry.favourite { "★".into() } else { String::new() },
        entry.name.clone(),
        summary.family.map_or("not recognised", crate::model::Family::name).into(),
        summary.task.map_or("–", Task::name).into(),
        summary.input.map_or_else(|| "–".into(), |(w, h)| format!("{w}×{h}")),
        entry.precision.name().into(),
        output::size(entry.stamp.bytes),
        entry.measured.as_ref().map_or_else(|| "–".into(), time),
        summary.licence.unwrap_or("–").into(),
        output::printable(&summary.file).into_owned(),
    ]
}

/// A time per frame; "≈" before one that was measured while the model ran live, on frames of another size.
fn time(measured: &Measured) -> String {
    let about = if measured.live.is_some() { "≈ " } else { "" };
    format!("{about}{:.1} ms", measured.total_ms)
}

/// A catalogue entry as JSON.
#[derive(Serialize)]
struct Available<'a> {
    #[serde(flatten)]
    entry: &'a CatalogueEntry,
    /// It is on this computer already.
    here: bool,
}

fn list_available(args: &ListArgs, catalogue: &Catalogue, models: &[ModelEntry]) -> Result<Exit, Failure> {
    let typed = args.words.join(" ");
    let here: HashSet<&str> = models.iter().filter_map(|m| Some(m.origin.as_ref()?.id.as_str())).collect();
    let fits = |e: &&CatalogueEntry| {
        args.task.is_none_or(|t| e.task == t) && Haystack::of_catalogue(e, &[chinese(e.task)]).has(&typed)
    };
    let all = if args.classics { catalogue.classics() } else { catalogue.suggested() };
    let mut entries: Vec<&CatalogueEntry> = all.into_iter().filter(fits).collect();
    match args.sort {
        SortOrder::Name => entries.sort_by_key(|e| e.name.to_lowercase()),
        SortOrder::Size => entries.sort_by_key(|e| e.bytes.unwrap_or(u64::MAX)),
        // The catalogue's own order: what to try first, then by task, free licences first, unverified ones last.
        SortOrder::Recent | SortOrder::Task | SortOrder::Speed => {}
    }
    if args.format == Format::Json {
        let all: Vec<_> =
            entries.iter().map(|entry| Available { entry, here: here.contains(entry.id.as_str()) }).collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        output::line("No model of the catalogue matches. Any other ONNX file can be imported or opened.")?;
        return Ok(Exit::Done);
    }
    if args.classics {
        return show_classics(&entries, &here);
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
            hash_of(e).into(),
            accuracy(e),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect();
    output::lines(&output::table(&rows, &[false, false, false, false, true, true]))?;
    output::lines("\nDownload one with:  sightline models pull ID")?;
    Ok(Exit::Done)
}

/// The classics with what a course says of each.
fn show_classics(entries: &[&CatalogueEntry], here: &HashSet<&str>) -> Result<Exit, Failure> {
    let head = ["", "year", "name", "id", "parameters", "published", "size", "hash", "paper"];
    let rows = entries.iter().filter_map(|e| {
        let classic = e.classic.as_ref()?;
        Some(vec![
            if here.contains(e.id.as_str()) { "✓".into() } else { String::new() },
            classic.year.to_string(),
            e.name.clone(),
            e.id.clone(),
            classic.parameters_shown().unwrap_or_else(|| "–".into()),
            accuracy(e),
            e.bytes.map_or_else(|| "–".into(), output::size),
            hash_of(e).into(),
            classic.paper.clone(),
        ])
    });
    let rows: Vec<Vec<String>> = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect();
    output::lines(&output::table(&rows, &[false, false, false, false, true, false, true]))?;
    output::lines("\nDownload one with:  sightline models pull ID")?;
    Ok(Exit::Done)
}

/// Whether a download can be compared with a published hash.
fn hash_of(entry: &CatalogueEntry) -> &'static str {
    if entry.is_hashed() { "known" } else { "unverified" }
}

fn accuracy(entry: &CatalogueEntry) -> String {
    entry.accuracy.as_ref().map_or_else(String::new, |a| format!("{} {}", a.metric, a.value))
}

/// The Chinese name of a task, for searches.
fn chinese(task: Task) -> &'static str {
    crate::app::task_name(crate::model::labels::Language::Chinese, task)
}
