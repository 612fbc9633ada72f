//! A look at the tensor that the network is given.

use std::sync::Arc;

use egui::{Color32, ColorImage};

use super::found::InputFound;
use crate::frame::Frame;
use crate::learn::inside::preparing::Prepared;
use crate::model::spec::ColourOrder;
use crate::model::{Model, ModelError, Results, Thresholds};

/// Runs the model on a frame and reads what it was given.
///
/// # Errors
/// As [`Model::run`].
pub fn look(model: &mut Model, frame: &Arc<Frame>) -> Result<InputFound, ModelError> {
    let mut geometry = None;
    let thresholds = Thresholds::default();
    model.run_inside(frame, &thresholds, &mut Results::default(), |_, fitted| geometry = Some(*fitted))?;
    let Some(geometry) = geometry else {
        return Err(ModelError::RunFailed { reason: "it was given no picture".into() });
    };
    let input = model.spec().input.clone();
    let name = input.name.clone();
    let (prepared, shape) = model
        .show_input(&geometry, |tensor, shape| (Prepared::of(&input, &geometry, tensor), shape.to_vec()))?;
    let size = [geometry.input.0 as usize, geometry.input.1 as usize];
    let fitted = bytemuck::cast_slice::<u8, Color32>(&prepared.fitted.data).to_vec();
    let bounds = prepared.bounds();
    let planes = std::array::from_fn(|channel| {
        let colour = match input.order {
            ColourOrder::Rgb => channel,
            ColourOrder::Bgr => 2 - channel,
        };
        let [low, high] = bounds[channel];
        let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
        let tint = |value: f32| {
            let level = ((value - low) * scale).clamp(0.0, 255.0);
            // A channel in its own colour, not too dark to be seen.
            let mut rgb = [(level * 0.25) as u8; 3];
            rgb[colour] = level as u8;
            Color32::from_rgb(rgb[0], rgb[1], rgb[2])
        };
        let pixels = prepared.planes[channel].iter().map(|value| tint(*value)).collect();
        Arc::new(ColorImage::new(size, pixels))
    });
    Ok(InputFound {
        generation: frame.generation,
        name,
        shape: shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×"),
        order: input.order,
        fitted: Arc::new(ColorImage::new(size, fitted)),
        planes,
        bounds,
        prepared,
    })
}
