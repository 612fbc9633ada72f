//! `sightline dataset info`

use std::path::PathBuf;

use serde::Serialize;

use super::super::failure::Exit;
use super::super::interrupt::Interrupt;
use super::super::output::{self, Format};
use crate::dataset::{SourceFormat, Split, State};

/// What `sightline dataset info` takes.
#[derive(Debug, clap::Args)]
pub struct InfoArgs {
    /// The data set: a folder, COCO’s JSON file or YOLO’s data.yaml
    #[arg(value_name = "DATASET", value_hint = clap::ValueHint::AnyPath)]
    dataset: PathBuf,
    #[command(flatten)]
    shared: super::SharedArgs,
}

#[derive(Serialize)]
struct Info {
    format: SourceFormat,
    name: String,
    images: usize,
    reviewed: usize,
    /// Images for training, for validation, for the test, and without a split.
    train: usize,
    val: usize,
    test: usize,
    undivided: usize,
    unlabelled: usize,
    labels: usize,
    suggested: usize,
    rejected: usize,
    outlines: usize,
    masks: usize,
    keypoints: usize,
    oriented: usize,
    crowds: usize,
    classes: Vec<ClassInfo>,
    /// Files that something is wrong with.
    problems: usize,
}

#[derive(Serialize)]
struct ClassInfo {
    name: String,
    labels: usize,
    images: usize,
    keypoints: usize,
}

/// Tells what a data set holds.
///
/// # Errors
/// Why it can't be read.
pub fn run(args: &InfoArgs) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen();
    let read = super::read(&args.dataset, args.shared.images.as_deref(), &interrupt)?;
    let items = &read.dataset.items;
    let labels = || items.iter().flat_map(|item| &item.annotations);
    let split = |split: Option<Split>| items.iter().filter(|item| item.split == split).count();
    let class = |index: usize| ClassInfo {
        name: read.dataset.classes[index].name.clone(),
        labels: labels().filter(|one| one.class == index).count(),
        images: items
            .iter()
            .filter(|item| {
                item.class.is_some_and(|class| class.class == index)
                    || item.annotations.iter().any(|one| one.class == index)
            })
            .count(),
        keypoints: read.dataset.keypoints_of(index).map_or(0, |scheme| scheme.names.len()),
    };
    let info = Info {
        format: read.format,
        name: read.dataset.name.clone(),
        images: items.len(),
        reviewed: read.dataset.reviewed(),
        train: split(Some(Split::Train)),
        val: split(Some(Split::Val)),
        test: split(Some(Split::Test)),
        undivided: split(None),
        unlabelled: items.iter().filter(|item| item.annotations.is_empty() && item.class.is_none()).count(),
        labels: labels().count(),
        suggested: labels().filter(|one| one.state == State::Suggested).count(),
        rejected: labels().filter(|one| one.state == State::Rejected).count(),
        outlines: labels().filter(|one| !one.polygons.is_empty()).count(),
        masks: labels().filter(|one| one.mask.is_some()).count(),
        keypoints: labels().filter(|one| !one.keypoints.is_empty()).count(),
        oriented: labels().filter(|one| one.corners.is_some()).count(),
        crowds: labels().filter(|one| one.crowd).count(),
        classes: (0..read.dataset.classes.len()).map(class).collect(),
        problems: read.problems.len(),
    };
    match args.shared.format {
        Format::Json => output::json(&info)?,
        Format::Text => output::lines(&text(&info))?,
    }
    Ok(if info.problems > 0 { Exit::Failed } else { Exit::Done })
}

fn text(info: &Info) -> String {
    let parts =
        [("train", info.train), ("val", info.val), ("test", info.test), ("without a split", info.undivided)];
    let parts: Vec<String> =
        parts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
    let kinds = [
        ("outlines", info.outlines),
        ("masks", info.masks),
        ("keypoints", info.keypoints),
        ("oriented boxes", info.oriented),
        ("crowds", info.crowds),
        ("suggestions", info.suggested),
        ("rejected", info.rejected),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
    let in_brackets = |parts: &[String]| {
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    };
    let mut text = format!(
        "{}: {}\n{}{}, {} reviewed, {} without labels\n{}{}\n\n",
        output::printable(&info.name),
        info.format.name(),
        super::count(info.images, "image"),
        in_brackets(&parts),
        info.reviewed,
        info.unlabelled,
        super::count(info.labels, "label"),
        in_brackets(&kinds)
    );
    let mut rows = vec![["Class", "Labels", "Images", "Keypoints"].map(str::to_owned).to_vec()];
    rows.extend(info.classes.iter().map(|class| {
        let keypoints = if class.keypoints == 0 { String::new() } else { class.keypoints.to_string() };
        vec![class.name.clone(), class.labels.to_string(), class.images.to_string(), keypoints]
    }));
    text.push_str(&output::table(&rows, &[false, true, true, true]));
    text
}
