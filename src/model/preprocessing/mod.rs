//! How images were prepared for a classifier, which no ONNX file says: from the settings that its project publishes beside it
//! (`preprocessor_config.json` of transformers, `config.json` of timm), or else by the architecture in its name.

mod names;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::families::Family;
use super::sidecar::Sidecar;
use super::spec::{ColourOrder, Fit, Layout, Range, Resample, Spec};

/// How images are prepared, as far as it was found out; `None` leaves what the family takes for usual.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Preparation {
    pub fit: Option<Fit>,
    pub resample: Option<Resample>,
    pub range: Option<Range>,
}

/// What the settings beside a model say, and of which network.
#[derive(Debug, Default)]
struct Published {
    preparation: Preparation,
    /// The sides of the inputs that it was trained and tested with, in pixels; empty if not told.
    sides: Vec<u32>,
}

/// Completes the spec of a classifier. What `overrides` sets stays; what the file's own metadata say belongs to it.
pub(super) fn complete(path: &Path, overrides: &Sidecar, spec: &mut Spec) {
    let settled = overrides.fit.is_some() && overrides.resample.is_some() && overrides.range.is_some();
    if settled || !is_from_pytorch(spec) {
        return;
    }
    let (found, evidence) = if let Some((found, name)) = beside(path, spec) {
        (found, format!("{name} beside the file says how its images are prepared"))
    } else if let Some((found, project, name)) = names::find(path, side_of(spec)) {
        (found, format!("the file’s name says {name}: images are prepared as {project} does for it"))
    } else {
        return;
    };
    let input = &mut spec.input;
    if overrides.fit.is_none() {
        input.fit = found.fit.unwrap_or(input.fit);
    }
    if overrides.resample.is_none() {
        input.resample = found.resample.unwrap_or(input.resample);
    }
    if overrides.range.is_none() {
        input.range = found.range.unwrap_or(input.range);
    }
    if found.range.is_some() {
        spec.evidence.retain(|line| !line.starts_with(super::families::RANGE_IS_GUESSED));
    }
    spec.evidence.push(evidence);
}

/// What the files in a model's folder say of it, which is lost where the model is copied elsewhere.
pub(crate) fn published(path: &Path, spec: &Spec) -> Option<Preparation> {
    is_from_pytorch(spec).then(|| beside(path, spec)).flatten().map(|(found, _)| found)
}

/// Whether it is a classifier as `PyTorch` exports it: those of Caffe and TensorFlow bear the same names and take other values. The
/// range of the values isn't asked for, because the user's own says nothing about where a network is from.
fn is_from_pytorch(spec: &Spec) -> bool {
    let input = &spec.input;
    spec.family == Family::Classifier && input.layout == Layout::Nchw && input.order == ColourOrder::Rgb
}

fn side_of(spec: &Spec) -> u32 {
    let (width, height) = spec.input.size.bound();
    width.max(height)
}

/// The settings in the model's folder, or in the one above if the model lies in a folder `onnx`, as on Hugging Face; only if they
/// are this model's: of its size and classes, and not in a folder with other models.
fn beside(path: &Path, spec: &Spec) -> Option<(Preparation, &'static str)> {
    let folder = path.parent()?;
    let above = folder.parent().filter(|_| folder.file_name().is_some_and(|name| name == "onnx"));
    let find = |name: &str| [Some(folder), above].into_iter().flatten().find_map(|f| json(&f.join(name)));
    let side = side_of(spec);
    let config = find("config.json");
    let (published, name) = find("preprocessor_config.json")
        .and_then(|value| Some((transformers(&value)?, "preprocessor_config.json")))
        .or_else(|| Some((timm(config.as_ref()?, side)?, "config.json")))?;
    let other_size = !published.sides.is_empty() && !published.sides.contains(&side);
    let classes = config.as_ref().and_then(classes);
    let other_classes = classes.is_some_and(|n| spec.output.classes.is_some_and(|own| own != n));
    (!other_size && !other_classes && variants_of_one(folder)).then_some((published.preparation, name))
}

