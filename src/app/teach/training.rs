//! How training is going, and which backbone and head there are.

use egui::{self, Ui};

use super::parts::{About, panel, small_button, weak};
use super::state::{TeachPage, Training};
use crate::app::icons::Icon;
use crate::app::intent::{Intent, TeachIntent, TeachTab};
use crate::app::strings::{head_name, phrase, pooling_text, shown, teach_error};
use crate::app::style::palette;
use crate::app::view::{View, model_name};
use crate::app::widgets::{caption, combo_arrow, dropdown, menu_row};
use crate::learn::teach::{HeadChoice, HeadKind, TeachError};
use crate::library::ModelEntry;
use crate::model::Task;
use crate::model::labels::Language;
use crate::server::is_address;

/// Features of a trained network suit other tasks: Donahue et al., 2013.
pub(super) const TRANSFER: &str = "https://arxiv.org/abs/1310.1531";
/// Which networks transfer best: Kornblith et al., 2019.
const BACKBONES: &str = "https://arxiv.org/abs/1805.08974";

/// The panel of training: what is going on, in a line, with a way to stop it.
pub(super) fn ui(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let about = About {
        id: "training",
        title: w.training,
        term: "Transfer learning · 迁移学习",
        text: w.about_training,
        paper: TRANSFER,
    };
    panel(page, ui, view, &about, |page, ui| {
        let p = palette(ui);
        match page.training.clone() {
            Training::Opening => working(ui, view, w.opening_backbone, None, out),
            Training::Embedding(done, all) => {
                let share = done as f32 / all.max(1) as f32;
                working(ui, view, &(w.embedding)(done, all), Some(share), out);
            }
            Training::Fitting => working(ui, view, w.fitting, None, out),
            Training::Waiting => weak(ui, w.waiting),
            Training::Stopped => {
                weak(ui, w.stopped);
                train_button(ui, w.train_now, out);
            }
            Training::Failed(text) => {
                ui.add(egui::Label::new(egui::RichText::new(text).color(p.bad)).wrap().selectable(true));
                train_button(ui, view.strings.try_again, out);
            }
            Training::Idle => idle(page, ui, view),
        }
    });
}

fn train_button(ui: &mut Ui, text: &str, out: &mut Vec<Intent>) {
    if small_button(ui, text).clicked() {
        out.push(Intent::Teach(TeachIntent::Train));
    }
}

fn working(ui: &mut Ui, view: &View<'_>, text: &str, share: Option<f32>, out: &mut Vec<Intent>) {
    ui.horizontal(|ui| {
        if share.is_none() {
            ui.add(egui::Spinner::new().size(16.0));
        }
        ui.label(text);
        if small_button(ui, view.strings.teach.stop).clicked() {
            out.push(Intent::Teach(TeachIntent::Stop));
        }
    });
    if let Some(share) = share {
        ui.add(egui::ProgressBar::new(share).desired_height(6.0));
    }
}

/// What was trained last, or what is still missing.
fn idle(page: &TeachPage, ui: &mut Ui, view: &View<'_>) {
    let w = &view.strings.teach;
    let p = palette(ui);
    if let Some(learned) = &page.learned {
        let report = &learned.trained.report;
        let head = head_name(w, report.head);
        let text = (w.trained)(head, learned.samples.train.len(), report.train_ms);
        ui.add(egui::Label::new(egui::RichText::new(text).color(p.text)).wrap());
        if let Some(measured) = report.held_out.as_ref().or(report.chosen()) {
            let a = measured.accuracy;
            let text = format!("{} {}", w.accuracy, (w.accuracy_is)(a.share, a.low, a.high));
            ui.add(egui::Label::new(egui::RichText::new(text).color(p.strong)).wrap());
            let guessing = 1.0 / learned.samples.names.len().max(1) as f64;
            if a.share <= guessing {
                let text = egui::RichText::new((w.no_better)(guessing)).color(p.warn);
                ui.add(egui::Label::new(text).wrap());
            }
        }
        if page.outdated {
            match page.empty_class() {
                Some(name) => weak(ui, &(w.needs_example)(&shown(name))),
                None => weak(ui, w.outdated),
            }
        }
        if !learned.samples.left_out.is_empty() {
            let text = (w.left_out)(learned.samples.left_out.len());
            let text = egui::RichText::new(text).color(p.warn);
            let first: Vec<String> = learned
                .samples
                .left_out
                .iter()
                .take(8)
                .map(|out| {
                    let reason = crate::app::strings::item_reason(view.language, &out.reason);
                    format!("{}: {reason}", out.path.display())
                })
                .collect();
            ui.add(egui::Label::new(text).wrap()).on_hover_text(first.join("\n"));
        }
    } else if let Some(name) = page.empty_class() {
        weak(ui, &(w.needs_example)(&shown(name)));
    } else {
        weak(ui, w.needs_two);
    }
}

/// The panel of the backbone and the head on it.
pub(super) fn backbone_ui(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let about = About {
        id: "backbone",
        title: w.backbone,
        term: "Embedding · 嵌入（特征向量）",
        text: w.about_backbone,
        paper: BACKBONES,
    };
    panel(page, ui, view, &about, |page, ui| {
        choose(page, ui, view, out);
        other(page, ui, view, out);
        // Finding by example cuts elsewhere and needs no head.
        if page.tab != TeachTab::Find {
            cut(page, ui, view, out);
            head(page, ui, view, out);
        }
    });
}

