//! `sightline models import`: taking models in.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::{exit, home, inventory};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Format};
use crate::library::import::{self, How, ImportError, Imported};
use crate::library::records::{FileStamp, Origin};
use crate::library::{Catalogue, Inventory};
use crate::model::sidecar;

/// What `sightline models import` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each file is checked, copied into the data folder and identified; its settings (NAME.toml) and weights in\n\
    other files come along. A model that is here already isn't copied again.\n\n\
    Examples:\n  sightline models import ~/Downloads/best.onnx\n  sightline models import --link /data/models\n  \
    sightline models import models.zip"
)]
pub struct ImportArgs {
    /// ONNX files, folders or .zip archives
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Link the files instead of copying them; they must stay where they are
    #[arg(short, long)]
    link: bool,
    /// Text for people, or one JSON object a model (JSON Lines)
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Line<'a> {
    from: String,
    file: String,
    sha256: &'a str,
    was_here: bool,
    /// What it turned out to be; null where that isn't known.
    task: Option<crate::model::Task>,
    family: Option<crate::model::Family>,
}

/// Takes models in.
///
/// # Errors
/// Where there is no place for models; what is wrong with single files is said as it comes.
pub fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    let folder = home()?;
    let catalogue = Arc::new(Catalogue::load());
    let mut inventory = inventory(&catalogue);
    let how = if args.link { How::Link } else { How::Copy };
    let mut all_well = true;
    let failed = |error: ImportError| {
        let _ = Failure::failed(error.to_string(), error.fix()).report();
    };
    for path in &args.paths {
        let files = match import::candidates(path) {
            Ok(files) => files,
            Err(error) => {
                failed(error);
                all_well = false;
                continue;
            }
        };
        for file in files {
            match import::import(&file, &folder, how) {
                Ok(imported) => {
                    for one in &imported {
                        note(&mut inventory, one);
                    }
                    let cards = inventory.cards();
                    for one in &imported {
                        say(args.format, one, &cards)?;
                    }
                }
                Err(error) => {
                    failed(error);
                    all_well = false;
                }
            }
        }
    }
    if let Some(trouble) = inventory.take_trouble() {
        output::note(&format!("warning: {trouble}"));
    }
    Ok(exit(all_well))
}

/// Remembers what is known of a model that was taken in.
fn note(inventory: &mut Inventory, one: &Imported) {
    let Ok(stamp) = FileStamp::of(&one.path) else { return };
    let origin = inventory.catalogue().by_hash(&one.sha256).map(|e| Origin::of(e, &one.sha256));
    inventory.note(|notes| {
        notes.hashed(&one.path, stamp, &one.sha256);
        if let Some(origin) = &origin {
            notes.change(&one.path, |n| n.origin = Some(origin.clone()));
        }
    });
}

fn say(format: Format, one: &Imported, cards: &[crate::library::ModelEntry]) -> Result<(), Failure> {
    let spec = cards.iter().find(|c| c.path == one.path).and_then(|c| c.spec());
    if format == Format::Json {
        return output::json_line(&Line {
            from: one.from.display().to_string(),
            file: one.path.display().to_string(),
            sha256: &one.sha256,
            was_here: one.was_here,
            task: spec.map(|s| s.task),
            family: spec.map(|s| s.family),
        });
    }
    let what = match spec {
        Some(spec) => format!("{}, {}", spec.family.name(), spec.task),
        None => format!(
            "not understood yet: say how to read it in \u{201c}{}\u{201d}, or in the window",
            output::printable(&sidecar::path_for(&one.path).display().to_string())
        ),
    };
    let path = one.path.display().to_string();
    let path = output::printable(&path);
    output::line(&if one.was_here {
        format!("{path}: was here already ({what})")
    } else {
        format!("{path}: {what}")
    })
}
