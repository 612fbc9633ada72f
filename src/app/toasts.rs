//! Messages at the bottom of the preview. They go by themselves; those of failures stay longer, until what failed succeeds. While the
//! pointer is over them and in use they stay where they are, and new ones wait.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use egui::{self, Align2, Area, Id, Order, TextureHandle, Ui, vec2};

use super::icons::Icon;
use super::intent::{FilesIntent, Intent, WindowIntent};
use super::strings::Strings;
use super::strings::plain_quotes;
use super::style::{CARD_RADIUS, palette};
use super::widgets::sized_icon_button;

/// How long good news stays.
const STAY: Duration = Duration::from_secs(6);
/// How long a snapshot stays, which can be taken back: one may follow the other.
const SNAPSHOT_STAYS: Duration = Duration::from_secs(9);
/// How long something that can be taken back stays.
const UNDO_STAYS: Duration = Duration::from_secs(15);
/// How long a failure stays: long enough to read two sentences twice.
const FAILURE_STAYS: Duration = Duration::from_secs(25);
/// A pointer that rests for longer than this holds nothing any more: it was left there.
const RESTS: f32 = 10.0;
/// Older messages go when there are more, good news first.
const LIMIT: usize = 4;

/// What failed. Its failure goes when the same thing succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// A model couldn't be opened.
    Model,
    Snapshot,
}

/// One message.
pub struct Toast {
    id: u64,
    pub title: String,
    pub text: String,
    pub bad: bool,
    /// What failed, if its success is noticed.
    pub failed: Option<Failed>,
    pub thumbnail: Option<TextureHandle>,
    pub folder: Option<PathBuf>,
    /// What takes back that which it tells of.
    pub undo: Option<Intent>,
    since: Instant,
}

impl std::fmt::Debug for Toast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Toast({}: {}: {})", self.id, self.title, self.text)
    }
}

/// The messages that are shown.
#[derive(Debug, Default)]
pub struct Toasts {
    shown: Vec<Toast>,
    next: u64,
    /// The newest message that was there when the pointer came over them.
    held: Option<u64>,
    /// When time went on last.
    passed: Option<Instant>,
}

/// Where it is noted that the pointer is over the messages.
fn hovered() -> Id {
    Id::unique("toasts hovered")
}

impl Toasts {
    /// Says that something went well.
    pub fn good(&mut self, title: &str, text: impl Into<String>) -> &mut Toast {
        self.push(title, plain_quotes(&text.into()), false)
    }

    /// Says that something failed; `text` says what to do.
    pub fn bad(&mut self, title: &str, text: impl Into<String>) -> &mut Toast {
        self.push(title, plain_quotes(&text.into()), true)
    }

    fn push(&mut self, title: &str, text: String, bad: bool) -> &mut Toast {
        // A failure that repeats is shown once. Each that can be taken back stays: the same text may tell of another file.
        // What the pointer is over stays.
        let held = self.held.unwrap_or(0);
        self.shown.retain(|t| t.id <= held || t.undo.is_some() || t.title != title || t.text != text);
        while self.shown.iter().filter(|t| t.id > held).count() >= LIMIT {
            let first = |goes: fn(&Toast) -> bool| self.shown.iter().position(|t| t.id > held && goes(t));
            let goes = first(|t| !t.bad && t.undo.is_none()).or_else(|| first(|t| !t.bad));
            self.shown.remove(goes.or_else(|| first(|_| true)).unwrap_or(0));
        }
        self.next += 1;
        self.shown.push(Toast {
            id: self.next,
            title: title.to_owned(),
            text,
            bad,
            failed: None,
            thumbnail: None,
            folder: None,
            undo: None,
            since: Instant::now(),
        });
        let last = self.shown.len() - 1;
        &mut self.shown[last]
    }

    /// Takes a message away.
    pub fn dismiss(&mut self, id: u64) {
        self.shown.retain(|t| t.id != id);
    }

    /// Takes the failures of this away: it has succeeded.
    pub fn succeeded(&mut self, what: Failed) {
        self.shown.retain(|t| t.failed != Some(what));
    }

    /// The failure that was told last, if it is still on screen.
    #[must_use]
    pub fn newest_failure(&self) -> Option<u64> {
        self.shown.iter().rev().find(|t| t.bad).map(|t| t.id)
    }

