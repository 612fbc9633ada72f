//! The panel of the lesson that is being taken: text, question, reaction, and the way through the steps.

use egui::{self, Key, Modifiers, Role, Ui, WidgetInfo};

use super::state::{LessonPanel, MissingModel};
use crate::app::icons::{self, Icon};
use crate::app::intent::{Intent, LessonsIntent, LibraryIntent, Page, WindowIntent};
use crate::app::style::{CARD_RADIUS, RADIUS, palette};
use crate::app::view::View;
use crate::app::widgets::{
    at_right, focus_all, follow_focus, icon_button, notice, plain_button, primary_button,
};
use crate::learn::lessons::{Course, Outcome, Question, Reaction, Reply, Step};
use crate::library::names;

/// Width of the panel.
pub const WIDTH: f32 = 312.0;

/// The keys that choose an answer, together with Alt.
const DIGITS: [Key; 6] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6];

/// Shows the panel; nothing if no lesson is being taken.
pub fn ui(ui: &mut Ui, view: &View<'_>, panel: &mut LessonPanel, out: &mut Vec<Intent>) {
    let Some(course) = view.lessons.course else { return };
    let (w, p) = (&view.strings.lessons, palette(ui));
    let lesson = course.lesson();
    let at = course.step().map_or(lesson.steps.len(), |(at, _)| at);
    let is_new = panel.shows(&lesson.id, at);
    keys(ui, view, course, out);
    let area = ui.max_rect();
    let footer = 48.0;
    let head = egui::Rect::from_min_size(area.min, egui::vec2(area.width(), 74.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(head.shrink2(egui::vec2(14.0, 6.0))), |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let title = egui::RichText::new(lesson.title.of(view.language)).heading().color(p.strong);
            let room = ui.available_width() - 40.0;
            ui.allocate_ui(egui::vec2(room, 28.0), |ui| {
                ui.set_width(room);
                ui.add(egui::Label::new(title).truncate());
            });
            at_right(ui, "lesson", |ui| {
                if icon_button(ui, Icon::Close, w.close, false).clicked() {
                    out.push(Intent::Lessons(LessonsIntent::Close));
                }
            });
        });
        progress_ui(ui, view, course);
    });
    let middle = egui::Rect::from_min_max(
        egui::pos2(area.left() + 14.0, head.bottom()),
        egui::pos2(area.right() - 4.0, area.bottom() - footer),
    );
    ui.scope_builder(egui::UiBuilder::new().max_rect(middle), |ui| {
        let margin = egui::Margin { right: 10, bottom: 8, ..egui::Margin::ZERO };
        let salt = ("lesson", &lesson.id, at);
        let scroll = egui::ScrollArea::vertical().id_salt(salt).auto_shrink([false, false]);
        scroll.content_margin(margin).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            match course.step() {
                Some((_, step)) => step_ui(ui, view, course, step, panel, is_new, out),
                None => end_ui(ui, view, course, out),
            }
            follow_focus(ui);
        });
    });
    let foot = egui::Rect::from_min_max(egui::pos2(area.left(), area.bottom() - footer), area.max);
    ui.painter().hline(foot.x_range(), foot.top(), egui::Stroke::new(1.0, p.line));
    ui.scope_builder(egui::UiBuilder::new().max_rect(foot.shrink2(egui::vec2(14.0, 6.0))), |ui| {
        footer_ui(ui, view, course, out);
    });
    ui.painter().vline(area.right() - 0.5, area.y_range(), egui::Stroke::new(1.0, p.line));
}

