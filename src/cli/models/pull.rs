//! `sightline models pull`: downloading models of the catalogue.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::upkeep::ask;
use super::{home, load_inventory, print_error};
use crate::cli::failure::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{self, LineFormat as Format};
use crate::library::download::{
    DownloadError, Downloaded, Downloads, Options, Phase, Progress, State, Ticket, Trust,
};
use crate::library::{Catalogue, CatalogueEntry, Inventory, Mirrors, Permits, RecordsFile, pull};
use crate::settings;

/// Arguments of `sightline models pull`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A download that was interrupted is resumed the next time. Every file is checked against its published SHA-256;\n\
    if none is published, the first download's is pinned.\n\n\
    Mirrors: SIGHTLINE_MIRROR (a folder or an address that holds the files under their names) is asked first,\n\
    HF_ENDPOINT, or else the mirror in the window\u{2019}s settings, replaces huggingface.co (in China most people use\n\
    https://hf-mirror.com); HTTPS_PROXY and NO_PROXY are used.\n\n\
    Exit code 2 if the catalogue has no model of that name, 1 if a download failed or its licence was refused.\n\n\
    Examples:\n  sightline models pull starter             eight small models to begin with\n  \
    sightline models pull yolox-s\n  sightline models pull yolox-tiny mosaic --format jsonl\n  \
    HF_ENDPOINT=https://hf-mirror.com sightline models pull mobilenetv2-12"
)]
pub struct PullArgs {
    /// Ids or names of the catalogue (see `sightline models list --available`); `starter` means its starter set
    #[arg(required = true, value_name = "ID")]
    names: Vec<String>,
    /// Folder to put them into [default: the data folder]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Accept licences that restrict some uses without being asked
    #[arg(short, long)]
    yes: bool,
    /// Show no progress: neither bars nor, where standard error is no terminal, lines
    #[arg(long)]
    no_progress: bool,
    /// Output: text, or JSON Lines with one object per model
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    file: String,
    bytes: u64,
    sha256: String,
    /// `verified`: the hash is the published one; `pinned`: there was none, and this one is recorded.
    trust: &'static str,
    licence: &'a str,
    from: Option<&'a str>,
}

