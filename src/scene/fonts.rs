//! The bundled font (Noto Sans SC, SIL Open Font License 1.1: Latin and Chinese), and how wide text is in it.
//!
//! Both painters measure text with this. A size is the em in pixels.

use std::sync::{Arc, LazyLock};

use ab_glyph::{Font as _, FontRef, PxScale};

/// The font file: Latin, GB2312 and the symbols that the window uses (see `scripts/subset-font.py`).
pub static BYTES: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Subset.ttf");

/// The name under which egui knows the font.
const FAMILY: &str = "Noto Sans SC";

/// Shown in place of a character that the font lacks.
const REPLACEMENT: char = '□';

static FONT: LazyLock<FontRef<'static>> =
    LazyLock::new(|| FontRef::try_from_slice(BYTES).expect("the bundled font can be read"));

/// The font for painting into pixels.
#[must_use]
pub fn font() -> &'static FontRef<'static> {
    &FONT
}

/// The fonts for the window: the bundled one for every family.
#[must_use]
pub fn egui_fonts() -> egui::FontDefinitions {
    use egui::{FontData, FontDefinitions, FontFamily};
    let mut fonts = FontDefinitions::empty();
    fonts.font_data.insert(FAMILY.to_owned(), Arc::new(FontData::from_static(BYTES)));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec![FAMILY.to_owned()]);
    }
    fonts
}

/// The scale at which `ab_glyph` draws an em of `size` pixels.
pub(super) fn px_scale(size: f32) -> PxScale {
    let font = font();
    let em = font.units_per_em().unwrap_or(1000.0);
    PxScale::from(size * font.height_unscaled() / em)
}

/// Width of one line of text in pixels.
#[must_use]
pub fn text_width(text: &str, size: f32) -> f32 {
    let font = font();
    let em = font.units_per_em().unwrap_or(1000.0);
    text.chars().map(|c| font.h_advance_unscaled(font.glyph_id(c))).sum::<f32>() * size / em
}

/// Height of capital letters and Chinese characters above the baseline, as a share of the em. Lines of text are centred by
/// it.
pub const CAP_HEIGHT: f32 = 0.76;

/// Appends `text` in a form that can be shown on one line: control characters become spaces, invisible characters (such as
/// those that change the writing direction) are left out, characters that the font lacks are replaced.
pub fn push_shown(text: &str, out: &mut String) {
    let font = font();
    for c in text.chars() {
        match c {
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' => {}
            c if c.is_control() || c == '\u{2028}' || c == '\u{2029}' => out.push(' '),
            c if font.glyph_id(c).0 == 0 => out.push(REPLACEMENT),
            c => out.push(c),
        }
    }
}

/// Shortens the text from byte `start` on to at most `width` pixels, with "…" at its end. If not even that fits, the text is
/// removed.
pub fn shorten(text: &mut String, start: usize, size: f32, width: f32) {
    const DOTS: char = '…';
    let Some(shown) = text.get(start..) else { return };
    // A name of thousands of characters is not measured to its end.
    let fits = |s: &str| s.len() < 4096 && text_width(s, size) <= width;
    if fits(shown) {
        return;
    }
    let mut room = width - text_width("…", size);
    if room < 0.0 {
        text.truncate(start);
        return;
    }
    let mut end = start;
    for (offset, c) in shown.char_indices() {
        room -= text_width(c.encode_utf8(&mut [0; 4]), size);
        if room < 0.0 {
            break;
        }
        end = start + offset + c.len_utf8();
    }
    text.truncate(end);
    text.push(DOTS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_every_character_of_the_label_lists() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/labels");
        let mut lists = 0;
        for entry in std::fs::read_dir(folder).expect("the label lists") {
            let path = entry.expect("a file").path();
            if path.extension().is_some_and(|ending| ending == "tsv") {
                lists += 1;
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                for c in text.chars().filter(|c| !c.is_control()) {
                    assert_ne!(font().glyph_id(c).0, 0, "{c} (U+{:04X}) of {path:?} is missing", c as u32);
                }
            }
        }
        assert!(lists >= 7, "{lists} lists");
        for c in "…•●○■□▲▼▶◀✓×→←↑↓★⚠□μ²°é中文鼠".chars() {
            assert_ne!(font().glyph_id(c).0, 0, "{c} is missing");
        }
    }

    #[test]
    fn odd_characters_are_shown_or_replaced() {
        let mut out = String::new();
        push_shown("a\n\u{202e}b\u{1f600}\u{0}人", &mut out);
        assert_eq!(out, "a b□ 人");
    }

    #[test]
    fn long_names_are_cut_with_dots() {
        let mut text = "x: refrigerator".to_owned();
        shorten(&mut text, 3, 10.0, 40.0);
        assert!(text.starts_with("x: ref") && text.ends_with('…'), "{text}");
        assert!(text_width(&text[3..], 10.0) <= 40.0);
        let mut short = "cat".to_owned();
        shorten(&mut short, 0, 10.0, 100.0);
        assert_eq!(short, "cat");
    }

    #[test]
    fn chinese_characters_are_an_em_wide() {
        assert!((text_width("人车", 20.0) - 40.0).abs() < 0.01);
    }
}
