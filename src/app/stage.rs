//! The image: one texture that is written again in place, and the scene over it.

use std::sync::Arc;

use egui::{self, Color32, ColorImage, Rect, TextureHandle, TextureOptions, Ui, Vec2, pos2};

use crate::engine::Prediction;
use crate::frame::{Frame, PixelFormat};
use crate::scene::screen_painter::ScreenPainter;
use crate::scene::{Scene, Style};

/// What is on screen.
#[derive(Default)]
pub struct Stage {
    texture: Option<TextureHandle>,
    /// The pixels on their way to the graphics card; two, so that one is free to be written.
    buffers: [Arc<ColorImage>; 2],
    turn: usize,
    /// The frame that the texture shows.
    frame: Option<Arc<Frame>>,
    overlay: Overlay,
}

/// What one model said, drawn over the image.
#[derive(Default)]
pub struct Overlay {
    scene: Scene,
    /// What the scene was made from.
    composed: Option<Composed>,
    painter: ScreenPainter,
}

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay").field("scene", &self.scene).finish_non_exhaustive()
    }
}

impl Overlay {
    /// Paints the scene of `prediction` over an image of `size` pixels that fills `at`.
    pub fn paint(
        &mut self,
        painter: &egui::Painter,
        at: Rect,
        prediction: Option<&Arc<Prediction>>,
        style: &Style,
        size: (u32, u32),
    ) {
        if !self.composed.as_ref().is_some_and(|c| c.is_of(prediction, style, size)) {
            match prediction.filter(|o| o.results.frame_size == size) {
                Some(prediction) => {
                    self.scene.compose(&prediction.results, &prediction.model.spec.labels, style)
                }
                None => self.scene.clear(size, style.mirror),
            }
            self.composed = Some(Composed { prediction: prediction.cloned(), style: style.clone(), size });
        }
        self.painter.paint(painter, at, &self.scene);
    }
}

/// What a scene was made from.
struct Composed {
    prediction: Option<Arc<Prediction>>,
    style: Style,
    size: (u32, u32),
}

impl Composed {
    fn is_of(&self, prediction: Option<&Arc<Prediction>>, style: &Style, size: (u32, u32)) -> bool {
        let same = match (&self.prediction, prediction) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        same && self.size == size && self.style == *style
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage")
            .field("frame", &self.frame.as_ref().map(|f| f.sequence))
            .finish_non_exhaustive()
    }
}

impl Stage {
    /// The frame that is shown.
    #[must_use]
    pub fn frame(&self) -> Option<&Arc<Frame>> {
        self.frame.as_ref()
    }

    /// Takes the image away.
    pub fn clear(&mut self) {
        self.frame = None;
        self.overlay.composed = None;
    }

    /// Writes `frame` into the texture, where it isn't there already; answers whether it is new.
    pub fn set_frame(&mut self, ctx: &egui::Context, frame: &Arc<Frame>) -> bool {
        if self.frame.as_ref().is_some_and(|f| Arc::ptr_eq(f, frame)) {
            return false;
        }
        if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
            return false;
        }
        let limit = ctx.input(|i| i.max_texture_side).max(256);
        let image = &mut self.buffers[self.turn];
        self.turn = 1 - self.turn;
        // Where egui hasn't let go of the buffer yet, another one is made.
        write(Arc::make_mut(image), frame, limit);
        let image = Arc::clone(image);
        let options = TextureOptions::LINEAR;
        match &mut self.texture {
            Some(texture) if texture.size() == image.size => texture.set_partial([0, 0], image, options),
            Some(texture) => texture.set(image, options),
            None => self.texture = Some(ctx.load_texture("image", image, options)),
        }
        self.frame = Some(Arc::clone(frame));
        true
    }

    /// Paints the image as large as it fits into `area`, and the scene of `prediction` over it.
    pub fn paint(
        &mut self,
        ui: &Ui,
        area: Rect,
        prediction: Option<&Arc<Prediction>>,
        style: &Style,
    ) -> Option<Rect> {
        let size = self.size()?;
        let at = fit(size, area);
        self.paint_image(ui.painter(), at, style.mirror);
        self.overlay.paint(ui.painter(), at, prediction, style, size);
        Some(at)
    }

    /// Width and height of the image in pixels, where there is one.
    #[must_use]
    pub fn size(&self) -> Option<(u32, u32)> {
        self.texture.as_ref().and(self.frame.as_ref()).map(|frame| (frame.width, frame.height))
    }

    /// Paints the image alone so that it fills `at`.
    pub fn paint_image(&self, painter: &egui::Painter, at: Rect, mirror: bool) {
        let (Some(_), Some(texture)) = (&self.frame, &self.texture) else { return };
        let (left, right) = if mirror { (1.0, 0.0) } else { (0.0, 1.0) };
        let uv = Rect { min: pos2(left, 0.0), max: pos2(right, 1.0) };
        painter.image(texture.id(), at, uv, Color32::WHITE);
    }
}

/// The largest rectangle of the image's shape in the middle of `area`.
#[must_use]
pub fn fit(size: (u32, u32), area: Rect) -> Rect {
    let image = Vec2::new(size.0.max(1) as f32, size.1.max(1) as f32);
    let scale = (area.width() / image.x).min(area.height() / image.y);
    Rect::from_center_size(area.center(), image * scale)
}

/// Copies the pixels, every n-th only where the image is larger than a texture may be.
fn write(image: &mut ColorImage, frame: &Frame, limit: usize) {
    let (w, h) = (frame.width as usize, frame.height as usize);
    let step = w.max(h).div_ceil(limit).max(1);
    image.size = [w.div_ceil(step), h.div_ceil(step)];
    image.source_size = Vec2::new(w as f32, h as f32);
    image.pixels.clear();
    // Alpha is always 255 (see `PixelFormat::Rgba8`), so the bytes are premultiplied as they are.
    if step == 1 {
        image.pixels.extend_from_slice(bytemuck::cast_slice(&frame.data));
    } else {
        for row in frame.data.chunks_exact(w * 4).step_by(step) {
            let pixels: &[Color32] = bytemuck::cast_slice(row);
            image.pixels.extend(pixels.iter().step_by(step));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_keeps_its_shape_and_the_middle() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(400.0, 400.0));
        let at = fit((200, 100), area);
        assert_eq!((at.min, at.max), (pos2(0.0, 100.0), pos2(400.0, 300.0)));
    }

    #[test]
    fn an_image_larger_than_a_texture_is_shown_smaller() {
        let mut frame = Frame::filled(5, 3, [1, 2, 3, 255]);
        frame.data[8..12].copy_from_slice(&[9, 9, 9, 255]);
        let mut image = ColorImage::default();
        write(&mut image, &frame, 3);
        assert_eq!((image.size, image.pixels.len()), ([3, 2], 6));
        assert_eq!(image.pixels[1], Color32::from_rgb(9, 9, 9));
        write(&mut image, &frame, 64);
        assert_eq!((image.size, image.pixels.len()), ([5, 3], 15));
    }
}