    /// What takes back the newest thing that can be taken back.
    #[cfg(test)]
    pub fn newest_undo(&self) -> Option<Intent> {
        self.shown.iter().rev().find_map(|t| t.undo.clone())
    }

    /// Removes what was shown long enough.
    pub fn pass(&mut self, ctx: &egui::Context) {
        let over = ctx.data(|data| data.get_temp(hovered())).unwrap_or(false);
        self.pass_at(ctx, Instant::now(), over);
    }

    fn pass_at(&mut self, ctx: &egui::Context, now: Instant, over: bool) {
        let since_last =
            self.passed.replace(now).map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        if over {
            self.held.get_or_insert(self.next);
            for toast in &mut self.shown {
                toast.since += since_last;
            }
        } else if self.held.take().is_some() {
            // Those that waited push out older ones now.
            while self.shown.len() > LIMIT {
                let first = |goes: fn(&Toast) -> bool| self.shown.iter().position(goes);
                let goes = first(|t| !t.bad && t.undo.is_none()).or_else(|| first(|t| !t.bad));
                self.shown.remove(goes.unwrap_or(0));
            }
        }
        let left = |t: &Toast| {
            let stay = match t {
                Toast { bad: true, .. } => FAILURE_STAYS,
                Toast { undo: Some(_), thumbnail: Some(_), .. } => SNAPSHOT_STAYS,
                Toast { undo: Some(_), .. } => UNDO_STAYS,
                _ => STAY,
            };
            stay.saturating_sub(now.saturating_duration_since(t.since))
        };
        self.shown.retain(|t| !left(t).is_zero());
        if let Some(next) = self.shown.iter().map(left).min() {
            ctx.request_repaint_after(next + Duration::from_millis(20));
        }
    }

    /// Shows them, the newest lowest, above the bottom of `stage`.
    pub fn ui(&self, ui: &Ui, s: &Strings, stage: egui::Rect, out: &mut Vec<Intent>) {
        if self.shown.is_empty() {
            ui.ctx().data_mut(|data| data.remove::<bool>(hovered()));
            return;
        }
        let corner = stage.right_bottom() - vec2(16.0, 16.0);
        // Menus and dialogues lie over them.
        let area = Area::new(Id::unique("toasts"))
            .order(Order::Middle)
            .pivot(Align2::RIGHT_BOTTOM)
            .fixed_pos(corner)
            .show(ui.ctx(), |ui| {
                for toast in self.shown.iter().filter(|t| self.held.is_none_or(|held| t.id <= held)) {
                    toast_ui(ui, s, toast, out);
                }
            });
        let rect = area.response.rect;
        let over = ui.input(|i| {
            let is_used = i.pointer.time_since_last_movement() < RESTS;
            is_used && i.pointer.hover_pos().is_some_and(|at| rect.contains(at))
        });
        if over {
            ui.ctx().request_repaint_after(Duration::from_millis(500));
        }
        ui.ctx().data_mut(|data| data.insert_temp(hovered(), over));
    }
}