/// Downloads models.
///
/// # Errors
/// There is no folder for them, or standard output can't be written. Errors of single models, refused licences among
/// them, are printed.
pub fn run(args: &PullArgs) -> Result<Exit, Failure> {
    let catalogue = Arc::new(Catalogue::load());
    let mut inventory = load_inventory(&catalogue);
    let folder = args.to.clone().map_or_else(home, Ok)?;
    let (entries, mut worst) = chosen_entries(&args.names, &catalogue);
    if args.names.iter().any(|name| is_starter(name, &catalogue)) {
        show_starters(&catalogue, &mut inventory);
    }
    let mut accepted: Vec<&CatalogueEntry> = Vec::new();
    for entry in entries {
        match confirm_licence(entry, args.yes) {
            Ok(()) => accepted.push(entry),
            // The others don't need this licence.
            Err(refused) => worst = worst.worse(refused.report()),
        }
    }
    let (own, hub) = settings::settings_file().map(|f| settings::peek_mirrors(&f)).unwrap_or_default();
    let mirrors = Mirrors::of_environment(own.as_deref(), hub.as_deref());
    let records = RecordsFile::of_user().and_then(|f| f.load().ok()).unwrap_or_default();
    let interrupt = Interrupt::listen();
    let downloads = Downloads::new(Options::default(), || {});
    let bars = Bars::new(!args.no_progress && args.format == Format::Text);
    let mut running: Vec<Running<'_>> = Vec::new();
    let mut unreached = Unreached::default();
    for entry in accepted {
        match downloads.add(pull::job(entry, &mirrors, &records, &folder)) {
            Ok(ticket) => {
                let is_pinned = !entry.is_hashed() && records.pin(&entry.id).is_some();
                let (bar, lines) = (bars.add(entry), bars.lines());
                running.push(Running { entry, ticket, is_pinned, bar, lines });
            }
            Err(error) => {
                worst = worst.worse(Failure::failed(error.to_string(), error.fix()).report());
            }
        }
    }
    while !running.is_empty() {
        if interrupt.is_set() {
            downloads.pause_all();
            let _ = downloads.wait_all(Duration::from_secs(2));
            bars.clear();
            for one in &running {
                if let Some(State::Paused(Some(partial))) = downloads.state(one.ticket) {
                    output::note(&format!("{}: {partial}", one.entry.name));
                }
            }
            return Ok(Exit::Interrupted);
        }
        std::thread::sleep(Duration::from_millis(60));
        let mut still = Vec::new();
        for mut one in running {
            match downloads.state(one.ticket) {
                Some(State::Done(downloaded)) => {
                    one.bar.finish_and_clear();
                    let finished =
                        bars.suspend(|| finish(args.format, one.entry, &downloaded, &mut inventory))?;
                    worst = worst.worse(finished);
                }
                Some(State::Failed(failure)) if failure.error.is_of_connection() => {
                    one.bar.finish_and_clear();
                    unreached.add(&failure.error, &one.entry.name);
                }
                Some(State::Failed(failure)) => {
                    one.bar.finish_and_clear();
                    let fix = match failure.error {
                        DownloadError::WrongHash { .. } if one.is_pinned => {
                            let id = &one.entry.id;
                            format!(
                                "Its first download had another SHA-256. If its project has published a new version, forget the old \
                                 one and try again:  sightline models remove {id}"
                            )
                        }
                        _ => failure.fix(),
                    };
                    let failure = Failure::failed(format!("{}: {failure}", one.entry.name), fix);
                    worst = worst.worse(bars.suspend(|| failure.report()));
                }
                Some(State::Running(running)) => {
                    let progress = running.progress();
                    one.show(&progress);
                    one.tell(&progress);
                    still.push(one);
                }
                Some(_) => still.push(one),
                None => {}
            }
        }
        running = still;
    }
    Ok(worst.worse(unreached.report()))
}

/// The models that couldn't be downloaded because the way to a server is broken, under the error of each server.
#[derive(Default)]
struct Unreached(Vec<(DownloadError, Vec<String>)>);

impl Unreached {
    fn add(&mut self, error: &DownloadError, name: &str) {
        let alike = |known: &DownloadError| match (known, error) {
            (DownloadError::Unreachable { host, .. }, DownloadError::Unreachable { host: other, .. }) => {
                host == other
            }
            _ => known == error,
        };
        match self.0.iter_mut().find(|(known, _)| alike(known)) {
            Some((_, names)) => names.push(name.to_owned()),
            None => self.0.push((error.clone(), vec![name.to_owned()])),
        }
    }

    /// Tells each reason once.
    fn report(self) -> Exit {
        self.0.into_iter().fold(Exit::Done, |worst, (error, names)| {
            let what = match names.as_slice() {
                [one] => format!("{one} wasn't downloaded."),
                [one, other] => format!("{one} and {other} weren't downloaded."),
                [one, rest @ ..] => format!("{one} and {} other models weren't downloaded.", rest.len()),
                [] => String::new(),
            };
            worst.worse(Failure::failed(format!("{error} {what}"), error.fix()).report())
        })
    }
}

