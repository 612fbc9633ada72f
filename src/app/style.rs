//! The look: one accent colour, calm greys, generous spacing; light and dark from the same rules.

use egui::{
    self, Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Theme, Vec2, Visuals,
    style::{HandleShape, ScrollStyle, WidgetVisuals},
};

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Behind the image.
    pub stage: Color32,
    /// Behind the side panel and pages.
    pub panel: Color32,
    /// Cards, menus and fields that lie on the panel.
    pub raised: Color32,
    /// Buttons at rest, under the pointer and pressed.
    pub button: [Color32; 3],
    /// Thin lines.
    pub line: Color32,
    pub text: Color32,
    pub strong: Color32,
    pub weak: Color32,
    /// What is chosen, what is to be pressed.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// A light wash of the accent, for chosen rows.
    pub wash: Color32,
    pub good: Color32,
    pub warn: Color32,
    pub bad: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const DARK: Palette = Palette {
    stage: rgb(0x0c_0d10),
    panel: rgb(0x16_181d),
    raised: rgb(0x1f_2229),
    button: [rgb(0x26_2a33), rgb(0x30_3540), rgb(0x3a_404d)],
    line: rgb(0x2b_2f38),
    text: rgb(0xc9_ced8),
    strong: rgb(0xf3_f5f9),
    weak: rgb(0x93_9aa8),
    accent: rgb(0x5b_8cff),
    on_accent: rgb(0x08_1126),
    wash: rgb(0x22_2f4f),
    good: rgb(0x4c_c38a),
    warn: rgb(0xf0_b357),
    bad: rgb(0xff_7a70),
};

const LIGHT: Palette = Palette {
    stage: rgb(0xe4_e7ec),
    panel: rgb(0xf7_f8fa),
    raised: rgb(0xff_ffff),
    button: [rgb(0xe9_ecf1), rgb(0xdf_e3ea), rgb(0xd2_d8e2)],
    line: rgb(0xdd_e1e8),
    text: rgb(0x38_3e4a),
    strong: rgb(0x12_151b),
    weak: rgb(0x62_6a78),
    accent: rgb(0x2a_5fe0),
    on_accent: rgb(0xff_ffff),
    wash: rgb(0xdf_e8fd),
    good: rgb(0x15_7f4e),
    warn: rgb(0x9a_5b00),
    bad: rgb(0xc4_2b20),
};

/// The colours that this `Ui` is to use.
#[must_use]
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    palette_of(ui.visuals())
}

/// The colours that belong to these visuals.
#[must_use]
pub fn palette_of(visuals: &Visuals) -> &'static Palette {
    if visuals.dark_mode { &DARK } else { &LIGHT }
}

/// Rounding of buttons and fields.
pub const RADIUS: u8 = 8;
/// Rounding of cards, menus and sheets.
pub const CARD_RADIUS: u8 = 12;

/// Large text of pages.
#[must_use]
pub fn title() -> TextStyle {
    TextStyle::Name("Title".into())
}

/// Gives the context our styles for both themes.
pub fn install(ctx: &egui::Context) {
    for theme in [Theme::Dark, Theme::Light] {
        ctx.style_mut_of(theme, |style| fill(style, theme));
    }
}

fn fill(style: &mut egui::Style, theme: Theme) {
    use FontFamily::{Monospace, Proportional};
    style.text_styles = [
        (TextStyle::Small, FontId::new(11.5, Proportional)),
        (TextStyle::Body, FontId::new(13.5, Proportional)),
        (TextStyle::Button, FontId::new(13.5, Proportional)),
        (TextStyle::Heading, FontId::new(15.0, Proportional)),
        (TextStyle::Monospace, FontId::new(12.5, Monospace)),
        (title(), FontId::new(24.0, Proportional)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(8.0, 6.0);
    spacing.button_padding = Vec2::new(12.0, 6.0);
    spacing.interact_size = Vec2::new(36.0, 28.0);
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(16);
    spacing.slider_rail_height = 4.0;
    spacing.icon_width = 17.0;
    spacing.icon_width_inner = 10.0;
    spacing.icon_spacing = 8.0;
    spacing.combo_height = 320.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = ScrollStyle { floating_width: 4.0, bar_width: 8.0, ..ScrollStyle::floating() };
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.animation_time = 0.12;
    style.compact_menu_style = false;
    #[cfg(debug_assertions)]
    {
        style.debug.show_unaligned = false;
        style.debug.warn_if_rect_changes_id = false;
    }
    style.visuals = visuals(if theme == Theme::Dark { &DARK } else { &LIGHT }, theme);
}

fn visuals(p: &Palette, theme: Theme) -> Visuals {
    // Boxes to tick and rails of sliders stand out more than buttons do.
    let widget = |fill: Color32, text: Color32| WidgetVisuals {
        bg_fill: if fill == p.button[0] { p.button[2] } else { fill },
        weak_bg_fill: fill,
        bg_stroke: Stroke::NONE,
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.5, text),
        expansion: 0.0,
    };
    let mut v = theme.default_visuals();
    v.widgets.noninteractive = WidgetVisuals {
        bg_stroke: Stroke::new(1.0, p.line),
        fg_stroke: Stroke::new(1.0, p.text),
        ..widget(p.panel, p.text)
    };
    v.widgets.inactive = widget(p.button[0], p.text);
    v.widgets.hovered = widget(p.button[1], p.strong);
    // Keyboard focus is painted like this too, so it must be seen on any ground.
    v.widgets.active =
        WidgetVisuals { bg_stroke: Stroke::new(1.5, p.accent), ..widget(p.button[2], p.strong) };
    v.widgets.open = widget(p.button[1], p.strong);
    v.selection.bg_fill = p.accent;
    v.selection.stroke = Stroke::new(1.0, p.on_accent);
    v.hyperlink_color = p.accent;
    v.weak_text_color = Some(p.weak);
    v.faint_bg_color = p.raised;
    v.extreme_bg_color = p.button[0];
    v.text_edit_bg_color = Some(p.button[0]);
    v.code_bg_color = p.button[0];
    v.warn_fg_color = p.warn;
    v.error_fg_color = p.bad;
    v.panel_fill = p.panel;
    v.window_fill = p.raised;
    v.window_stroke = Stroke::new(1.0, p.line);
    v.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    v.menu_corner_radius = CornerRadius::same(CARD_RADIUS);
    let shadow = Shadow { offset: [0, 6], blur: 24, spread: 0, color: Color32::from_black_alpha(70) };
    v.window_shadow = shadow;
    v.popup_shadow = shadow;
    v.slider_trailing_fill = true;
    v.handle_shape = HandleShape::Circle;
    v.indent_has_left_vline = false;
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2 defines them.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |c: Color32| {
            let [r, g, b, _] = egui::Rgba::from(c).to_array();
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (high, low) = (luminance(a).max(luminance(b)), luminance(a).min(luminance(b)));
        (high + 0.05) / (low + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_its_ground() {
        for p in [&DARK, &LIGHT] {
            for text in [p.text, p.strong, p.weak, p.good, p.warn, p.bad, p.accent] {
                for ground in [p.panel, p.raised] {
                    assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}");
                }
            }
            assert!(contrast(p.on_accent, p.accent) >= 4.5);
            assert!(contrast(p.text, p.button[1]) >= 4.5);
        }
    }
}
