//! `sightline replay`: runs a saved snapshot or recording again, and tells whether the results are the same.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use crossbeam_channel::RecvTimeoutError;
use serde::Serialize;

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::{self, Format};
use super::predict::reader::{Delivery, Reader};
use super::{OpeningArgs, models};
use crate::library::Catalogue;
use crate::model::results::StageTimes;
use crate::model::spec::{Detail, Size};
use crate::model::{Model, Results, Thresholds, runtime, sha256};
use crate::replay::{Comparison, Difference, Kind, SavedFile, SavedModel, compare};
use crate::save::{FrameInfo, FrameRecord};
use crate::source::Address;

/// A frame of a video belongs to the line of its time; videos keep times to a hundredth of a frame or so, in seconds.
const NEAR: f64 = 0.008;

/// What `sightline replay` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline replay \u{201c}Sightline 2026-11-28 12.44.00.json\u{201d}   a snapshot\n  \
    sightline replay \u{201c}Sightline 2026-11-28 12.50.10.mp4\u{201d}    a recording, with the files beside it\n  \
    sightline replay snapshot.json --model other.onnx     what another model finds in the same image\n\n\
    The model is found by its SHA-256, and runs with the thresholds and the input size of the record on the image or video \
    without a drawing. Snapshots in PNG give the same results to the last digit. Video is compressed with loss, so a recording \
    agrees if the same objects are found again.\n\n\
    Exit code: 0 if the results are equal, or agree in a recording; 1 if they differ.")]
pub struct ReplayArgs {
    /// The JSON file of a snapshot or recording, or the image or video beside it
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Run this model instead of the one with the same hash
    #[arg(short, long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Output
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    opening: OpeningArgs,
}

/// What was found out.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    /// Nothing differs; in a recording: the same objects are found again.
    same: bool,
    model: String,
    sha256: String,
    /// What isn't as it was when the file was saved, and may be why results differ.
    changes: Vec<String>,
    frames: usize,
    /// Frames whose results are equal to the last digit.
    equal_frames: usize,
    objects_before: usize,
    objects_now: usize,
    found_again: usize,
    mean_iou: f64,
    largest_score_difference: f64,
    /// Of a snapshot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Difference>,
}

/// Runs it again.
///
/// # Errors
/// What is missing for that, or why the model can't run.
pub fn run(args: &ReplayArgs) -> anyhow::Result<Exit> {
    let saved =
        SavedFile::open(&args.file).map_err(|error| Failure::failed(error.to_string(), error.fix()))?;
    let interrupt = Interrupt::listen();
    let mut report = Report {
        file: saved.json.display().to_string(),
        same: true,
        model: String::new(),
        sha256: String::new(),
        changes: Vec::new(),
        frames: 0,
        equal_frames: 0,
        objects_before: 0,
        objects_now: 0,
        found_again: 0,
        mean_iou: 0.0,
        largest_score_difference: 0.0,
        differences: Vec::new(),
    };
    if saved.privacy {
        report.changes.push("people or other classes are hidden in the image".into());
    }
    let program = concat!("Sightline ", env!("CARGO_PKG_VERSION"));
    if saved.program != program {
        report.changes.push(format!("{program} instead of {}", saved.program));
    }
    match &saved.kind {
        Kind::Snapshot(before) => snapshot(args, &saved, before, &interrupt, &mut report)?,
        Kind::Recording(lines) => recording(args, &saved, lines, &interrupt, &mut report)?,
    }
    match args.format {
        Format::Json => output::json(&report)?,
        Format::Text => output::lines(&text(&report, matches!(saved.kind, Kind::Recording(_))))?,
    }
    Ok(if report.same { Exit::Done } else { Exit::Failed })
}

fn snapshot(
    args: &ReplayArgs,
    saved: &SavedFile,
    before: &FrameRecord,
    interrupt: &Interrupt,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(of) = saved.models.first() else { return Ok(()) };
    let mut model = open(args, of, interrupt, report)?;
    let is_lossless = saved.clean.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
    if !is_lossless {
        report.changes.push("the image was saved with loss".into());
    }
    let is_tracked = before.detections.iter().any(|d| d.track_id.is_some());
    if is_tracked {
        report.changes.push("objects were tracked, which smooths their boxes".into());
    }
    if before.moved {
        report.changes.push(
            "the boxes had been moved from an earlier frame: the model was slower than the source".into(),
        );
    }
    let reader = Reader::start(vec![Address::Image(saved.clean.clone())], Some(1), false)
        .context("No thread can be started")?;
    let thresholds = thresholds_of(of);
    loop {
        match reader.deliveries.recv_timeout(Duration::from_millis(50)) {
            Ok(Delivery::Frame { frame, .. }) => {
                let ran = interrupt.attend("replay", move || {
                    let mut results = Results::default();
                    model.run(&frame, &thresholds, &mut results).map(|_| (model, results))
                })?;
                let (model, results) = ran?;
                let now = record(&results, &model);
                let comparison = compare(before, &now);
                add(report, &comparison);
                report.same = comparison.equal
                    || is_tracked && comparison.again == comparison.before.max(comparison.now);
                report.differences = comparison.differences;
                finish(report);
                return Ok(());
            }
            Ok(Delivery::Failed(error)) => return Err(Failure::from(error).into()),
            Ok(Delivery::Opened(..)) => {}
            Err(RecvTimeoutError::Timeout) if !interrupt.is_set() => {}
            Err(RecvTimeoutError::Timeout) => return Err(Failure::Interrupted.into()),
            Ok(Delivery::Ended) | Err(RecvTimeoutError::Disconnected) => {
                let fix = "Check the file beside the record.";
                return Err(Failure::failed("The image of the snapshot holds no frame.", fix).into());
            }
        }
    }
}

