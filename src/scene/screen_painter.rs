//! Paints a scene with egui, over the frame in the window.

use std::sync::Arc;

use egui::{
    Color32, CornerRadius, FontFamily, FontId, Pos2, Stroke, StrokeKind, TextureHandle, TextureOptions,
};

use super::{Colour, Rect, Scene, Shape};

/// Paints scenes on screen and keeps the textures of their rasters. Each pane of the window has one.
///
/// The window must have been given [`super::fonts::egui_fonts`], so that text is as wide as it was measured.
#[derive(Default)]
pub struct ScreenPainter {
    textures: Vec<TextureHandle>,
    /// The revision of the scene whose rasters are loaded.
    revision: Option<u64>,
}

impl std::fmt::Debug for ScreenPainter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScreenPainter").field("textures", &self.textures.len()).finish_non_exhaustive()
    }
}

impl ScreenPainter {
    /// Paints the scene over a frame that fills `at`; nothing is painted outside of it. The caller paints the frame itself,
    /// left-right reversed if [`Scene::is_mirrored`].
    pub fn paint(&mut self, painter: &egui::Painter, at: egui::Rect, scene: &Scene) {
        let (w, h) = scene.size();
        if w == 0 || h == 0 || !at.is_positive() {
            return;
        }
        self.load(painter.ctx(), scene);
        let painter = painter.with_clip_rect(painter.clip_rect().intersect(at));
        let to = ToScreen { origin: at.min, x: at.width() / w as f32, y: at.height() / h as f32 };
        for shape in scene.shapes() {
            match *shape {
                Shape::Raster { index } => {
                    if let (Some(raster), Some(texture)) =
                        (scene.rasters().get(index), self.textures.get(index))
                    {
                        let (left, right) = if raster.mirrored { (1.0, 0.0) } else { (0.0, 1.0) };
                        let uv = egui::Rect { min: egui::pos2(left, 0.0), max: egui::pos2(right, 1.0) };
                        painter.image(texture.id(), to.rect(raster.region), uv, Color32::WHITE);
                    }
                }
                Shape::Frame { rect, width, halo, colour, halo_colour } => {
                    let rect = to.rect(rect);
                    let stroke = |width: f32, colour: Colour| {
                        let stroke = Stroke::new(to.length(width), colour32(colour));
                        painter.rect_stroke(rect, CornerRadius::ZERO, stroke, StrokeKind::Middle);
                    };
                    stroke(width + 2.0 * halo, halo_colour);
                    stroke(width, colour);
                }
                Shape::Line { from, to: end, width, halo, colour, halo_colour } => {
                    let ends = [to.point(from), to.point(end)];
                    for (width, colour) in [(width + 2.0 * halo, halo_colour), (width, colour)] {
                        let (width, colour) = (to.length(width), colour32(colour));
                        painter.line_segment(ends, Stroke::new(width, colour));
                        for end in ends {
                            painter.circle_filled(end, width / 2.0, colour);
                        }
                    }
                }
                Shape::Dot { centre, radius, halo, colour, halo_colour } => {
                    let centre = to.point(centre);
                    painter.circle_filled(centre, to.length(radius + halo), colour32(halo_colour));
                    painter.circle_filled(centre, to.length(radius), colour32(colour));
                }
                Shape::Fill { rect, radius, colour } => {
                    let radius = CornerRadius::from(to.length(radius));
                    painter.rect_filled(to.rect(rect), radius, colour32(colour));
                }
                Shape::Text { text, left, baseline, size, colour } => {
                    let font = FontId::new(to.length(size), FontFamily::Proportional);
                    let colour = colour32(colour);
                    let galley = painter.layout_no_wrap(scene.text(text).to_owned(), font, colour);
                    // `pos` of a glyph is its baseline within its row.
                    let ascent = galley
                        .rows
                        .first()
                        .and_then(|row| row.glyphs.first().map(|glyph| row.pos.y + glyph.pos.y))
                        .unwrap_or_default();
                    let mut place = to.point([left, baseline]);
                    place.y -= ascent;
                    painter.galley(place, galley, colour);
                }
            }
        }
    }

    /// Loads the scene's rasters into textures, if they have changed.
    fn load(&mut self, ctx: &egui::Context, scene: &Scene) {
        if self.revision == Some(scene.revision()) {
            return;
        }
        self.revision = Some(scene.revision());
        for (index, raster) in scene.rasters().iter().enumerate() {
            let options = if raster.smooth { TextureOptions::LINEAR } else { TextureOptions::NEAREST };
            let image = Arc::clone(raster.image());
            match self.textures.get_mut(index) {
                Some(texture) => texture.set(image, options),
                None => self.textures.push(ctx.load_texture("scene raster", image, options)),
            }
        }
    }
}

fn colour32(colour: Colour) -> Color32 {
    Color32::from_rgba_unmultiplied(colour[0], colour[1], colour[2], colour[3])
}

/// From frame pixels to points on screen.
#[derive(Clone, Copy)]
struct ToScreen {
    origin: Pos2,
    x: f32,
    y: f32,
}

impl ToScreen {
    fn point(self, p: [f32; 2]) -> Pos2 {
        self.origin + egui::vec2(p[0] * self.x, p[1] * self.y)
    }

    fn rect(self, r: Rect) -> egui::Rect {
        egui::Rect { min: self.point([r[0], r[1]]), max: self.point([r[2], r[3]]) }
    }

    fn length(self, length: f32) -> f32 {
        length * self.x.min(self.y)
    }
}
