//! `sightline models import`: importing models.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::{exit, home, load_inventory, print_error};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, LineFormat};
use crate::library::import::{self, ImportError, ImportMode, Imported};
use crate::library::records::{FileStamp, Origin};
use crate::library::{Catalogue, Inventory, ModelEntry};
use crate::model::sidecar;

/// Arguments of `sightline models import`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each file is checked, copied into the data folder and identified; its settings (NAME.toml) and weights in \
    other files are copied too. A model that is in the library already isn't copied again.\n\n\
    Examples:\n  sightline models import ~/Downloads/best.onnx\n  sightline models import --link /data/models\n  \
    sightline models import models.zip"
)]
pub struct ImportArgs {
    /// ONNX files, folders or .zip archives
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Link to the files instead of copying them; they must stay where they are
    #[arg(short, long)]
    link: bool,
    /// Output: text, or JSON Lines with one object per model
    #[arg(short, long, value_enum, default_value_t)]
    format: LineFormat,
}

#[derive(Serialize)]
struct Line<'a> {
    from: String,
    file: String,
    sha256: &'a str,
    was_here: bool,
    /// Null if the model isn't understood.
    task: Option<crate::model::Task>,
    family: Option<crate::model::Family>,
}

/// Imports models.
///
/// # Errors
/// There is no folder for models, or standard output can't be written. Errors of single files are printed.
pub fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    let folder = home()?;
    let catalogue = Arc::new(Catalogue::load());
    let mut inventory = load_inventory(&catalogue);
    let mode = if args.link { ImportMode::Link } else { ImportMode::Copy };
    let mut succeeded = true;
    let failed = |error: ImportError| {
        let _ = Failure::failed(error.to_string(), error.fix()).report();
    };
    for path in &args.paths {
        let files = match import::candidates(path) {
            Ok(files) => files,
            Err(error) => {
                failed(error);
                succeeded = false;
                continue;
            }
        };
        for file in files {
            match import::import(&file, &folder, mode) {
                Ok(imported) => {
                    for one in &imported {
                        record(&mut inventory, one);
                    }
                    let entries = inventory.entries();
                    for one in &imported {
                        print(args.format, one, &entries)?;
                    }
                }
                Err(error) => {
                    failed(error);
                    succeeded = false;
                }
            }
        }
    }
    print_error(&mut inventory);
    Ok(exit(succeeded))
}

/// Records what is known about an imported model.
fn record(inventory: &mut Inventory, one: &Imported) {
    let Ok(stamp) = FileStamp::of(&one.path) else { return };
    let origin = inventory.catalogue().by_hash(&one.sha256).map(|e| Origin::of(e, &one.sha256));
    inventory.update(|records| {
        records.set_hash(&one.path, stamp, &one.sha256);
        records.change(&one.path, |r| {
            r.weights.clone_from(&one.weights);
            r.origin = origin.clone().or(r.origin.take());
        });
    });
}

fn print(format: LineFormat, one: &Imported, entries: &[ModelEntry]) -> Result<(), Failure> {
    let spec = entries.iter().find(|e| e.path == one.path).and_then(|e| e.spec());
    if format == LineFormat::Json {
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
            "not understood yet: describe it in \u{201c}{}\u{201d}, or in the window",
            output::printable(&sidecar::path_for(&one.path).display().to_string())
        ),
    };
    let path = one.path.display().to_string();
    let path = output::printable(&path);
    output::line(&if one.was_here {
        format!("{path}: already in the library ({what})")
    } else {
        format!("{path}: {what}")
    })
}