fn recording(
    args: &ReplayArgs,
    saved: &SavedFile,
    lines: &[FrameRecord],
    interrupt: &Interrupt,
    report: &mut Report,
) -> anyhow::Result<()> {
    report.changes.push("video is compressed with loss".into());
    if lines.iter().any(|line| line.detections.iter().any(|d| d.track_id.is_some())) {
        report.changes.push("objects were tracked, which smooths their boxes".into());
    }
    let reader = Reader::start(vec![Address::Video(saved.clean.clone())], None, false)
        .context("No thread can be started")?;
    let mut running: Option<(Model, SavedModel, Thresholds)> = None;
    let mut next = 0;
    let mut overlaps = 0.0;
    loop {
        match reader.deliveries.recv_timeout(Duration::from_millis(50)) {
            Ok(Delivery::Frame { frame, .. }) => {
                let time_s = frame.time_s.unwrap_or_default();
                while lines.get(next).is_some_and(|line| line.time_s.unwrap_or_default() < time_s - NEAR) {
                    next += 1;
                }
                let line = lines.get(next).filter(|line| line.time_s.unwrap_or_default() <= time_s + NEAR);
                let (Some(before), Some(of)) = (line, saved.model_at(time_s)) else { continue };
                next += 1;
                if running.as_ref().is_none_or(|(_, running, _)| running != of) {
                    // The models before are closed first.
                    drop(running.take());
                    running = Some((open(args, of, interrupt, report)?, of.clone(), thresholds_of(of)));
                }
                let Some((mut model, of, thresholds)) = running.take() else { continue };
                let ran = interrupt.attend("replay", move || {
                    let mut results = Results::default();
                    model.run(&frame, &thresholds, &mut results).map(|_| (model, results, thresholds))
                })?;
                let (model, results, thresholds) = ran?;
                let comparison = compare(before, &record(&results, &model));
                overlaps += comparison.mean_iou * comparison.again as f64;
                add(report, &comparison);
                running = Some((model, of, thresholds));
            }
            Ok(Delivery::Failed(error)) => return Err(Failure::from(error).into()),
            Ok(Delivery::Opened(..)) => {}
            Err(RecvTimeoutError::Timeout) if !interrupt.is_set() => {}
            Err(RecvTimeoutError::Timeout) => return Err(Failure::Interrupted.into()),
            Ok(Delivery::Ended) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if report.frames == 0 {
        let fix = "Record again while a model runs, with the JSON lines.";
        return Err(Failure::failed("No frame of the recording has results of its own.", fix).into());
    }
    report.mean_iou = if report.found_again > 0 { overlaps / report.found_again as f64 } else { 0.0 };
    // As in a comparison of models: twice the matches over all objects.
    let all = report.objects_before + report.objects_now;
    report.same = all == 0 || 2.0 * report.found_again as f64 / all as f64 >= AGREES;
    finish(report);
    Ok(())
}

/// A recording agrees if this share of its objects is found again (F1).
const AGREES: f64 = 0.9;

fn add(report: &mut Report, comparison: &Comparison) {
    report.frames += 1;
    report.equal_frames += usize::from(comparison.equal);
    report.objects_before += comparison.before;
    report.objects_now += comparison.now;
    report.found_again += comparison.again;
    report.mean_iou = comparison.mean_iou;
    report.largest_score_difference =
        report.largest_score_difference.max(comparison.largest_score_difference);
}

fn finish(report: &mut Report) {
    report.mean_iou = (report.mean_iou * 10_000.0).round() / 10_000.0;
    report.largest_score_difference = (report.largest_score_difference * 1000.0).round() / 1000.0;
}

/// The results as a snapshot would store them.
fn record(results: &Results, model: &Model) -> FrameRecord {
    FrameRecord::new(FrameInfo::default(), results, &model.spec().labels, &StageTimes::default())
}

fn thresholds_of(of: &SavedModel) -> Thresholds {
    let record = &of.thresholds;
    Thresholds {
        conf: record.conf as f32,
        iou: record.iou as f32,
        max_det: record.max_det,
        classes: record.classes.clone(),
        detail: Detail::Full,
        base: None,
    }
}

/// Opens the model of a record, and notes what isn't as it was.
fn open(
    args: &ReplayArgs,
    of: &SavedModel,
    interrupt: &Interrupt,
    report: &mut Report,
) -> anyhow::Result<Model> {
    let path = match &args.model {
        Some(named) => super::chosen_model(Some(named))?,
        None => find(of)?,
    };
    let mut options = args.opening.options(interrupt)?;
    options.device = options.device.or_else(|| Some(of.details.provider.to_lowercase()));
    options.size = options.size.or(of.details.input.map(|[w, h]| (w, h)));
    if options.adapter.is_none()
        && let Some(name) = &of.details.adapter
    {
        // Only beside the model: the record may come from anywhere.
        let beside = path.with_file_name(Path::new(name).file_name().unwrap_or_default());
        if beside.is_file() {
            options.adapter = Some(beside);
        } else {
            report.changes.push(format!("without the adapter {name}, which isn't beside the model"));
        }
    }
    let model = args.opening.open(&path, &options, interrupt)?;
    (report.model, report.sha256) = (model.name(), model.sha256().to_owned());
    let mut note = |now: String, before: &str, what: &str| {
        if now != before {
            report.changes.push(format!("{what} {now} instead of {before}"));
        }
    };
    note(model.sha256().to_owned(), &of.details.sha256, "the model's SHA-256 is");
    note(model.provider().to_owned(), &of.details.provider, "the execution provider is");
    if let Some(version) = &of.details.runtime {
        let now = runtime::loaded().map_or_else(String::new, |runtime| runtime.version().to_owned());
        note(now, version, "ONNX Runtime is");
    }
    if let (Some([width, height]), Size::Dynamic { .. } | Size::Fixed { .. }) =
        (of.details.input, model.spec().input.size)
    {
        let (w, h) = model.spec().input.size.bound();
        note(format!("{w}\u{d7}{h}"), &format!("{width}\u{d7}{height}"), "the input is");
    }
    report.changes.dedup();
    Ok(model)
}

/// The model with this hash among those on this computer.
fn find(of: &SavedModel) -> Result<PathBuf, Failure> {
    let catalogue = std::sync::Arc::new(Catalogue::load());
    let entries = models::load_inventory(&catalogue).entries();
    let wanted = of.details.sha256.as_str();
    if let Some(entry) = entries.iter().find(|entry| entry.sha256.as_deref() == Some(wanted)) {
        return Ok(entry.path.clone());
    }
    // Those of the same name first: hashing takes a second for each gigabyte.
    let has_name = |path: &Path| path.file_stem().is_some_and(|stem| *stem == *of.name);
    let all = || {
        let unknown = entries.iter().filter(|entry| entry.sha256.is_none());
        unknown.flat_map(|entry| std::iter::once(&entry.path).chain(&entry.copies))
    };
    let ordered = all().filter(|path| has_name(path)).chain(all().filter(|path| !has_name(path)));
    for path in ordered {
        if sha256(path).is_ok_and(|hash| hash == wanted) {
            return Ok(path.clone());
        }
    }
    Err(Failure::failed(
        format!(
            "The model \u{201c}{}\u{201d} with the SHA-256 {wanted} isn\u{2019}t on this computer.",
            of.name
        ),
        "Put it into a folder of models, or name another one with \u{201c}--model MODEL\u{201d}.",
    ))
}

fn text(report: &Report, is_recording: bool) -> String {
    let mut out = vec![
        format!("model    {}  {}", report.model, report.sha256),
        match (report.same, is_recording) {
            (true, false) if report.equal_frames == 1 => {
                format!(
                    "result   equal: {} of {} objects, to the last digit",
                    report.found_again, report.objects_before
                )
            }
            (true, _) => format!(
                "result   agrees: {} of {} objects found again",
                report.found_again, report.objects_before
            ),
            (false, _) => format!(
                "result   differs: {} of {} objects found again, {} found now",
                report.found_again, report.objects_before, report.objects_now
            ),
        },
    ];
    if is_recording {
        out.push(format!(
            "frames   {}, {} of them equal to the last digit",
            report.frames, report.equal_frames
        ));
    }
    if report.equal_frames < report.frames && report.found_again > 0 {
        out.push(format!(
            "boxes    mean IoU {:.3}, largest difference of a score {:.3}",
            report.mean_iou, report.largest_score_difference
        ));
    }
    for difference in report.differences.iter().take(20) {
        out.push(match difference {
            Difference::Changed { label, score: [before, now], moved_px } => {
                format!("  {label}: score {before:.3} \u{2192} {now:.3}, box moved by {moved_px:.1} px")
            }
            Difference::Missing { label, score } => format!("  {label} {score:.3}: not found any more"),
            Difference::Added { label, score } => format!("  {label} {score:.3}: not found before"),
            Difference::Top { before, now } => {
                let best = |top: &[(String, f64)]| {
                    top.first()
                        .map_or_else(|| "nothing".to_owned(), |(label, score)| format!("{label} {score:.3}"))
                };
                format!("  best class: {} \u{2192} {}", best(before), best(now))
            }
        });
    }
    if report.differences.len() > 20 {
        out.push(format!(
            "  and {} more; \u{201c}--format json\u{201d} lists all",
            report.differences.len() - 20
        ));
    }
    for (number, change) in report.changes.iter().enumerate() {
        out.push(format!("{} {change}", if number == 0 { "changed " } else { "        " }));
    }
    out.join("\n")
}
