//! Finding the input that takes the image.

use super::super::file::GraphInfo;
use super::super::sidecar::Sidecar;
use super::super::spec::{ColourOrder, Element, Fit, InputSpec, Layout, Range, Size};

/// The input that takes the image.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub name: String,
    pub layout: Layout,
    pub element: Element,
    /// `None` where dynamic.
    pub width: Option<u32>,
    pub height: Option<u32>,
}

impl Image {
    pub fn find(facts: &GraphInfo, said: &Sidecar) -> Option<Self> {
        facts.inputs.iter().find_map(|port| {
            let element = match port.element.as_str() {
                "float" => Element::F32,
                "float16" => Element::F16,
                "uint8" => Element::U8,
                "int32" => Element::I32,
                _ => return None,
            };
            if port.shape.len() != 4 {
                return None;
            }
            let layout = match (port.axis(1), port.axis(3)) {
                (Some(3), _) => Layout::Nchw,
                (_, Some(3)) => Layout::Nhwc,
                // Every axis dynamic: the usual layout, unless the user knows better.
                (None, _) => Layout::Nchw,
                _ => return None,
            };
            let layout = said.layout.unwrap_or(layout);
            let (h, w) = match layout {
                Layout::Nchw => (2, 3),
                Layout::Nhwc => (1, 2),
            };
            let size = |axis| port.axis(axis).and_then(|n| u32::try_from(n).ok());
            Some(Self { name: port.name.clone(), layout, element, width: size(w), height: size(h) })
        })
    }

    /// Anchor points at strides 8, 16 and 32, where the size is fixed.
    pub fn anchors(&self) -> Option<u64> {
        Some(super::anchors(self.width?, self.height?))
    }

    /// The size as the file fixes it, else dynamic up to `bound`.
    pub fn size(&self, bound: (u32, u32), stride: u32) -> Size {
        match (self.width, self.height) {
            (Some(width), Some(height)) => Size::Fixed { width, height },
            (width, height) => {
                Size::Dynamic { width: width.unwrap_or(bound.0), height: height.unwrap_or(bound.1), stride }
            }
        }
    }

    pub fn input(&self, size: Size, fit: Fit, order: ColourOrder, range: Range) -> InputSpec {
        InputSpec {
            name: self.name.clone(),
            layout: self.layout,
            element: self.element,
            size,
            fit,
            order,
            range,
            extras: Vec::new(),
        }
    }
}