fn choose(page: &TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let chosen = page.backbone.as_ref().map(|key| &key.path);
    let name = |path: &std::path::Path| {
        let listed = view.library.models.iter().find(|entry| entry.path == path);
        listed.map_or_else(|| shown(&model_name(path)), |entry| entry.name.clone())
    };
    let text = chosen.map_or_else(|| w.choose_backbone.to_owned(), |path| name(path));
    let button = dropdown(ui, Icon::Model, &text, w.backbone);
    let (good, others): (Vec<&ModelEntry>, Vec<&ModelEntry>) = view
        .library
        .models
        .iter()
        .map(AsRef::as_ref)
        .filter(|entry| suits(entry).is_some())
        .partition(|entry| suits(entry) == Some(true));
    egui::Popup::menu(&button).width(button.rect.width().max(280.0)).show(|ui| {
        egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            let mut row = |ui: &mut Ui, entry: &ModelEntry| {
                let is_chosen = chosen == Some(&entry.path);
                let size = crate::library::names::size(entry.stamp.bytes);
                if menu_row(ui, Icon::Model, &entry.name, &size, is_chosen).clicked() {
                    out.push(Intent::Teach(TeachIntent::Backbone(entry.path.clone())));
                    ui.close();
                }
            };
            for entry in &good {
                row(ui, entry);
            }
            if !others.is_empty() {
                caption(ui, w.other_models);
                for entry in &others {
                    row(ui, entry);
                }
            }
        });
    });
    if chosen.is_none() && good.is_empty() {
        weak(ui, w.no_backbone);
    }
}

/// Says that the backbone isn't the one which the project was taught with.
fn other(page: &TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(key) = page.backbone.as_ref().filter(|_| page.other_backbone) else { return };
    let error = TeachError::OtherBackbone { path: key.path.clone() };
    let text = egui::RichText::new(teach_error(&error, view.language)).color(palette(ui).warn);
    ui.add(egui::Label::new(text).wrap());
    if ui.button(view.strings.teach.use_from_now).clicked() {
        out.push(Intent::Teach(TeachIntent::KeepBackbone));
    }
}

/// Words in the names of models that were made for embeddings.
const EMBED: [&str; 7] = ["dino", "clip", "siglip", "osnet", "reid", "arcface", "embed"];

/// Whether a model suits well as a backbone (a classifier, or a model that was made for embeddings); `None` if it can't be one.
pub fn suits(entry: &ModelEntry) -> Option<bool> {
    use crate::library::Kind;
    if is_address(&entry.path) {
        return None;
    }
    let name = entry.name.to_lowercase();
    match &entry.kind {
        Kind::Broken { .. } => None,
        _ if EMBED.iter().any(|word| name.contains(word)) => Some(true),
        Kind::Known(spec) if spec.task == Task::Action => None,
        Kind::Known(spec) => Some(spec.task == Task::Classify),
        // A network that isn't understood may still have an embedding: the user may try it.
        Kind::Unknown(_) => Some(false),
    }
}

fn cut(page: &TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let (Some(info), Some(key)) = (&page.info, &page.backbone) else { return };
    let text = (w.cut)(&shown(&info.cut.tensor), info.length);
    let how = pooling_text(info.pooling, view.language);
    let text = match view.language {
        Language::English => format!("{text} ({how})"),
        Language::Chinese => format!("{text}（{how}）"),
    };
    let label = egui::Label::new(egui::RichText::new(text).color(palette(ui).weak)).wrap();
    ui.add(label).on_hover_text(phrase(view.language, &info.cut.evidence));
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(w.cut_at).color(palette(ui).weak));
        let mut wanted = None;
        let combo = egui::ComboBox::from_id_salt("teach cut").icon(combo_arrow).width(ui.available_width());
        let chosen = if key.tensor.is_none() { w.cut_found.to_owned() } else { shown(&info.cut.tensor) };
        let combo = combo.selected_text(chosen).truncate().show_ui(ui, |ui| {
            if ui.selectable_label(key.tensor.is_none(), w.cut_found).clicked() {
                wanted = Some(None);
            }
            for candidate in &info.candidates {
                let is_chosen = key.tensor.as_ref() == Some(&candidate.tensor);
                let why = phrase(view.language, &candidate.evidence);
                let row = ui.selectable_label(is_chosen, shown(&candidate.tensor)).on_hover_text(why);
                if row.clicked() {
                    wanted = Some(Some(candidate.tensor.clone()));
                }
            }
        });
        combo.response.accessible_name(w.cut_at);
        if let Some(tensor) = wanted {
            out.push(Intent::Teach(TeachIntent::Tensor(tensor)));
        }
    });
}

fn head(page: &TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let Some(project) = &page.project else { return };
    let name = |head: HeadChoice| match head {
        HeadChoice::Auto => w.head_auto,
        HeadChoice::Mean => head_name(w, HeadKind::Mean),
        HeadChoice::Logistic => head_name(w, HeadKind::Logistic),
        HeadChoice::Mlp => head_name(w, HeadKind::Mlp),
    };
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(w.head).color(palette(ui).weak));
        let now = project.settings.head;
        let combo = egui::ComboBox::from_id_salt("teach head").icon(combo_arrow).width(ui.available_width());
        let combo = combo.selected_text(name(now)).truncate().show_ui(ui, |ui| {
            for head in [HeadChoice::Auto, HeadChoice::Mean, HeadChoice::Logistic, HeadChoice::Mlp] {
                if ui.selectable_label(head == now, name(head)).clicked() && head != now {
                    out.push(Intent::Teach(TeachIntent::Head(head)));
                }
            }
        });
        combo.response.accessible_name(w.head);
    });
}
