//! What is on screen: the frame, in one texture that is written again in place, and the scenes over it.

use std::sync::Arc;

use egui::{self, Color32, ColorImage, Rect, TextureHandle, TextureOptions, Ui, Vec2, pos2};

use super::composer::{Composer, Predictions};
use crate::frame::{Frame, PixelFormat};
use crate::privacy::{BLOCKS, Covered, Privacy};
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
    /// It shows no more of it than a few blocks.
    is_hidden: bool,
    composer: Composer,
    painter: ScreenPainter,
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

    /// Whether a frame was captured after the one that is shown, or is that one.
    #[must_use]
    pub fn is_newer(&self, frame: &Frame) -> bool {
        let shown = self.frame.as_ref().filter(|shown| shown.generation == frame.generation);
        shown.is_none_or(|shown| frame.captured >= shown.captured)
    }

    /// Removes the frame and the scenes: the source has been closed or changed.
    pub fn clear(&mut self) {
        self.frame = None;
        self.composer.clear();
    }

    /// Asks for the scenes of these predictions, by pane; see [`Composer::request`].
    pub fn request_scenes(
        &mut self,
        ctx: &egui::Context,
        predictions: Predictions,
        style: &Style,
        privacy: &Privacy,
    ) {
        self.composer.request(ctx, predictions, style, privacy);
    }

    /// Takes over the newest scenes. Call it once a pass, before the frame is set and painted.
    pub fn take_scenes(&mut self) {
        self.composer.take();
    }

    /// Returns the frame that the newest scenes belong to, to show each result on its own frame.
    #[must_use]
    pub fn composed_frame(&self) -> Option<Arc<Frame>> {
        self.composer.frame().cloned()
    }

    /// Returns how much of the frame is hidden, with privacy on.
    #[must_use]
    pub fn covered(&self) -> Option<Covered> {
        if self.is_hidden { Some(Covered::Everything) } else { self.composer.covered() }
    }

    /// Returns the scene to paint over the frame on this pane: the newest one, if it belongs to a frame of the same source
    /// and size.
    #[must_use]
    pub fn scene(&self, pane: usize) -> Option<&Scene> {
        let (frame, composed) = (self.frame.as_ref()?, self.composer.frame()?);
        let scene = self.composer.scene(pane).filter(|_| !self.is_hidden)?;
        let same = composed.generation == frame.generation && scene.size() == (frame.width, frame.height);
        same.then_some(scene)
    }

    /// Returns whether the frame is shown left-right reversed. When the user has just turned that on or off, the frame turns
    /// together with its scene.
    #[must_use]
    pub fn is_mirrored(&self, wanted: bool) -> bool {
        self.composer.mirrored().unwrap_or(wanted)
    }

    /// Writes `frame` into the texture, unless it is there already. Returns whether it was written.
    pub fn set_frame(&mut self, ctx: &egui::Context, frame: &Arc<Frame>) -> bool {
        if self.frame.as_ref().is_some_and(|f| Arc::ptr_eq(f, frame) && !self.is_hidden) {
            return false;
        }
        if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
            return false;
        }
        let limit = ctx.input(|i| i.max_texture_side).max(256);
        self.write_texture(ctx, frame, |image| write(image, frame, limit));
        self.is_hidden = false;
        true
    }

    /// Shows no more of `frame` than the colours of a few blocks: nobody knows yet what is in it.
    pub fn set_hidden_frame(&mut self, ctx: &egui::Context, frame: &Arc<Frame>) -> bool {
        let is_shown = self.is_hidden && self.frame.as_ref().is_some_and(|f| Arc::ptr_eq(f, frame));
        if is_shown || frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
            return false;
        }
        self.write_texture(ctx, frame, |image| write_blocks(image, frame));
        self.is_hidden = true;
        true
    }

    fn write_texture(
        &mut self,
        ctx: &egui::Context,
        frame: &Arc<Frame>,
        write: impl FnOnce(&mut ColorImage),
    ) {
        let image = &mut self.buffers[self.turn];
        self.turn = 1 - self.turn;
        // If egui still holds the buffer, this makes another one.
        write(Arc::make_mut(image));
        let image = Arc::clone(image);
        let options = TextureOptions::LINEAR;
        match &mut self.texture {
            Some(texture) if texture.size() == image.size => texture.set_partial([0, 0], image, options),
            Some(texture) => texture.set(image, options),
            None => self.texture = Some(ctx.load_texture("image", image, options)),
        }
        self.frame = Some(Arc::clone(frame));
    }

    /// Paints the frame as large as it fits into `area`, and the scene of the first pane over it. Returns where it is.
    pub fn paint(&mut self, ui: &Ui, area: Rect, mirror: bool) -> Option<Rect> {
        let at = fit(self.size()?, area);
        self.paint_frame(ui.painter(), at, mirror);
        let mut painter = std::mem::take(&mut self.painter);
        if let Some(scene) = self.scene(0) {
            painter.paint(ui.painter(), at, scene);
        }
        self.painter = painter;
        Some(at)
    }

    /// Width and height of the frame in pixels, if there is one.
    #[must_use]
    pub fn size(&self) -> Option<(u32, u32)> {
        self.texture.as_ref().and(self.frame.as_ref()).map(|frame| (frame.width, frame.height))
    }

    /// Paints the frame without a scene so that it fills `at`; `mirror`: as in [`Self::is_mirrored`].
    pub fn paint_frame(&self, painter: &egui::Painter, at: Rect, mirror: bool) {
        let (Some(_), Some(texture)) = (&self.frame, &self.texture) else { return };
        let (left, right) = if self.is_mirrored(mirror) { (1.0, 0.0) } else { (0.0, 1.0) };
        let uv = Rect { min: pos2(left, 0.0), max: pos2(right, 1.0) };
        painter.image(texture.id(), at, uv, Color32::WHITE);
    }
}