/// The entries of these names, each once. A name that the catalogue doesn't have is an error of the command line, which is
/// printed; the others are downloaded nevertheless.
fn chosen_entries<'a>(names: &[String], catalogue: &'a Catalogue) -> (Vec<&'a CatalogueEntry>, Exit) {
    let (mut entries, mut worst): (Vec<&CatalogueEntry>, Exit) = (Vec::new(), Exit::Done);
    for name in names {
        let found: Vec<&CatalogueEntry> = match catalogue.find(name) {
            Some(entry) => vec![entry],
            None if is_starter(name, catalogue) => catalogue.starters().collect(),
            None => {
                worst = unknown(name, catalogue).report();
                Vec::new()
            }
        };
        for entry in found {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
    }
    (entries, worst)
}

/// Whether a name means the starter set; an entry of that name goes first.
fn is_starter(name: &str, catalogue: &Catalogue) -> bool {
    name.eq_ignore_ascii_case("starter") && catalogue.find(name).is_none()
}

/// Tells what the starter set is, and how many bytes are still to come, before it is downloaded.
fn show_starters(catalogue: &Catalogue, inventory: &mut Inventory) {
    let models = inventory.entries();
    let is_here = |e: &CatalogueEntry| models.iter().any(|m| m.origin.as_ref().is_some_and(|o| o.id == e.id));
    let rows: Vec<Vec<String>> = catalogue
        .starters()
        .map(|e| {
            let size = e.bytes.filter(|_| !is_here(e)).map_or_else(|| "here".to_owned(), output::size);
            vec![format!("  {}", e.name), e.task.name().to_owned(), size, e.licence.clone()]
        })
        .collect();
    let missing: u64 = catalogue.starters().filter(|e| !is_here(e)).filter_map(|e| e.bytes).sum();
    output::note(&format!("The starter set: {} models, {} to download.", rows.len(), output::size(missing)));
    for line in output::table(&rows, &[false, false, true, false]).lines() {
        output::note(line);
    }
}

struct Running<'a> {
    entry: &'a CatalogueEntry,
    ticket: Ticket,
    /// It must have the hash of its first download, because nobody has published one.
    is_pinned: bool,
    bar: ProgressBar,
    /// What was told last, where lines stand for the bar.
    lines: Option<Told>,
}

/// What the last line of a download's progress told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Connecting,
    /// Tenths of the file, or whole steps of [`UNSIZED_STEP`] where its size isn't known.
    Steps(u64),
}

/// A line is written for so many bytes of a file of unknown size.
const UNSIZED_STEP: u64 = 8 << 20;

impl Running<'_> {
    /// Writes a line when there is something new to tell: that it connects, and every tenth of the file.
    fn tell(&mut self, progress: &Progress) {
        let Some(told) = &mut self.lines else { return };
        let name = &self.entry.name;
        let (now, text) = match (progress.phase, &progress.host, progress.total) {
            (Phase::Connecting | Phase::Waiting, Some(host), _) => {
                (Told::Connecting, format!("{name}: connecting to {host}"))
            }
            (Phase::Receiving, _, Some(total)) if total > 0 => {
                let tenths = progress.bytes.saturating_mul(10) / total;
                let (bytes, total) = (output::size(progress.bytes), output::size(total));
                (Told::Steps(tenths), format!("{name}: {}% ({bytes} of {total})", tenths * 10))
            }
            (Phase::Receiving, ..) => {
                let text = format!("{name}: {}", output::size(progress.bytes));
                (Told::Steps(progress.bytes / UNSIZED_STEP), text)
            }
            _ => return,
        };
        // Reconnecting isn't told again: the steps go on from where they were.
        let is_news = match (*told, now) {
            (Told::Nothing, _) | (Told::Connecting, Told::Steps(_)) => true,
            (Told::Steps(before), Told::Steps(now)) => now > before,
            _ => false,
        };
        if is_news {
            *told = now;
            output::note(&text);
        }
    }

    /// Draws how far it is; while nothing has come yet, what it waits for.
    fn show(&self, progress: &Progress) {
        let name = &self.entry.name;
        let problem = progress.problem.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
        if matches!(progress.phase, Phase::Connecting | Phase::Waiting) {
            let host =
                progress.host.as_ref().map(|host| format!(": connecting to {host}…")).unwrap_or_default();
            set_style(&self.bar, CONNECTING);
            self.bar.set_message(output::printable(&format!("{name}{host}{problem}")).into_owned());
            return;
        }
        self.bar.set_message(output::printable(&format!("{name}{problem}")).into_owned());
        self.bar.set_position(progress.bytes);
        if let Some(total) = progress.total {
            self.bar.set_length(total);
        }
        set_style(&self.bar, RECEIVING);
    }
}

