//! The tables of figures.

use egui::{self, RichText, Ui};

use crate::app::dataset::state::Evaluated;
use crate::app::strings::{Datasets, class_name};
use crate::app::style::palette;
use crate::app::view::View;
use crate::dataset::measure::MeasuredModel;

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:.1}", value * 100.0))
}

/// A row of the table: its name, and each model's figure.
type Row<'a> = (&'a str, fn(&MeasuredModel) -> Option<f64>);

/// The figures of all images together.
pub(super) fn ui(evaluated: &Evaluated, names: &[String], ui: &mut Ui, w: &Datasets) {
    let p = palette(ui);
    let rows: [Row<'_>; 9] = [
        ("mAP50-95", |model| model.boxes()?.coco.map),
        ("mAP50", |model| model.boxes()?.coco.map50),
        (w.precision, |model| model.boxes()?.precision),
        (w.recall, |model| model.boxes()?.recall),
        ("F1", |model| model.boxes()?.f1),
        (w.mask_map, |model| model.masks()?.coco.map),
        (w.mask_map50, |model| model.masks()?.coco.map50),
        (w.top1, |model| model.classification()?.top1),
        (w.top5, |model| model.classification()?.top5),
    ];
    let is_detection = evaluated.models.iter().any(|model| model.boxes().is_some());
    let has_masks = evaluated.models.iter().any(|model| model.masks().is_some());
    egui::Grid::new("figures").num_columns(3).striped(true).spacing([28.0, 6.0]).show(ui, |ui| {
        ui.label("");
        for name in names {
            ui.label(RichText::new(name).color(p.strong));
        }
        ui.end_row();
        for (place, (name, figure)) in rows.into_iter().enumerate() {
            let fits = match place {
                0..=4 => is_detection,
                5 | 6 => has_masks,
                _ => !is_detection,
            };
            if !fits {
                continue;
            }
            ui.label(name);
            let values: Vec<Option<f64>> = evaluated.models.iter().map(figure).collect();
            let best = values.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
            for value in values {
                let is_best = evaluated.models.len() > 1 && value == Some(best);
                let text = RichText::new(percent(value)).color(if is_best { p.strong } else { p.text });
                ui.label(if is_best { text.strong() } else { text });
            }
            ui.end_row();
        }
        ui.label(w.ms_per_image);
        for model in &evaluated.models {
            ui.label(format!("{:.1} ms", model.evaluation.ms_per_image));
        }
        ui.end_row();
    });
    if is_detection {
        let at: Vec<String> = evaluated
            .models
            .iter()
            .filter_map(MeasuredModel::boxes)
            .map(|figures| format!("{:.2}", figures.confidence))
            .collect();
        let text = RichText::new((w.at_confidence)(&at.join(", "))).small().color(p.weak);
        ui.add(egui::Label::new(text).wrap());
    }
}

/// The figures of each class that is there.
pub(super) fn classes_ui(evaluated: &Evaluated, names: &[String], ui: &mut Ui, view: &View<'_>) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    let Some(first) = evaluated.models.first() else { return };
    egui::ScrollArea::both().id_salt("by class").max_height(300.0).show(ui, |ui| {
        egui::Grid::new("by class").striped(true).spacing([22.0, 5.0]).show(ui, |ui| {
            let head = |ui: &mut Ui, text: &str| drop(ui.label(RichText::new(text).small().color(p.weak)));
            if let Some(figures) = first.boxes() {
                head(ui, w.class);
                head(ui, w.objects);
                for name in names {
                    for figure in ["AP50-95", "AP50", w.precision, w.recall] {
                        head(ui, &format!("{name}\n{figure}"));
                    }
                }
                ui.end_row();
                for (place, class) in
                    figures.classes.iter().enumerate().filter(|(_, class)| class.objects > 0)
                {
                    ui.label(class_name(view.language, &class.name));
                    ui.label(class.objects.to_string());
                    for model in &evaluated.models {
                        let of = model.boxes().and_then(|figures| figures.classes.get(place));
                        for value in of.map_or([None; 4], |of| [of.ap, of.ap50, of.precision, of.recall]) {
                            ui.label(percent(value));
                        }
                    }
                    ui.end_row();
                }
            } else if let Some(figures) = first.classification() {
                head(ui, w.class);
                head(ui, w.images);
                for name in names {
                    head(ui, &format!("{name}\n{}", w.top1));
                }
                ui.end_row();
                for (place, class) in figures.classes.iter().enumerate().filter(|(_, class)| class.images > 0)
                {
                    ui.label(class_name(view.language, &class.name));
                    ui.label(class.images.to_string());
                    for model in &evaluated.models {
                        let of = model.classification().and_then(|figures| figures.classes.get(place));
                        ui.label(percent(of.and_then(|of| of.top1)));
                    }
                    ui.end_row();
                }
            }
        });
    });
}