/// Alt with a digit answers, with an arrow goes on or back: a lesson can be taken without the mouse.
fn keys(ui: &Ui, view: &View<'_>, course: &Course, out: &mut Vec<Intent>) {
    if view.menu_open || view.help {
        return;
    }
    ui.input_mut(|input| {
        if let Some((_, Step { question: Question::Choice { options, .. }, .. })) = course.step() {
            for (n, key) in DIGITS.iter().enumerate().take(options.len()) {
                if input.consume_key(Modifiers::ALT, *key) {
                    out.push(Intent::Lessons(LessonsIntent::Answer(Reply::Option(n))));
                }
            }
        }
        if input.consume_key(Modifiers::ALT, Key::ArrowRight) {
            let onward = if course.is_finished() { LessonsIntent::Close } else { LessonsIntent::Next };
            out.push(Intent::Lessons(onward));
        }
        if input.consume_key(Modifiers::ALT, Key::ArrowLeft) {
            out.push(Intent::Lessons(LessonsIntent::Back));
        }
    });
}

/// A line of marks, one a step.
fn progress_ui(ui: &mut Ui, view: &View<'_>, course: &Course) {
    let (w, p) = (&view.strings.lessons, palette(ui));
    let all = course.outcomes().len();
    let at = course.step().map(|(at, _)| at);
    ui.horizontal(|ui| {
        if let Some(at) = at {
            ui.label(egui::RichText::new((w.step_of)(at + 1, all)).small().color(p.weak));
        }
        let width = ui.available_width() - 4.0;
        let (rect, _) = ui.allocate_exact_size(egui::vec2(width, 8.0), egui::Sense::hover());
        let each = width / all.max(1) as f32;
        for (n, outcome) in course.outcomes().iter().enumerate() {
            let left = rect.left() + n as f32 * each;
            let bar =
                egui::Rect::from_min_size(egui::pos2(left, rect.top() + 2.0), egui::vec2(each - 3.0, 4.0));
            let colour = match outcome {
                Outcome::Right(_) => p.good,
                _ if at == Some(n) => p.accent,
                _ => p.button[2],
            };
            ui.painter().rect_filled(bar, 2, colour);
        }
    });
}

fn step_ui(
    ui: &mut Ui,
    view: &View<'_>,
    course: &Course,
    step: &Step,
    panel: &mut LessonPanel,
    is_new: bool,
    out: &mut Vec<Intent>,
) {
    let (w, p) = (&view.strings.lessons, palette(ui));
    let filled = |text: &crate::learn::lessons::Text| text.filled(view.language, view.lessons.facts);
    ui.add(egui::Label::new(filled(&step.text)).wrap().selectable(true));
    if view.lessons.is_preparing {
        ui.label(egui::RichText::new(w.preparing).color(p.weak));
    }
    if let Some(why) = view.lessons.trouble {
        notice(ui, p.bad, w.broken, why, |_| {});
    }
    for missing in view.lessons.missing {
        missing_ui(ui, view, missing, out);
    }
    let outcome = course.outcome();
    let is_task = matches!(step.question, Question::Do { .. });
    let caption = egui::RichText::new(if is_task { w.task } else { w.question }).small().color(p.accent);
    ui.add_space(2.0);
    ui.label(caption);
    let ask = egui::RichText::new(filled(step.question.ask())).size(14.5).color(p.strong);
    ui.add(egui::Label::new(ask).wrap());
    match &step.question {
        Question::Choice { options, .. } => {
            for (n, option) in options.iter().enumerate() {
                let chosen = outcome.reaction() == Some(Reaction::Option(n));
                if option_ui(ui, option.text.of(view.language), n, chosen.then_some(outcome)).clicked() {
                    out.push(Intent::Lessons(LessonsIntent::Answer(Reply::Option(n))));
                }
            }
        }
        Question::Number { .. } => number_ui(ui, view, panel, is_new, outcome, out),
        Question::Do { .. } => {
            if !outcome.is_right() {
                ui.horizontal(|ui| {
                    let (rect, _) = ui.allocate_exact_size(egui::Vec2::splat(16.0), egui::Sense::hover());
                    ui.painter().circle_stroke(rect.center(), 6.0, egui::Stroke::new(1.5, p.weak));
                    ui.label(egui::RichText::new(w.waiting).color(p.weak));
                });
            }
        }
    }
    let reaction = match outcome.reaction() {
        Some(Reaction::NotKnown) => Some(w.not_known.to_owned()),
        _ => course.reaction().map(filled),
    };
    if let Some(reaction) = reaction {
        reaction_ui(ui, view, outcome, &reaction);
    }
    ui.horizontal(|ui| {
        if step.hint.is_some() && ui.link(w.hint).clicked() {
            panel.hint = !panel.hint;
        }
        if let Some(paper) = &step.paper {
            ui.hyperlink_to(w.paper, paper).on_hover_text(paper);
        }
    });
    if let Some(hint) = step.hint.as_ref().filter(|_| panel.hint) {
        ui.add(egui::Label::new(egui::RichText::new(filled(hint)).color(p.weak)).wrap());
    }
}

