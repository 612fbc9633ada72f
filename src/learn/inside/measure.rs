//! How long each layer takes, and how large its tensors are, from the profiles that ONNX Runtime writes.
//!
//! Two runs with the runtime's profiler: one of the graph as it was written tells the sizes of all tensors, one as the
//! runtime makes it for speed tells the times.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use super::graph::Graph;
use super::layers::{self, Layers, NodeSizes, TensorSize};
use crate::frame::Frame;
use crate::model::file::onnx::numbers_in;
use crate::model::profile::{self, Event};
use crate::model::{Inside, Model, ModelError, OpenOptions, Results, Thresholds};

/// Runs that are averaged.
const RUNS: usize = 5;

/// Lists the layers of a model with their sizes and times for one frame. Takes as long as opening the model three times and running it
/// some ten times: not for a window's thread.
///
/// # Errors
/// As [`Model::open`] and [`Model::run`]; [`ModelError::RunFailed`] if the runtime writes no profile.
pub fn measure(path: &Path, options: &OpenOptions, frame: &Frame) -> Result<Layers, ModelError> {
    let graph = Graph::read(path)?;
    let (written, input_size) = profiled(path, options, frame, true, 1)?;
    let sizes = sizes(&written);
    drop(written);
    let mut layers = layers::of(&graph, &sizes);
    layers.input_size = input_size;
    let (events, _) = profiled(path, options, frame, false, RUNS)?;
    times(&events, &graph, &mut layers);
    let plain = OpenOptions { inside: Some(Inside::default()), cache: None, ..options.clone() };
    let mut model = Model::open(path, &plain)?;
    let mut sum = 0.0;
    for run in 0..=RUNS {
        model.run(frame, &Thresholds::default(), &mut Results::default())?;
        let (ms, _) = model.bare_run()?;
        if run > 0 {
            sum += ms;
        }
    }
    layers.run_without_profiler_ms = sum / RUNS as f32;
    Ok(layers)
}

/// The events of the last `runs` runs, the first of which isn't counted, and the size of the input.
fn profiled(
    path: &Path,
    options: &OpenOptions,
    frame: &Frame,
    as_written: bool,
    runs: usize,
) -> Result<(Vec<Event>, (u32, u32)), ModelError> {
    let failed = |reason: String| ModelError::RunFailed { reason };
    let folder = tempfile::tempdir().map_err(|e| failed(format!("no room for its profile: {e}")))?;
    let inside = Inside { as_written, numbered: true, tensors: Vec::new() };
    let options = OpenOptions {
        profile: Some(folder.path().join("run")),
        cache: None,
        inside: Some(inside),
        ..options.clone()
    };
    let mut model = Model::open(path, &options)?;
    let mut size = (0, 0);
    let begin = Instant::now();
    for _ in 0..=runs {
        let mut results = Results::default();
        let thresholds = Thresholds::default();
        model.run_inside(frame, &thresholds, &mut results, |_, geometry| size = geometry.input)?;
    }
    tracing::debug!("{} runs with the profiler took {:.0?}", runs + 1, begin.elapsed());
    let mut events = profile::end(&mut model)?;
    // What opening and the first runs did comes before: a run that a family makes to settle what its file doesn't tell counts too.
    let begins: Vec<f64> = events.iter().filter(|event| event.is_run()).map(|event| event.ts).collect();
    let first = begins.len().saturating_sub(runs);
    if let Some(begin) = begins.get(first) {
        events.retain(|event| event.ts >= *begin);
    }
    Ok((events, size))
}

/// The sizes of what the nodes read and made, by their places.
fn sizes(events: &[Event]) -> HashMap<usize, NodeSizes> {
    let all = |shapes: &[HashMap<String, Vec<i64>>]| {
        let of = |shape: &HashMap<String, Vec<i64>>| {
            let first = shape.iter().next();
            first.map_or_else(TensorSize::default, |(element, shape)| TensorSize {
                element: element.clone(),
                shape: shape.clone(),
            })
        };
        shapes.iter().map(of).collect()
    };
    let mut sizes = HashMap::new();
    for event in events {
        let Some(place) = event.kernel().and_then(|name| numbers_in(name).next()) else { continue };
        let of_node = NodeSizes {
            inputs: all(&event.args.input_type_shape),
            outputs: all(&event.args.output_type_shape),
        };
        sizes.insert(place, of_node);
    }
    sizes
}

/// Adds the times to the layers.
fn times(events: &[Event], graph: &Graph, layers: &mut Layers) {
    let runs = events.iter().filter(|event| event.is_run()).count().max(1) as f64;
    let whole: f64 = events.iter().filter(|event| event.is_run()).map(|event| event.dur).sum();
    // A loop's time holds that of what is inside of it.
    let around: Vec<(f64, f64)> = events
        .iter()
        .filter(|event| event.kernel().is_some())
        .filter(|event| matches!(event.args.op_name.as_deref(), Some("If" | "Loop" | "Scan")))
        .map(|event| (event.ts, event.ts + event.dur))
        .collect();
    let places: HashMap<usize, usize> =
        layers.layers.iter().enumerate().map(|(place, layer)| (layer.node, place)).collect();
    let (mut own, mut added) = (0.0, 0.0);
    for event in events {
        let Some(name) = event.kernel() else { continue };
        let is_within = around.iter().any(|(begin, end)| event.ts > *begin && event.ts + event.dur <= *end);
        if is_within {
            continue;
        }
        let us = event.dur / runs;
        // Convolutions whose layout the runtime changes are named by their output.
        let node = numbers_in(name)
            .next()
            .or_else(|| graph.producer(name.strip_suffix("_nchwc").or(name.strip_suffix("_nhwc"))?));
        let layer = node.and_then(|node| layers.layers.get_mut(*places.get(&node)?));
        let Some(layer) = layer else {
            added += us;
            continue;
        };
        own += us;
        layer.ms = Some(layer.ms.unwrap_or_default() + (us / 1000.0) as f32);
        layer.provider = event.provider().map(str::to_owned);
    }
    layers.run_ms = (whole / runs / 1000.0) as f32;
    layers.added_ms = (added / 1000.0) as f32;
    layers.between_ms = ((whole / runs - own - added) / 1000.0).max(0.0) as f32;
}
