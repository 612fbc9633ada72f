//! Parts that several tabs have: figures as people write them, rows of choices, pictures.

use egui::{self, Align2, Color32, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

use crate::app::icons::draw_spinner;
use crate::app::strings::{Inside, shown};
use crate::app::style::{RADIUS, palette};
use crate::app::widgets::{centred_page, paragraph};
use crate::learn::inside::{Layer, ReceptiveField};

/// A large number in three digits: `512`, `7.23 k`, `910 k`, `3.5 M`.
pub fn count_text(count: u64) -> String {
    const UNITS: [&str; 5] = ["", " k", " M", " G", " T"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if unit == 0 || value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.digits$}{}", UNITS[unit])
}

/// Milliseconds: `12.3 ms`, `0.04 ms`.
pub fn ms_text(ms: f32) -> String {
    if ms >= 99.95 {
        format!("{ms:.0} ms")
    } else if ms >= 0.995 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.2} ms")
    }
}

/// A text of the model's file as the window shows it: on one line, and not longer than anybody reads.
pub fn short(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", shown(&text[..end])),
        None => shown(text),
    }
}

/// Names of tensors, the first eight of them.
pub fn short_list(w: &Inside, names: &[String]) -> String {
    const MOST: usize = 8;
    let mut text = names.iter().take(MOST).map(|name| short(name)).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push(' ');
        text.push_str(&(w.and_more)(names.len() - MOST));
    }
    text
}

/// A value of a tensor.
pub fn value_text(value: f32) -> String {
    let size = value.abs();
    if value == 0.0 || (0.01..100_000.0).contains(&size) {
        let digits = if size >= 1000.0 {
            0
        } else if size >= 10.0 {
            1
        } else {
            3
        };
        format!("{value:.digits$}")
    } else if value.is_finite() {
        format!("{value:.1e}")
    } else {
        "NaN".into()
    }
}

/// Choices side by side, of which one is chosen; returns the one that was clicked.
pub fn segments<T: Copy + PartialEq>(
    ui: &mut Ui,
    chosen: T,
    all: impl IntoIterator<Item = (T, &'static str)>,
) -> Option<T> {
    let mut clicked = None;
    let p = palette(ui);
    egui::Frame::new().fill(p.button[0]).corner_radius(RADIUS).inner_margin(2).show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.horizontal(|ui| {
            for (value, name) in all {
                if ui.selectable_label(value == chosen, name).clicked() && value != chosen {
                    clicked = Some(value);
                }
            }
        });
    });
    clicked
}

/// The largest rectangle of this shape in `area`, at its left above.
pub fn fit_left(size: (usize, usize), area: Rect) -> Rect {
    let size = vec2(size.0.max(1) as f32, size.1.max(1) as f32);
    let scale = (area.width() / size.x).min(area.height() / size.y);
    Rect::from_min_size(area.min, size * scale)
}

/// A picture with a thin frame. `name`: what it is called for screen readers.
pub fn picture(ui: &mut Ui, texture: Option<egui::TextureId>, at: Rect, name: &str) -> egui::Response {
    let response = ui.allocate_rect(at, Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
    let p = palette(ui);
    ui.painter().rect_filled(at, 0, p.stage);
    if let Some(texture) = texture {
        ui.painter().image(texture, at, WHOLE, Color32::WHITE);
    }
    ui.painter().rect_stroke(at, 0, Stroke::new(1.0, p.line), egui::StrokeKind::Outside);
    response
}

/// A whole texture.
pub const WHOLE: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(1.0, 1.0) };

/// A frame's rectangle on screen, through which its pixels are found.
#[derive(Clone, Copy, Debug)]
pub struct OnScreen {
    pub at: Rect,
    pub size: (u32, u32),
    pub mirrored: bool,
}

impl OnScreen {
    /// A place of the frame, in its pixels, on screen.
    pub fn to_screen(self, [x, y]: [f32; 2]) -> egui::Pos2 {
        let share = x / self.size.0.max(1) as f32;
        let share = if self.mirrored { 1.0 - share } else { share };
        pos2(
            self.at.left() + share * self.at.width(),
            self.at.top() + y / self.size.1.max(1) as f32 * self.at.height(),
        )
    }