/// One answer: a button over the whole width, its text wrapped.
fn option_ui(ui: &mut Ui, text: &str, n: usize, outcome: Option<Outcome>) -> egui::Response {
    let p = palette(ui);
    let width = ui.available_width();
    let font = egui::TextStyle::Button.resolve(ui.style());
    let galley = ui.painter().layout(text.to_owned(), font, p.strong, width - 50.0);
    let height = (galley.size().y + 16.0).max(36.0);
    let (rect, response) = ui.allocate_exact_size(egui::vec2(width, height), egui::Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, outcome.is_some(), text));
    let colour = outcome.map(|outcome| if outcome.is_right() { p.good } else { p.warn });
    let lit = response.hovered() || response.has_focus();
    let stroke = egui::Stroke::new(if colour.is_some() { 1.5 } else { 1.0 }, colour.unwrap_or(p.line));
    let ground = if lit { p.button[1] } else { p.raised };
    ui.painter().rect(rect, RADIUS, ground, stroke, egui::StrokeKind::Inside);
    let mark =
        egui::Rect::from_center_size(rect.left_center() + egui::vec2(20.0, 0.0), egui::Vec2::splat(16.0));
    if let Some(outcome) = outcome {
        let icon = if outcome.is_right() { Icon::Check } else { Icon::Close };
        icons::draw(ui.painter(), mark, icon, colour.unwrap_or(p.weak));
    } else {
        let (font, number) = (egui::FontId::proportional(12.0), (n + 1).to_string());
        ui.painter().text(mark.center(), egui::Align2::CENTER_CENTER, number, font, p.weak);
    }
    ui.painter().galley(
        egui::pos2(rect.left() + 38.0, rect.center().y - galley.size().y / 2.0),
        galley,
        p.strong,
    );
    response.on_hover_text(format!("Alt+{}", n + 1))
}

fn number_ui(
    ui: &mut Ui,
    view: &View<'_>,
    panel: &mut LessonPanel,
    is_new: bool,
    outcome: Outcome,
    out: &mut Vec<Intent>,
) {
    let (w, p) = (&view.strings.lessons, palette(ui));
    ui.horizontal(|ui| {
        // An id of its own: what comes and goes above it must not take the focus away.
        let edit = egui::TextEdit::singleline(&mut panel.typed)
            .id(egui::Id::unique("lesson answer"))
            .desired_width(150.0)
            .char_limit(24);
        let field = ui.add_enabled(!outcome.is_right(), edit).accessible_name(w.answer);
        // Nothing is to be clicked before one can type.
        if is_new && !outcome.is_right() {
            field.request_focus();
        }
        if field.changed() {
            panel.is_no_number = false;
        }
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let button = ui.add_enabled_ui(!outcome.is_right(), |ui| ui.button(w.check)).inner;
        if button.clicked() || entered {
            // The next try is typed at once: without the field, digits would be keys of the window.
            focus_all(ui, &field, &panel.typed);
            match number(&panel.typed) {
                Some((number, other)) => {
                    out.push(Intent::Lessons(LessonsIntent::Answer(Reply::Number(number, other))));
                }
                None => panel.is_no_number = true,
            }
        }
    });
    if panel.is_no_number {
        ui.add(egui::Label::new(egui::RichText::new(w.not_a_number).color(p.warn)).wrap());
    }
}