fn toast_ui(ui: &mut Ui, s: &Strings, toast: &Toast, out: &mut Vec<Intent>) {
    let p = palette(ui);
    let line = if toast.bad { p.bad } else { p.line };
    egui::Frame::new()
        .fill(p.raised)
        .stroke(egui::Stroke::new(1.0, line))
        .corner_radius(CARD_RADIUS)
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(12)
        .show(ui, |ui| {
            ui.set_width(340.0);
            ui.horizontal_top(|ui| {
                if let Some(image) = &toast.thumbnail {
                    let size = image.size_vec2();
                    let shown = size * (96.0 / size.x).min(72.0 / size.y);
                    ui.add(egui::Image::new((image.id(), shown)).corner_radius(6).alt_text(&toast.title));
                }
                ui.vertical(|ui| {
                    ui.set_width(ui.available_width() - 30.0);
                    ui.label(egui::RichText::new(&toast.title).color(p.strong));
                    ui.add(
                        egui::Label::new(egui::RichText::new(&toast.text).color(p.weak))
                            .wrap()
                            .selectable(true),
                    );
                    ui.horizontal_wrapped(|ui| {
                        if let Some(undo) = &toast.undo
                            && ui.button(s.library.undo).clicked()
                        {
                            out.push(undo.clone());
                            out.push(Intent::Window(WindowIntent::Dismiss(toast.id)));
                        }
                        if let Some(folder) = &toast.folder
                            && ui.button(s.show_folder).clicked()
                        {
                            out.push(Intent::Files(FilesIntent::OpenFolder(folder.clone())));
                        }
                    });
                });
                if sized_icon_button(ui, Icon::Close, s.dismiss, false, 24.0).clicked() {
                    out.push(Intent::Window(WindowIntent::Dismiss(toast.id)));
                }
            });
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_is_shown_once_and_few_at_all() {
        let mut toasts = Toasts::default();
        toasts.bad("a", "b");
        toasts.bad("a", "b");
        assert_eq!(toasts.shown.len(), 1);
        for n in 0..9 {
            toasts.good("n", n.to_string());
        }
        assert_eq!(toasts.shown.len(), LIMIT);
        let id = toasts.shown[0].id;
        toasts.dismiss(id);
        assert_eq!(toasts.shown.len(), LIMIT - 1);
    }

    #[test]
    fn a_failure_goes_by_itself_or_when_what_failed_succeeds() {
        let ctx = egui::Context::default();
        let mut toasts = Toasts::default();
        toasts.bad("not saved", "the disk is full");
        toasts.bad("not opened", "no such file").failed = Some(Failed::Model);
        toasts.good("copied", "");
        assert_eq!(toasts.newest_failure(), Some(2));
        toasts.succeeded(Failed::Snapshot);
        assert_eq!(toasts.newest_failure(), Some(2));
        toasts.succeeded(Failed::Model);
        assert_eq!(toasts.newest_failure(), Some(1));
        let now = Instant::now();
        toasts.pass_at(&ctx, now + STAY + Duration::from_secs(1), false);
        assert_eq!(toasts.shown.len(), 1, "the failure is still read");
        toasts.pass_at(&ctx, now + FAILURE_STAYS + Duration::from_secs(1), false);
        assert!(toasts.shown.is_empty());
    }

    #[test]
    fn good_news_pushes_out_neither_a_failure_nor_an_undo() {
        let ctx = egui::Context::default();
        let mut toasts = Toasts::default();
        let undo = || Some(Intent::Window(WindowIntent::Quit));
        toasts.bad("not imported", "no model");
        toasts.good("moved to trash", "a.onnx").undo = undo();
        toasts.good("moved to trash", "a.onnx").undo = undo();
        for n in 0..9 {
            toasts.good("n", n.to_string());
        }
        let ids = |toasts: &Toasts| toasts.shown.iter().map(|t| t.id).collect::<Vec<_>>();
        assert_eq!(ids(&toasts), [1, 2, 3, 12], "a file of the same name has an Undo of its own");
        let now = Instant::now();
        toasts.pass_at(&ctx, now + STAY + Duration::from_secs(1), false);
        assert_eq!(ids(&toasts), [1, 2, 3]);
        toasts.pass_at(&ctx, now + UNDO_STAYS + Duration::from_secs(1), false);
        assert_eq!(ids(&toasts), [1]);
    }

    #[test]
    fn messages_stay_where_they_are_while_the_pointer_is_over_them() {
        let ctx = egui::Context::default();
        let mut toasts = Toasts::default();
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        toasts.good("saved", "a").undo = Some(Intent::Window(WindowIntent::Quit));
        toasts.pass_at(&ctx, after(0), true);
        for n in 0..9 {
            toasts.good("n", n.to_string());
        }
        toasts.pass_at(&ctx, after(60), true);
        let visible = |toasts: &Toasts| {
            let shown = toasts.shown.iter().filter(|t| toasts.held.is_none_or(|held| t.id <= held));
            shown.map(|t| t.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(visible(&toasts), ["a"], "neither gone nor pushed up");
        toasts.pass_at(&ctx, after(61), false);
        assert_eq!(visible(&toasts).len(), LIMIT, "those that waited are shown now");
        toasts.pass_at(&ctx, after(61) + UNDO_STAYS, false);
        assert!(visible(&toasts).is_empty());
    }
}