/// Returns the largest rectangle with the frame's aspect ratio in the middle of `area`.
#[must_use]
pub fn fit(size: (u32, u32), area: Rect) -> Rect {
    let image = Vec2::new(size.0.max(1) as f32, size.1.max(1) as f32);
    let scale = (area.width() / image.x).min(area.height() / image.y);
    Rect::from_center_size(area.center(), image * scale)
}

/// Copies the pixels; only every n-th if the frame is larger than a texture may be.
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

/// Writes the means of a few blocks. A part of each block's pixels is enough for that and takes no time.
fn write_blocks(image: &mut ColorImage, frame: &Frame) {
    const SAMPLES: usize = 8;
    let (w, h) = (frame.width as usize, frame.height as usize);
    let block = w.min(h).div_ceil(BLOCKS as usize).max(1);
    image.size = [w.div_ceil(block), h.div_ceil(block)];
    image.source_size = Vec2::new(w as f32, h as f32);
    image.pixels.clear();
    for row in 0..image.size[1] {
        for column in 0..image.size[0] {
            let (mut sum, mut count) = ([0u32; 3], 0);
            for n in 0..SAMPLES * SAMPLES {
                let x = column * block + (2 * (n % SAMPLES) + 1) * block / (2 * SAMPLES);
                let y = row * block + (2 * (n / SAMPLES) + 1) * block / (2 * SAMPLES);
                if x < w && y < h {
                    let pixel = &frame.data[(y * w + x) * 4..][..3];
                    sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u32::from(*value));
                    count += 1;
                }
            }
            let [r, g, b] = sum.map(|sum| (sum / count.max(1)) as u8);
            image.pixels.push(Color32::from_rgb(r, g, b));
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
    fn of_a_hidden_frame_no_more_than_a_few_blocks_reach_the_screen() {
        let mut frame = Frame::filled(1280, 720, [0, 0, 0, 255]);
        for (n, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
            pixel[0] = if n % 1280 < 640 { 200 } else { (n % 2 * 100) as u8 };
        }
        let frame = Arc::new(frame);
        let ctx = egui::Context::default();
        let mut stage = Stage::default();
        assert!(stage.set_frame(&ctx, &frame) && stage.covered().is_none());
        assert!(stage.set_hidden_frame(&ctx, &frame), "the same frame, hidden now");
        assert!(!stage.set_hidden_frame(&ctx, &frame));
        assert_eq!((stage.covered(), stage.size()), (Some(Covered::Everything), Some((1280, 720))));
        let shown = &stage.buffers[1 - stage.turn];
        assert_eq!(shown.size, [11, 6]);
        assert_eq!(shown.pixels[0], Color32::from_rgb(200, 0, 0));
        assert!(stage.set_frame(&ctx, &frame), "and shown again");
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