/// Records a model that was downloaded and prints it, or why it can't be used; returns the exit code for it.
fn finish(
    format: Format,
    entry: &CatalogueEntry,
    downloaded: &Downloaded,
    inventory: &mut Inventory,
) -> Result<Exit, Failure> {
    let known = downloaded.trust == Trust::Verified;
    match pull::finish(entry, downloaded) {
        Ok(pulled) => {
            inventory.update(|records| pulled.record(records, downloaded));
            print_error(inventory);
        }
        Err(error) => return Ok(Failure::from(error).report()),
    }
    let file = downloaded.path.display().to_string();
    if format == Format::Json {
        output::json_line(&Line {
            id: &entry.id,
            file,
            bytes: downloaded.bytes,
            sha256: downloaded.sha256.to_string(),
            trust: if known { "verified" } else { "pinned" },
            licence: &entry.licence,
            from: downloaded.from.as_deref(),
        })?;
        return Ok(Exit::Done);
    }
    let hash = if known {
        "its SHA-256 is the published one".to_owned()
    } else {
        format!("nobody has published its SHA-256; {} is pinned now", downloaded.sha256)
    };
    output::line(&format!(
        "{}: {} ({}; {hash})",
        entry.name,
        output::printable(&file),
        output::size(downloaded.bytes)
    ))?;
    Ok(Exit::Done)
}

fn unknown(name: &str, catalogue: &Catalogue) -> Failure {
    let near = catalogue.like(name);
    let fix = if near.is_empty() {
        "\u{201c}sightline models list --available\u{201d} lists its models.".to_owned()
    } else {
        format!("Did you mean {}?", near.join(", "))
    };
    Failure::usage(format!("The catalogue has no model \u{201c}{name}\u{201d}."), fix)
}

/// Shows a licence that restricts some uses, and asks.
fn confirm_licence(entry: &CatalogueEntry, yes: bool) -> Result<(), Failure> {
    if !entry.permits.needs_a_look() {
        return Ok(());
    }
    output::note(&format!("{} is under {}: {}.", entry.name, entry.licence, Permits::meaning(entry.permits)));
    output::note(&format!("  {}", entry.source));
    if yes || ask("Download it under this licence?")? {
        return Ok(());
    }
    Err(Failure::failed(format!("{} wasn't downloaded: its licence wasn't accepted.", entry.name), ""))
}

/// A download that connects: neither a size nor a speed is known.
const CONNECTING: &str = "{msg}";
/// A download that receives bytes.
const RECEIVING: &str = "{msg:28!} {bar:24} {bytes:>10} / {total_bytes:10} {bytes_per_sec:>12} {eta:>4}";

fn set_style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// One bar per download, drawn on standard error if that is a terminal; otherwise lines stand for them.
struct Bars {
    bars: MultiProgress,
    lines: bool,
}

impl Bars {
    fn new(show: bool) -> Self {
        let target = if show { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let lines = show && !io::stderr().is_terminal();
        Self { bars: MultiProgress::with_draw_target(target), lines }
    }

    /// The state of a download's lines, where lines are written.
    fn lines(&self) -> Option<Told> {
        self.lines.then_some(Told::Nothing)
    }

    fn add(&self, entry: &CatalogueEntry) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(entry.bytes.unwrap_or(0)));
        set_style(&bar, CONNECTING);
        bar.set_message(output::printable(&entry.name).into_owned());
        bar
    }

    fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bars.suspend(write)
    }

    fn clear(&self) {
        let _ = self.bars.clear();
    }
}