/// Whether every model of a folder is a variant of one: `model.onnx`, `model_fp16.onnx`, `model_quantized.onnx`.
fn variants_of_one(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let models = files.filter(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx")));
    let stems: Vec<PathBuf> = models.filter_map(|path| Some(path.file_stem()?.into())).collect();
    let Some(shortest) = stems.iter().min_by_key(|stem| stem.as_os_str().len()) else { return true };
    let shortest = shortest.to_string_lossy();
    stems.iter().all(|stem| {
        let stem = stem.to_string_lossy();
        stem.strip_prefix(&*shortest).is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.']))
    })
}

/// The number of classes in `config.json`, of timm or of transformers.
fn classes(config: &Value) -> Option<usize> {
    let number = config["num_classes"].as_u64().or(config["num_labels"].as_u64());
    let named = || config["id2label"].as_object().map(serde_json::Map::len);
    number.and_then(|n| usize::try_from(n).ok()).or_else(named)
}

/// Reads the text of a `preprocessor_config.json` or of timm's `config.json`, for a network with an input of `side` pixels. `None` if
/// it says nothing that can be used.
#[must_use]
pub fn parse(text: &str, side: u32) -> Option<Preparation> {
    let value: Value = serde_json::from_str(text).ok()?;
    let published = transformers(&value).or_else(|| timm(&value, side))?;
    (published.preparation != Preparation::default()).then_some(published.preparation)
}

fn json(path: &Path) -> Option<Value> {
    /// Longer than any of these files.
    const MOST: u64 = 4 << 20;
    // A pipe or a device under that name would be waited for.
    if !path.metadata().is_ok_and(|meta| meta.is_file()) {
        return None;
    }
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(MOST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).inspect_err(|error| tracing::warn!("{}: {error}", path.display())).ok()
}

fn three(value: &Value) -> Option<[f32; 3]> {
    let list = value.as_array().filter(|list| list.len() == 3)?;
    let numbers: Vec<f32> = list.iter().filter_map(Value::as_f64).map(|n| n as f32).collect();
    numbers.try_into().ok().filter(|numbers: &[f32; 3]| numbers.iter().all(|n| n.is_finite()))
}

fn range(scale: f64, mean: &Value, std: &Value) -> Option<Range> {
    checked(Range { scale: scale as f32, mean: three(mean)?, std: three(std)? })
}

fn checked(range: Range) -> Option<Range> {
    (range.scale.is_finite() && range.scale != 0.0 && !range.std.contains(&0.0)).then_some(range)
}

fn pixels(value: f64) -> Option<u32> {
    (1.0..=16_384.0).contains(&value).then_some(value as u32)
}

/// The middle of `side` pixels, which are this share of the shorter side of the image.
fn cut_to(side: u32, share: f64) -> Option<Fit> {
    pixels(f64::from(side) / share).map(|resize| Fit::CentreCrop { resize })
}

/// `preprocessor_config.json`.
fn transformers(config: &Value) -> Option<Published> {
    let flag = |key: &str| config[key].as_bool();
    let size = &config["size"];
    let shortest = size["shortest_edge"].as_f64();
    let number = shortest.or(size.as_f64()).or(size["height"].as_f64()).and_then(pixels);
    let cut = flag("do_center_crop") == Some(true);
    // A height and a width are met exactly, whatever the image's shape; so is DeiT's single number.
    let both = (size["height"].as_f64().and_then(pixels)).zip(size["width"].as_f64().and_then(pixels));
    let is_deit = ["image_processor_type", "feature_extractor_type"]
        .iter()
        .any(|key| config[key].as_str().is_some_and(|name| name.starts_with("DeiT")));
    let stretched = both.or(size.as_f64().and_then(pixels).filter(|_| is_deit).map(|side| (side, side)));
    let crop = &config["crop_size"];
    let crop = crop.as_f64().or(crop["height"].as_f64()).and_then(pixels).filter(|_| cut);
    let share = config["crop_pct"].as_f64();
    let fit = match (number, share) {
        _ if flag("do_resize") == Some(false) => None,
        // ConvNeXt's: large images are stretched.
        (Some(side), Some(share)) if side < 384 && share > 0.0 => cut_to(side, share),
        (Some(_), None) if cut && stretched.is_some() => {
            stretched.map(|(height, width)| Fit::StretchCrop { width, height })
        }
        (Some(resize), None) if cut || shortest.is_some() => Some(Fit::CentreCrop { resize }),
        (Some(_), _) => Some(Fit::Stretch),
        (None, _) => None,
    };
    let resample = match config["resample"].as_u64() {
        Some(2) => Some(Resample::Bilinear),
        Some(3) => Some(Resample::Bicubic),
        _ => None,
    };
    let scale = match flag("do_rescale") {
        Some(false) => 1.0,
        _ => config["rescale_factor"].as_f64().unwrap_or(1.0 / 255.0),
    };
    let range = if flag("do_normalize") == Some(false) {
        checked(Range { scale: scale as f32, ..Range::UNIT })
    } else {
        range(scale, &config["image_mean"], &config["image_std"])
    };
    let preparation = Preparation { fit, resample, range };
    // Where it says how much is cut out, or that nothing is, that is the network's input.
    let whole = !cut && (share.is_some() || shortest.is_none());
    let sides = crop.or(number.filter(|_| whole)).into_iter().collect();
    (preparation != Preparation::default()).then_some(Published { preparation, sides })
}

/// `config.json` of timm: its `pretrained_cfg`, or the same keys on their own in files of earlier versions.
fn timm(config: &Value, side: u32) -> Option<Published> {
    let nested = &config["pretrained_cfg"];
    let config = if nested.is_object() { nested } else { config };
    let share = config["crop_pct"].as_f64()?;
    let fit = match config["crop_mode"].as_str() {
        Some("squash") => Some(Fit::Stretch),
        // Fitted in and padded; no classifier of timm that we know is.
        Some("border") => None,
        _ => cut_to(side, share),
    };
    let resample = names::resample(config["interpolation"].as_str().unwrap_or("bicubic"));
    let sides = ["input_size", "test_input_size"]
        .iter()
        .filter_map(|key| config[key][1].as_f64().and_then(pixels))
        .collect();
    let range = range(1.0 / 255.0, &config["mean"], &config["std"]);
    Some(Published { preparation: Preparation { fit, resample, range }, sides })
}