    /// A place on screen in pixels of the frame; `None` outside of it.
    pub fn to_frame(self, at: egui::Pos2) -> Option<[f32; 2]> {
        if !self.at.contains(at) {
            return None;
        }
        let share = (at - self.at.min) / self.at.size();
        let x = if self.mirrored { 1.0 - share.x } else { share.x };
        Some([x * self.size.0 as f32, share.y * self.size.1 as f32])
    }

    /// Paints a texture over a part of the frame (left, top, right, bottom in its pixels), cut at its edges.
    pub fn lay_over(self, painter: &egui::Painter, texture: egui::TextureId, part: [f32; 4], opacity: f32) {
        let [a, b] = [self.to_screen([part[0], part[1]]), self.to_screen([part[2], part[3]])];
        let at = Rect::from_two_pos(a, b);
        let uv = if self.mirrored { Rect { min: pos2(1.0, 0.0), max: pos2(0.0, 1.0) } } else { WHOLE };
        let tint = Color32::WHITE.gamma_multiply(opacity);
        painter.with_clip_rect(painter.clip_rect().intersect(self.at)).image(texture, at, uv, tint);
    }
}

/// The colour of a type of layer, on any ground.
pub(super) fn kind_colour(kind: &str) -> Color32 {
    let hex: u32 = match kind {
        "Conv" | "FusedConv" | "QLinearConv" | "ConvInteger" | "ConvTranspose" => 0x5b_8cff,
        "MatMul"
        | "Gemm"
        | "FusedMatMul"
        | "MatMulInteger"
        | "QLinearMatMul"
        | "QGemm"
        | "Einsum"
        | "Attention"
        | "MultiHeadAttention"
        | "DynamicQuantizeMatMul" => 0x2f_b3a3,
        "Relu" | "LeakyRelu" | "PRelu" | "Sigmoid" | "HardSigmoid" | "HardSwish" | "Clip" | "Tanh"
        | "Erf" | "Gelu" | "Softmax" | "LogSoftmax" | "Elu" | "Selu" | "Softplus" | "Mish" | "QuickGelu"
        | "QLinearLeakyRelu" | "QLinearSigmoid" => 0x63_b34e,
        "BatchNormalization"
        | "LayerNormalization"
        | "InstanceNormalization"
        | "GroupNormalization"
        | "SkipLayerNormalization"
        | "LpNormalization" => 0xa0_82f0,
        "MaxPool"
        | "AveragePool"
        | "GlobalAveragePool"
        | "GlobalMaxPool"
        | "ReduceMean"
        | "ReduceMax"
        | "ReduceSum"
        | "QLinearAveragePool"
        | "QLinearGlobalAveragePool" => 0xec_9a3c,
        "Add" | "Mul" | "Sub" | "Div" | "Concat" | "Split" | "QLinearAdd" | "QLinearMul"
        | "QLinearConcat" | "Sum" => 0xe0_7098,
        "Resize" | "Upsample" | "DepthToSpace" | "SpaceToDepth" | "GridSample" | "Pad" => 0xd9_bd3a,
        "QuantizeLinear" | "DequantizeLinear" | "DynamicQuantizeLinear" | "Cast" => 0xa8_8a6a,
        _ => 0x83_8b99,
    };
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Whether a layer is searched for.
pub(super) fn fits(layer: &Layer, words: &str, kind: Option<&str>) -> bool {
    let has = |text: &str| text.to_lowercase().contains(words);
    kind.is_none_or(|kind| layer.kind == kind)
        && (words.is_empty()
            || has(&layer.name)
            || has(&layer.kind)
            || layer.outputs.iter().any(|name| has(name)))
}

/// The receptive field as people write it.
pub(super) fn field_text(w: &Inside, field: ReceptiveField) -> String {
    match field {
        ReceptiveField::Pixels { width, height } if width == height => format!("{width}²"),
        ReceptiveField::Pixels { width, height } => format!("{width}×{height}"),
        ReceptiveField::Whole => w.field_whole.into(),
        ReceptiveField::Unknown => String::new(),
    }
}

/// A small sign of work.
pub(super) fn spinner(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
    let time = ui.input(|i| i.time);
    draw_spinner(ui.painter(), rect.center(), 6.0, palette(ui).accent, time);
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
}

/// Work that takes a while.
pub(super) fn waiting(ui: &mut Ui, text: &str) {
    centred_page(ui, 420.0, |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(36.0, 36.0), Sense::hover());
        let time = ui.input(|i| i.time);
        draw_spinner(ui.painter(), rect.center(), 14.0, palette(ui).accent, time);
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(40));
        ui.add_space(8.0);
        paragraph(ui, text, palette(ui).weak);
    });
}