/// A number as people write it: "720,000", "720 000", "0,33", "71 %". Where its comma may part thousands and may be a decimal comma,
/// as in "1,125", both readings; of "33 %", 33 and 0.33.
fn number(typed: &str) -> Option<(f64, Option<f64>)> {
    // Chinese input methods type wide signs.
    let plain = |c: char| match c {
        '０'..='９' | '，' | '．' | '－' | '％' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '。' => '.',
        _ => c,
    };
    let left_out = |c: &char| c.is_whitespace() || matches!(c, '%' | '’' | '\'' | '_');
    let text: String = typed.chars().map(plain).filter(|c| !left_out(c)).collect();
    let groups: Vec<&str> = text.split(',').collect();
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let thousands = groups.len() > 1
        && (1..=3).contains(&groups[0].trim_start_matches('-').len())
        && groups[0].trim_start_matches('-') != "0"
        && groups[1..].iter().enumerate().all(|(n, group)| {
            let whole = group.split('.').next().unwrap_or_default();
            whole.len() == 3 && digits(whole) && (n + 2 == groups.len() || whole == *group)
        });
    let read = |text: String| text.parse().ok().filter(|number: &f64| number.is_finite());
    let decimal = || read(text.replace(',', "."));
    let is_share = typed.contains(['%', '％']);
    if thousands {
        Some((read(groups.concat())?, decimal()))
    } else {
        let number = decimal()?;
        Some((number, is_share.then_some(number / 100.0)))
    }
}

fn reaction_ui(ui: &mut Ui, view: &View<'_>, outcome: Outcome, text: &str) {
    let (w, p) = (&view.strings.lessons, palette(ui));
    let is_right = outcome.is_right();
    let verdict = match outcome {
        Outcome::Right(Reaction::Done) => w.done,
        Outcome::Right(_) => w.right,
        Outcome::Open | Outcome::Wrong(_) => w.not_yet,
    };
    let colour = if is_right { p.good } else { p.warn };
    let frame = egui::Frame::new()
        .fill(p.raised)
        .stroke(egui::Stroke::new(1.0, colour.gamma_multiply(0.6)))
        .corner_radius(CARD_RADIUS)
        .inner_margin(10);
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(egui::Vec2::splat(16.0), egui::Sense::hover());
            icons::draw(ui.painter(), rect, if is_right { Icon::Check } else { Icon::Help }, colour);
            ui.label(egui::RichText::new(verdict).color(colour));
        });
        ui.add(egui::Label::new(text).wrap().selectable(true));
    });
    // What is said to an answer comes into view.
    let key = ui.scope_id().with("reaction");
    let said = (text.len(), is_right);
    if ui.ctx().data(|data| data.get_temp::<(usize, bool)>(key)) != Some(said) {
        ui.ctx().data_mut(|data| data.insert_temp(key, said));
        ui.scroll_to_rect(shown.response.rect, None);
    }
}

fn missing_ui(ui: &mut Ui, view: &View<'_>, missing: &MissingModel, out: &mut Vec<Intent>) {
    let (w, p) = (&view.strings.lessons, palette(ui));
    let size = missing.bytes.map(|bytes| format!(" ({})", names::size(bytes))).unwrap_or_default();
    let id = missing.id.as_deref().unwrap_or(&missing.name);
    let text = (w.missing_text)(&missing.name, &format!("sightline models pull {id}"));
    notice(ui, p.warn, w.missing, &text, |ui| {
        let pulled = view.library.pulls.iter().any(|pull| Some(&pull.id) == missing.id.as_ref());
        if pulled {
            ui.label(egui::RichText::new(w.getting).color(p.weak));
        } else if let Some(id) = &missing.id {
            if ui.button(format!("{}{size}", (w.get)(&missing.name))).clicked() {
                out.push(Intent::Library(LibraryIntent::Pull(id.clone())));
            }
        } else if ui.button(view.strings.get_models).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Library)));
        }
    });
}

