//! Finding the input that takes the image.

use crate::model::families::shared::detector::anchor_points;
use crate::model::file::GraphInfo;
use crate::model::sidecar::Sidecar;
use crate::model::spec::{ColourOrder, Element, Fit, InputSpec, Layout, Range, Resample, Size};

/// The input that takes the image.
#[derive(Clone, Debug)]
pub struct ImageInput {
    pub name: String,
    pub layout: Layout,
    pub element: Element,
    /// `None` if dynamic.
    pub width: Option<u32>,
    pub height: Option<u32>,
}

impl ImageInput {
    /// The first input with four axes, or three without the batch, with three colours and an element type that images have.
    #[must_use]
    pub fn find(graph: &GraphInfo, overrides: &Sidecar) -> Option<Self> {
        graph.inputs.iter().find_map(|input| {
            let element = match input.element.as_str() {
                "float" => Element::F32,
                "float16" => Element::F16,
                "uint8" => Element::U8,
                "int32" => Element::I32,
                _ => return None,
            };
            // A file for one image alone may leave the first axis out. Three sides of which one is 3 may be many things; an
            // image has two more that are known and not tiny.
            let first = match input.shape.len() {
                4 => 1,
                3 if (0..3).all(|axis| input.axis(axis).is_some_and(|n| n == 3 || n >= 16)) => 0,
                _ => return None,
            };
            let layout = match (input.axis(first), input.axis(first + 2)) {
                (Some(3), _) => Layout::Nchw,
                (_, Some(3)) => Layout::Nhwc,
                // Every axis dynamic: the usual layout, unless the user knows better.
                (None, _) => Layout::Nchw,
                _ => return None,
            };
            let layout = overrides.layout.unwrap_or(layout);
            let (h, w) = match layout {
                Layout::Nchw => (first + 1, first + 2),
                Layout::Nhwc => (first, first + 1),
            };
            let size = |axis| input.axis(axis).and_then(|n| u32::try_from(n).ok());
            Some(Self { name: input.name.clone(), layout, element, width: size(w), height: size(h) })
        })
    }

    /// Anchor points at strides 8, 16 and 32, if the size is fixed.
    #[must_use]
    pub fn anchors(&self) -> Option<u64> {
        Some(anchor_points(self.width?, self.height?))
    }

    /// The size as the file fixes it, else dynamic up to `bound`.
    #[must_use]
    pub fn size(&self, bound: (u32, u32), stride: u32) -> Size {
        match (self.width, self.height) {
            (Some(width), Some(height)) => Size::Fixed { width, height },
            (width, height) => {
                Size::Dynamic { width: width.unwrap_or(bound.0), height: height.unwrap_or(bound.1), stride }
            }
        }
    }

    /// The spec of the input.
    #[must_use]
    pub fn input(&self, size: Size, fit: Fit, order: ColourOrder, range: Range) -> InputSpec {
        InputSpec {
            name: self.name.clone(),
            layout: self.layout,
            element: self.element,
            size,
            fit,
            resample: Resample::OpenCv,
            order,
            range,
            extras: Vec::new(),
        }
    }
}
