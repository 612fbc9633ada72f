//! What results cost where they are shown: the scene, and its painting over an image.

use std::time::Instant;

use crate::cli::figures::Series;
use crate::frame::Frame;
use crate::model::labels::Labels;
use crate::model::{Model, Results};
use crate::scene::{Scene, Style, image_painter};

/// Draws every frame's results and keeps what that took.
pub(super) struct Shown {
    pub scene_ms: Series,
    pub painting_ms: Series,
    labels: Labels,
    style: Style,
    scene: Scene,
    image: Vec<u8>,
}

impl Shown {
    pub fn of(model: &Model) -> Self {
        Self {
            scene_ms: Series::default(),
            painting_ms: Series::default(),
            labels: model.spec().labels.clone(),
            style: Style::default(),
            scene: Scene::new(),
            image: Vec::new(),
        }
    }

    pub fn draw(&mut self, frame: &Frame, results: &Results) {
        let ms = |begin: Instant| begin.elapsed().as_secs_f32() * 1e3;
        let begin = Instant::now();
        self.scene.compose(results, &self.labels, &self.style);
        self.scene_ms.push(ms(begin));
        let begin = Instant::now();
        image_painter::render(frame, &self.scene, &mut self.image);
        self.painting_ms.push(ms(begin));
    }
}
