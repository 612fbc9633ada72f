//! Choosing a class by typing or clicking, or making a new one.

use egui::{self, Key, Modifiers, TextEdit, Ui};

use super::document::{Document, Edit};
use super::state::{DatasetPage, Naming};
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::strings::class_name;
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{dialogue, plain_button};
use crate::model::labels::{Language, in_language};

/// What a row of the list stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Row {
    /// The class of this name.
    Class(String),
    /// A new class of this name.
    New(String),
    NoClass,
}

/// The rows for a typed text: the class of exactly this name, a new one of this name if there is none, and the classes that begin
/// with it, whatever the case. Classes may be typed in English and in Chinese.
fn rows(classes: &[String], typed: &str, may_be_none: bool) -> Vec<Row> {
    let text = typed.to_lowercase();
    let names = |class: &str| [class, in_language(class, Language::Chinese)].map(str::to_lowercase);
    let is = |class: &&String| !typed.is_empty() && names(class).contains(&text);
    let exact = classes.iter().filter(is);
    let begin = |class: &&String| !is(class) && names(class).iter().any(|name| name.starts_with(&text));
    let others = classes.iter().filter(begin);
    let mut rows: Vec<Row> = exact.chain(others).cloned().map(Row::Class).collect();
    // Enter takes what was begun rather than a new class, which is its own row.
    let is_known = classes.iter().any(|class| class == typed);
    if !typed.is_empty() && !is_known {
        rows.push(Row::New(typed.to_owned()));
    }
    if may_be_none && typed.is_empty() {
        rows.push(Row::NoClass);
    }
    rows
}

/// Shows the dialogue while a class is being chosen.
pub(super) fn ui(page: &mut DatasetPage, ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(naming) = page.naming else { return };
    let w = &view.strings.datasets;
    let classes = page.document.as_ref().map(Document::classes).unwrap_or_default();
    let classes: Vec<String> = classes.iter().map(|class| class.name.clone()).collect();
    let title = match naming {
        Naming::Label(_) => w.class,
        Naming::New => w.new_class_for,
        Naming::Image => w.image_class,
    };
    let mut chosen = None;
    let mut closed = false;
    let modal = dialogue(ui, "class of a label").show(ui.ctx(), |ui| {
        ui.set_width(300.0);
        ui.label(egui::RichText::new(title).heading().color(palette(ui).strong));
        // Before the field takes them.
        let step = ui.input_mut(|i| {
            let down = i.consume_key(Modifiers::NONE, Key::ArrowDown);
            isize::from(down) - isize::from(i.consume_key(Modifiers::NONE, Key::ArrowUp))
        });
        let edit = TextEdit::singleline(&mut page.naming_text)
            .hint_text(w.type_a_class)
            .desired_width(f32::INFINITY);
        let field = ui.add(edit).accessible_name(w.type_a_class);
        if !std::mem::replace(&mut page.naming_shown, true) {
            field.request_focus();
        }
        if field.changed() {
            page.naming_row = 0;
        }
        let typed = page.naming_text.trim().to_owned();
        let rows = rows(&classes, &typed, naming == Naming::Image);
        page.naming_row = page.naming_row.saturating_add_signed(step).min(rows.len().saturating_sub(1));
        let enter = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if enter && (!typed.is_empty() || page.naming_row > 0) {
            chosen = rows.get(page.naming_row).cloned();
        }
        egui::ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
            for (place, row) in rows.iter().enumerate() {
                let name = match row {
                    Row::Class(name) => class_name(view.language, name),
                    Row::New(name) => (w.add_class)(name),
                    Row::NoClass => w.no_class.to_owned(),
                };
                let is_next = place == page.naming_row && !(typed.is_empty() && place == 0);
                let response = ui.selectable_label(is_next, name);
                if step != 0 && is_next {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    chosen = Some(row.clone());
                }
            }
        });
        ui.add_space(4.0);
        closed = plain_button(ui, view.strings.cancel).clicked();
    });
    if let Some(row) = chosen {
        page.naming = None;
        let name = match row {
            Row::Class(name) | Row::New(name) => Some(name),
            Row::NoClass => None,
        };
        let edit = match (naming, name) {
            (Naming::Label(place), Some(name)) => Some(Edit::Relabel(place, name)),
            (Naming::Image, name) => Some(Edit::ImageClass(name)),
            (Naming::New, Some(name)) => {
                page.class = name;
                None
            }
            (Naming::Label(_) | Naming::New, None) => None,
        };
        out.extend(edit.map(|edit| Intent::Dataset(DatasetIntent::Edit(edit))));
    } else if closed || modal.should_close() {
        page.naming = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str) -> Row {
        Row::Class(name.into())
    }

    #[test]
    fn the_exact_class_comes_first_and_a_new_one_can_always_be_made() {
        let classes = ["carrot", "car", "Bus", "dog"].map(str::to_owned);
        assert_eq!(rows(&classes, "car", false), [class("car"), class("carrot")]);
        assert_eq!(rows(&classes, "carr", false), [class("carrot"), Row::New("carr".into())]);
        assert_eq!(rows(&classes, "bus", false), [class("Bus"), Row::New("bus".into())]);
        assert_eq!(rows(&classes, "cat", false), [Row::New("cat".into())]);
        assert_eq!(rows(&classes, "狗", false)[0], class("dog"));
        assert_eq!(rows(&classes, "", true).len(), 5);
        assert_eq!(rows(&classes, "", false).len(), 4);
    }
}
