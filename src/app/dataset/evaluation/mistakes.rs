//! What a model mistook, and the images with the most mistakes.

use egui::{self, RichText, Ui};

use crate::app::dataset::state::{DatasetPage, Overlay, Tab};
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::strings::{Datasets, class_name, shown};
use crate::app::style::palette;
use crate::app::view::View;
use crate::dataset::evaluate::{Confusion, Figures, ImageMistakes, Mistake};
use crate::dataset::measure::MeasuredModel;

/// Worst images that are listed.
const WORST: usize = 40;
/// Classes of the table of what was taken for what.
const CONFUSED: usize = 16;

/// Rows and columns of what was mistaken most.
fn confused(confusion: &Confusion) -> Vec<usize> {
    let count = |row: usize, column: usize| {
        confusion.counts.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0)
    };
    let size = confusion.classes.len();
    let mut places: Vec<(u64, usize)> = (0..size)
        .map(|place| {
            let own = (0..=size).map(|other| count(place, other) + count(other, place)).sum::<u64>();
            (own, place)
        })
        .filter(|(count, _)| *count > 0)
        .collect();
    places.sort_by_key(|(count, place)| (std::cmp::Reverse(*count), *place));
    places.truncate(CONFUSED);
    let mut places: Vec<usize> = places.into_iter().map(|(_, place)| place).collect();
    places.sort_unstable();
    places
}

/// What was taken for what.
pub(super) fn confusion_ui(confusion: &Confusion, ui: &mut Ui, view: &View<'_>) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    let text = RichText::new(w.confusion_text).small().color(p.weak);
    ui.add(egui::Label::new(text).wrap());
    let size = confusion.classes.len();
    let mut places = confused(confusion);
    // What was missed, and what is nothing.
    if confusion.counts.iter().any(|row| row.len() > size) || confusion.counts.len() > size {
        places.push(size);
    }
    let name = |place: usize, nothing: &str| {
        confusion
            .classes
            .get(place)
            .map_or_else(|| nothing.to_owned(), |name| class_name(view.language, name))
    };
    let most = confusion.counts.iter().flatten().copied().max().unwrap_or(1).max(1);
    egui::ScrollArea::both().id_salt("confusion").max_height(360.0).min_scrolled_height(360.0).show(
        ui,
        |ui| {
            egui::Grid::new("confusion").spacing([4.0, 4.0]).show(ui, |ui| {
                ui.label("");
                for column in &places {
                    let text = RichText::new(name(*column, w.missed)).small().color(p.weak);
                    ui.add_sized([64.0, 18.0], egui::Label::new(text).truncate());
                }
                ui.end_row();
                for row in &places {
                    if *row >= confusion.counts.len() {
                        continue;
                    }
                    let text = RichText::new(name(*row, w.nothing_there)).small().color(p.weak);
                    ui.add_sized([110.0, 24.0], egui::Label::new(text).truncate());
                    for column in &places {
                        let cells = confusion.counts.get(*row);
                        let count = cells.and_then(|cells| cells.get(*column)).copied().unwrap_or(0);
                        cell_ui(ui, count, most, row == column && *row < size);
                    }
                    ui.end_row();
                }
            });
        },
    );
}

fn cell_ui(ui: &mut Ui, count: u64, most: u64, is_right: bool) {
    let p = palette(ui);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(64.0, 24.0), egui::Sense::hover());
    let share = ((count as f32 / most as f32).sqrt() * 0.75).clamp(0.0, 0.75);
    let colour = if is_right { p.good } else { p.bad };
    ui.painter().rect_filled(rect, 3, colour.gamma_multiply(share));
    if count > 0 {
        let font = egui::FontId::proportional(13.0);
        ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, count.to_string(), font, p.strong);
    }
}

/// The images with the most mistakes of this model, which is called so.
pub(super) fn worst_ui(
    page: &mut DatasetPage,
    (model, name_of_model): (&MeasuredModel, &str),
    ui: &mut Ui,
    view: &View<'_>,
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    let worst: Vec<(String, String)> = match &model.evaluation.figures {
        Figures::Detection { boxes, .. } => {
            boxes.worst.iter().take(WORST).map(|image| (image.image.clone(), mistakes(image, w))).collect()
        }
        Figures::Classification(figures) => {
            let wrong = figures.worst.iter().take(WORST);
            wrong
                .map(|image| {
                    let name = |class: &str| class_name(view.language, class);
                    let found = image.found.as_ref().map_or_else(|| "–".to_owned(), |(class, _)| name(class));
                    (image.image.clone(), (w.taken_for)(&name(&image.class), &found))
                })
                .collect()
        }
    };
    if worst.is_empty() {
        ui.label(RichText::new(w.no_mistakes).color(p.good));
        return;
    }
    ui.label(RichText::new(w.worst_text).small().color(p.weak));
    for (name, what) in worst {
        let place = page
            .document
            .as_ref()
            .and_then(|document| document.items().iter().position(|item| item.name == name));
        ui.horizontal(|ui| {
            let button = ui.add_enabled(place.is_some(), egui::Button::new(shown(&name)).truncate());
            if button.clicked()
                && let Some(place) = place
            {
                page.tab = Tab::Review;
                let found = model.images.iter().find(|image| image.place == place);
                let least = model.boxes().map_or(0.0, |figures| figures.confidence);
                page.overlay = Some(Overlay {
                    place,
                    model: name_of_model.to_owned(),
                    found: found
                        .iter()
                        .flat_map(|image| &image.found)
                        .filter(|found| found.score >= least)
                        .map(|found| (found.class, found.score, found.bbox))
                        .collect(),
                });
                out.push(Intent::Dataset(DatasetIntent::Show(place)));
            }
            ui.add(egui::Label::new(RichText::new(what).color(p.weak)).truncate());
        });
    }
}

/// "2 missed, 1 false".
fn mistakes(image: &ImageMistakes, w: &Datasets) -> String {
    let count = |is: fn(&Mistake) -> bool| image.mistakes.iter().filter(|mistake| is(mistake)).count();
    let parts = [
        (count(|mistake| matches!(mistake, Mistake::Missed { .. })), w.missed),
        (count(|mistake| matches!(mistake, Mistake::False { .. })), w.false_ones),
        (count(|mistake| matches!(mistake, Mistake::Confused { .. })), w.confused_ones),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    parts.join(", ")
}
