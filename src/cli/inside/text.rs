//! What `sightline inside` shows to people.

use std::fmt::Write as _;

use crate::cli::output;
use crate::learn::inside::ReceptiveField;
use crate::learn::inside::diverge::Comparison;
use crate::learn::inside::layers::{Layers, TensorSize};
use crate::learn::inside::maps::{Mosaic, PlaneLayout};
use crate::learn::inside::tensor::OwnedTensor;
use crate::learn::inside::why::{Explanation, Method};

/// A number as people read it: 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A large number in short: 1.08 G, 3.40 M.
fn short(number: u64) -> String {
    let n = number as f64;
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{:.2} k", n / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} M", n / 1e6),
        _ => format!("{:.2} G", n / 1e9),
    }
}

/// The layers as a table, with their sums.
pub fn list(layers: &Layers) -> String {
    let head = ["tensor", "type", "shape", "parameters", "multiply-adds", "sees", "ms", "weights"]
        .map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    for layer in &layers.layers {
        let blank = |number: u64| if number == 0 { String::new() } else { grouped(number) };
        rows.push(vec![
            layer.outputs.first().cloned().unwrap_or_default(),
            layer.kind.clone(),
            layer.size.as_ref().map(TensorSize::text).unwrap_or_default(),
            blank(layer.parameters),
            blank(layer.multiply_adds),
            match layer.receptive_field {
                ReceptiveField::Pixels { width, height } => format!("{width}×{height}"),
                ReceptiveField::Whole => "all".into(),
                ReceptiveField::Unknown => String::new(),
            },
            layer.ms.map(|ms| format!("{ms:.3}")).unwrap_or_default(),
            layer.precision.unwrap_or_default().to_owned(),
        ]);
    }
    let table = output::table(&rows, &[false, false, false, true, true, true, true, false]);
    let own: f32 = layers.layers.iter().filter_map(|layer| layer.ms).sum();
    let (width, height) = layers.input_size;
    format!(
        "{table}\n\n{} layers, {} parameters, {} multiply-adds for an input of {width}×{height}.\n\
         A run with the profiler takes {:.2} ms: {own:.2} ms in layers, {:.2} ms in what the runtime added, {:.2} ms between them; without the profiler {:.2} ms.",
        layers.layers.len(),
        short(layers.parameters),
        short(layers.multiply_adds),
        layers.run_ms,
        layers.added_ms,
        layers.between_ms,
        layers.run_without_profiler_ms,
    )
}

/// A tensor's figures, and its most active channels.
pub fn tensor(tensor: &OwnedTensor, mosaic: &Mosaic, saved: &[String]) -> String {
    let values = tensor.floats();
    let (low, high) =
        values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len().max(1) as f64;
    let mut text = format!("{}: {}, {low:.4} to {high:.4}, mean {mean:.4}", tensor.name, tensor.shape_text());
    if let Some(planes) = mosaic.planes {
        let (what, each) = match planes.layout {
            PlaneLayout::Attention => ("heads", "patches"),
            PlaneLayout::Patches { .. } => ("channels", "patches"),
            _ => ("channels", "cells"),
        };
        let _ = write!(
            text,
            "\n{} {what} of {}×{} {each}; the most active:",
            planes.count, planes.width, planes.height
        );
        let mut rows = vec![["channel", "activation", "least", "greatest"].map(str::to_owned).to_vec()];
        for stats in mosaic.stats.iter().take(10) {
            rows.push(vec![
                stats.channel.to_string(),
                format!("{:.4}", stats.activation),
                format!("{:.4}", stats.min),
                format!("{:.4}", stats.max),
            ]);
        }
        text.push('\n');
        text += &output::table(&rows, &[true; 4]);
        if mosaic.drawn() < planes.count && saved.iter().any(|file| file.to_lowercase().ends_with(".png")) {
            let _ = write!(text, "\nThe {} most active are drawn.", mosaic.drawn());
        }
    }
    with_files(text, saved)
}

/// What a result rests on, in words.
pub fn why(explained: &Explanation, layer: Option<&str>, label: Option<&str>, saved: &[String]) -> String {
    let method = match explained.method {
        Method::Cam => "CAM (exact)",
        Method::EigenCam => "EigenCAM",
        Method::Occlusion => "Occlusion",
    };
    let of = match (label, explained.class_id) {
        (Some(label), _) => format!(" of \u{201c}{label}\u{201d}"),
        (None, Some(class)) => format!(" of class {class}"),
        (None, None) => String::new(),
    };
    let from = layer.map(|layer| format!(", from the tensor {layer}")).unwrap_or_default();
    let map = &explained.map;
    let mut text =
        format!("{method}{of}{from}: {}×{} cells, score {:.3}.", map.width, map.height, explained.score);
    // Where nothing speaks for it, no place is the strongest.
    let best = map.values.iter().enumerate().filter(|(_, value)| **value > 0.0);
    if let Some((place, _)) = best.max_by(|a, b| a.1.total_cmp(b.1)) {
        let [x1, y1, x2, y2] = explained.region;
        let (column, row) = (place % map.width.max(1), place / map.width.max(1));
        let x = x1 + (x2 - x1) * (column as f32 + 0.5) / map.width.max(1) as f32;
        let y = y1 + (y2 - y1) * (row as f32 + 0.5) / map.height.max(1) as f32;
        let _ = write!(text, "\nStrongest at x {x:.0}, y {y:.0} of the image.");
    }
    if saved.is_empty() {
        text += "\nAdd \u{201c}--save FILE.png\u{201d} to see it.";
    }
    with_files(text, saved)
}

/// Where two networks come apart.
pub fn against(comparison: &Comparison) -> String {
    let mut rows =
        vec![["tensor", "type", "ratio dB", "cosine", "greatest difference"].map(str::to_owned).to_vec()];
    for (place, tensor) in comparison.tensors.iter().enumerate() {
        let mark = if comparison.worst_step == Some(place) { " <-" } else { "" };
        rows.push(vec![
            tensor.tensor.clone(),
            tensor.kind.clone(),
            tensor.snr_db.map_or_else(|| "same".into(), |db| format!("{db:.1}{mark}")),
            format!("{:.4}", tensor.cosine),
            format!("{:.4}", tensor.greatest),
        ]);
    }
    let mut text = output::table(&rows, &[false, false, true, true, true]);
    if let Some(worst) = comparison.worst_step.and_then(|place| comparison.tensors.get(place)) {
        let _ = write!(
            text,
            "\n\nThe two come apart most at {} ({}): {} dB of signal to noise there.",
            worst.tensor,
            worst.kind,
            worst.snr_db.map_or_else(String::new, |db| format!("{db:.1}"))
        );
    }
    if comparison.is_doubtful() {
        let _ = write!(
            text,
            "\nOnly {} of {} layers have a counterpart of the same name and shape: these are hardly two forms of one model.",
            comparison.tensors.len(),
            comparison.layers
        );
    }
    text
}

fn with_files(mut text: String, saved: &[String]) -> String {
    for file in saved {
        let _ = write!(text, "\nWrote {file}");
    }
    text
}
