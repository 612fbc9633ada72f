//! Draws the frames of a recording.

use std::convert::Infallible;
use std::sync::Arc;

use super::options::Look;
use super::pairing::Drawn;
use crate::engine::Prediction;
use crate::frame::{Frame, FramePool, PixelFormat};
use crate::privacy::{Curtain, Found};
use crate::scene::{Scene, Style, image_painter};

/// Frames that are held at once: by the queues of an encoder and the ring, and one that is being drawn.
const POOL: usize = 18;

/// The two images of a frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    pub annotated: Option<Arc<Frame>>,
    pub clean: Option<Arc<Frame>>,
}

/// Keeps its buffers from frame to frame.
pub(super) struct Painter {
    scene: Scene,
    style: Style,
    curtain: Curtain,
    annotated: FramePool,
}

impl Default for Painter {
    fn default() -> Self {
        Self {
            scene: Scene::new(),
            style: Style::default(),
            curtain: Curtain::new(POOL),
            annotated: FramePool::new(POOL),
        }
    }
}

impl Painter {
    /// Makes the images that are wanted. With privacy on, those who are to be hidden are hidden in both.
    pub fn paint(&mut self, drawn: &Drawn, look: &Look, annotated: bool, clean: bool) -> Images {
        let prediction = drawn.results.as_ref().map(|(prediction, _)| &**prediction);
        let found = prediction.map(Found::from);
        let (base, covered) = self.curtain.cover(&look.privacy, &drawn.frame, found.as_slice());
        self.style.clone_from(&look.style);
        // They would show again what is hidden.
        self.style.planes &= covered.is_none();
        let annotated = annotated.then(|| self.annotated(&base, prediction));
        Images { annotated, clean: clean.then_some(base) }
    }

    fn annotated(&mut self, base: &Arc<Frame>, prediction: Option<&Prediction>) -> Arc<Frame> {
        match prediction {
            Some(prediction) => {
                let labels = &prediction.model.spec.labels;
                self.scene.compose_with(
                    &prediction.results,
                    prediction.report.as_deref(),
                    labels,
                    &self.style,
                );
            }
            None if !self.style.mirror => return Arc::clone(base),
            None => self.scene.clear((base.width, base.height), true),
        }
        let scene = &self.scene;
        let filled = self.annotated.fill(|out| {
            (out.width, out.height, out.format) = (base.width, base.height, PixelFormat::Rgba8);
            out.copy_stamp_from(base);
            image_painter::render(base, scene, &mut out.data);
            Ok::<(), Infallible>(())
        });
        match filled {
            Ok((frame, ())) => frame,
            Err(never) => match never {},
        }
    }
}