fn end_ui(ui: &mut Ui, view: &View<'_>, course: &Course, out: &mut Vec<Intent>) {
    let (w, p) = (&view.strings.lessons, palette(ui));
    let right = course.outcomes().iter().filter(|outcome| outcome.is_right()).count();
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 72.0), egui::Sense::hover());
    ui.painter().circle_filled(rect.center(), 28.0, p.good);
    let tick = egui::Rect::from_center_size(rect.center(), egui::Vec2::splat(30.0));
    icons::draw(ui.painter(), tick, Icon::Check, p.raised);
    ui.label(egui::RichText::new(w.finished).heading().color(p.strong));
    ui.add(egui::Label::new((w.finished_text)(right, course.outcomes().len())).wrap());
    ui.add_space(4.0);
    let place = view
        .lessons
        .listed
        .iter()
        .position(|listed| listed.lesson().is_some_and(|lesson| lesson.id == course.lesson().id));
    let next =
        place.and_then(|at| view.lessons.listed.iter().skip(at + 1).find_map(|listed| listed.lesson()));
    if let Some(next) = next
        && primary_button(ui, &(w.next_lesson)(next.title.of(view.language))).clicked()
    {
        out.push(Intent::Lessons(LessonsIntent::Begin(next.id.clone())));
    }
    if plain_button(ui, w.all_lessons).clicked() {
        out.push(Intent::Lessons(LessonsIntent::List));
    }
}

fn footer_ui(ui: &mut Ui, view: &View<'_>, course: &Course, out: &mut Vec<Intent>) {
    let w = &view.strings.lessons;
    let press =
        |ui: &mut Ui, intent: LessonsIntent, text: &str, hint: &str, primary: bool, out: &mut Vec<Intent>| {
            let show = if primary { primary_button } else { plain_button };
            if show(ui, text).on_hover_text(hint).clicked() {
                out.push(Intent::Lessons(intent));
            }
        };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let at = course.step().map(|(at, _)| at);
        if at != Some(0) {
            press(ui, LessonsIntent::Back, w.back, "Alt+←", false, out);
        }
        if at.is_some() {
            press(ui, LessonsIntent::SetUp, w.set_up, w.set_up_hint, false, out);
        }
        at_right(ui, "onward", |ui| {
            let is_right = course.outcome().is_right();
            let is_last = at.is_some_and(|at| at + 1 == course.outcomes().len());
            match at {
                None => press(ui, LessonsIntent::Close, w.finish, w.close, false, out),
                Some(_) if !is_right => press(ui, LessonsIntent::Next, w.skip, "Alt+→", false, out),
                Some(_) if is_last => press(ui, LessonsIntent::Next, w.finish, "Alt+→", true, out),
                Some(_) => press(ui, LessonsIntent::Next, w.next, "Alt+→", true, out),
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, value) in [
            ("720000", 720_000.0),
            ("720,000", 720_000.0),
            ("1,720,000.5", 1_720_000.5),
            ("720 000", 720_000.0),
            ("0,333", 0.333),
            ("0.333", 0.333),
            ("71,4 %", 71.4),
            ("-2", -2.0),
            ("３．５", 3.5),
            ("three", f64::NAN),
            ("", f64::NAN),
            ("1e999", f64::NAN),
        ] {
            let read = number(text).map(|(number, _)| number);
            assert_eq!(read, Some(value).filter(|value| !value.is_nan()), "{text}");
        }
        // Thousands, or a decimal comma: the question decides.
        assert_eq!(number("1,125"), Some((1125.0, Some(1.125))));
        assert_eq!(number("0,333"), Some((0.333, None)));
        assert_eq!(number("1,720,000"), Some((1_720_000.0, None)));
        assert_eq!(number("50 %"), Some((50.0, Some(0.5))));
    }
}
