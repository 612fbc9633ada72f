//! Finding by example: what the tab says and offers; the picture at the left shows it.

use egui::{self, ScrollArea, Ui};

use super::parts::{About, panel, small_button, weak};
use super::state::{LivePhase, TeachPage};
use super::training;
use crate::app::intent::{Intent, TeachIntent};
use crate::app::strings::shown;
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{combo_arrow, follow_focus, slider_row};

/// Deep features of a transformer as descriptors: Amir et al., 2021.
const DESCRIPTORS: &str = "https://arxiv.org/abs/2112.05814";
/// The picture of principal components: Oquab et al., 2023.
const DINO: &str = "https://arxiv.org/abs/2304.07193";

pub(super) fn ui(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let margin = egui::Margin { right: 10, ..egui::Margin::ZERO };
    let scroll = ScrollArea::vertical().id_salt("teach find").auto_shrink([false, false]);
    scroll.content_margin(margin).show(ui, |ui| {
        example(page, ui, view, out);
        colours(page, ui, view);
        maps(page, ui, view, out);
        training::backbone_ui(page, ui, view, out);
        follow_focus(ui);
    });
}

fn example(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let about = About {
        id: "find",
        title: w.find_title,
        term: "Cosine similarity · 余弦相似度",
        text: w.about_find,
        paper: DESCRIPTORS,
    };
    panel(page, ui, view, &about, |page, ui| {
        let p = palette(ui);
        ui.add(egui::Label::new(w.find_text).wrap());
        match &page.live.phase {
            LivePhase::Opening => {
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(16.0));
                    ui.label(w.live_opening);
                });
            }
            LivePhase::Failed(text) => {
                ui.add(egui::Label::new(egui::RichText::new(text).color(p.bad)).wrap().selectable(true));
            }
            _ if page.backbone.is_none() => weak(ui, w.no_backbone),
            _ => {}
        }
        ui.add_space(4.0);
        let now = page.find.limit;
        let value = format!("{now:.2}");
        if let Some(limit) = slider_row(ui, w.similarity, w.similarity_hint, now, 0.0..=1.0, &value) {
            page.find.limit = limit;
        }
        let found = &page.live.found.similarity;
        let has_example = page.find.example.is_some();
        if !has_example {
            weak(ui, w.find_nothing_yet);
        } else if !found.is_empty() {
            let best = found.iter().copied().fold(-1.0f32, f32::max);
            let over = found.iter().filter(|value| **value >= page.find.limit).count();
            weak(ui, &(w.find_best)(best, over as f32 / found.len() as f32));
            if over == 0 {
                weak(ui, w.find_lower);
            }
        } else if page.live.phase == LivePhase::Running {
            weak(ui, w.find_outside);
        }
        // It is there without an example too, so that what lies below stays where it is.
        if ui.add_enabled_ui(has_example, |ui| small_button(ui, w.find_clear)).inner.clicked() {
            out.push(Intent::Teach(TeachIntent::Find(None)));
        }
    });
}

fn colours(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>) {
    let w = &view.strings.teach;
    let about = About {
        id: "colours",
        title: w.colours_title,
        term: "Principal component analysis (PCA) · 主成分分析",
        text: w.colours_text,
        paper: DINO,
    };
    panel(page, ui, view, &about, |page, ui| {
        let private = view.settings.privacy.on;
        ui.add_enabled_ui(!private, |ui| ui.checkbox(&mut page.find.colours, w.show_colours));
        if private {
            weak(ui, w.colours_private);
        }
    });
}

fn maps(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let about =
        About {
            id: "maps", title: w.find_maps, term: "Feature map · 特征图", text: w.find_finer, paper: ""
        };
    panel(page, ui, view, &about, |page, ui| {
        let found = &page.live.found;
        let Some(map) = found.maps.get(found.chosen) else {
            let failed = matches!(page.live.phase, LivePhase::Failed(_));
            weak(ui, if failed { w.find_none } else { w.live_opening });
            return;
        };
        let name = |map: &crate::learn::teach::FeatureMap| {
            (w.find_maps_is)(&shown(&map.tensor), map.width, map.height, map.channels)
        };
        let mut wanted = None;
        let combo = egui::ComboBox::from_id_salt("find maps").icon(combo_arrow).width(ui.available_width());
        let combo = combo.selected_text(name(map)).truncate().show_ui(ui, |ui| {
            for (place, map) in found.maps.iter().enumerate() {
                if ui.selectable_label(place == found.chosen, name(map)).clicked() && place != found.chosen {
                    wanted = Some(map.tensor.clone());
                }
            }
        });
        combo.response.accessible_name(w.find_maps);
        ui.label(egui::RichText::new((w.ms)(page.live.ms)).small().color(palette(ui).weak));
        if let Some(tensor) = wanted {
            out.push(Intent::Teach(TeachIntent::FindIn(Some(tensor))));
        }
    });
}