/// A name, a bar and a figure.
pub(super) fn bar_row(ui: &Ui, rect: Rect, name: &str, share: f32, figure: &str, strong: bool) {
    let p = palette(ui);
    let (colour, fill) = if strong { (p.strong, p.accent) } else { (p.weak, p.weak.gamma_multiply(0.6)) };
    let width = 150.0_f32.min(rect.width() * 0.35);
    let galley = egui::WidgetText::from(name).into_galley(
        ui,
        Some(egui::TextWrapMode::Truncate),
        width,
        egui::TextStyle::Body,
    );
    ui.painter().galley(pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley, colour);
    let room = Rect::from_min_max(
        pos2(rect.left() + width + 10.0, rect.center().y - 5.0),
        pos2(rect.right() - 140.0, rect.center().y + 5.0),
    );
    ui.painter().rect_filled(room, 3, p.button[0]);
    let bar = Rect::from_min_size(room.min, vec2(room.width() * share.clamp(0.0, 1.0), room.height()));
    ui.painter().rect_filled(bar, 3, fill);
    let at = pos2(room.right() + 10.0, rect.center().y);
    ui.painter().text(at, Align2::LEFT_CENTER, figure, FontId::proportional(12.5), p.text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_file_are_cut_and_long_lists_counted() {
        let w = &crate::app::strings::Strings::of(crate::model::labels::Language::English).inside;
        assert_eq!(short(&"é".repeat(5000)).chars().count(), 201);
        let names: Vec<String> = (0..10).map(|n| format!("t{n}")).collect();
        assert_eq!(short_list(w, &names), "t0, t1, t2, t3, t4, t5, t6, t7 and 2 more");
        assert_eq!(short_list(w, &names[..2]), "t0, t1");
    }

    #[test]
    fn figures_have_three_digits() {
        let texts = [0, 512, 999, 1000, 7_234, 12_345, 910_123, 999_999, 3_506_172, 1_200_000_000];
        let texts = texts.map(count_text);
        assert_eq!(
            texts,
            ["0", "512", "999", "1.00 k", "7.23 k", "12.3 k", "910 k", "1.00 M", "3.51 M", "1.20 G"]
        );
        assert_eq!([0.041, 0.9999, 12.34, 123.4].map(ms_text), ["0.04 ms", "1.0 ms", "12.3 ms", "123 ms"]);
        assert_eq!(
            [0.0, -1.5, 12345.6, 1e-6, 3e9].map(value_text),
            ["0.000", "-1.500", "12346", "1.0e-6", "3.0e9"]
        );
    }

    #[test]
    fn a_mirrored_frame_is_pointed_at_where_it_is_seen() {
        let at = Rect::from_min_size(pos2(10.0, 10.0), vec2(200.0, 100.0));
        let plain = OnScreen { at, size: (400, 200), mirrored: false };
        assert_eq!(plain.to_frame(pos2(60.0, 60.0)), Some([100.0, 100.0]));
        let turned = OnScreen { mirrored: true, ..plain };
        assert_eq!(turned.to_frame(pos2(60.0, 60.0)), Some([300.0, 100.0]));
        assert_eq!(turned.to_screen([300.0, 100.0]), pos2(60.0, 60.0));
        assert_eq!(plain.to_frame(pos2(0.0, 0.0)), None);
    }
}
