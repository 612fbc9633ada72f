//! Keys to intents. Keys do nothing while text is being typed, or a menu or a dialogue is open.

use egui::text_selection::LabelSelectionState;
use egui::{self, Event, Key};

use super::intent::{
    Choose, CompareIntent, DatasetIntent, FilesIntent, GalleryIntent, InsideIntent, Intent, ModelIntent,
    Page, RecordIntent, ResultIntent, SettingsIntent, ShutterIntent, SourceIntent, WindowIntent, ZonesIntent,
};
use super::view::View;
use crate::engine::SourceState;
use crate::source::Pace;

/// How far `[` and `]` move the confidence threshold, `{` and `}` the IoU threshold.
const STEP: f32 = 0.05;

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// The keys that work while the inside of the model is shown beside the preview.
const BESIDE_INSIDE: [Key; 7] = [Key::I, Key::P, Key::ArrowLeft, Key::ArrowRight, Key::M, Key::F, Key::L];

/// Reads the keys that were pressed since the last pass.
pub fn read(ctx: &egui::Context, view: &View<'_>, out: &mut Vec<Intent>) {
    let (page, help) = (view.page, view.help);
    let typing = ctx.text_edit_focused();
    let menu = view.menu_open;
    // Something covers the preview, and plain keys would change it unseen.
    let covered = help
        || matches!(
            page,
            Page::Settings
                | Page::Library
                | Page::Events
                | Page::Gallery
                | Page::Dataset
                | Page::Lessons
                | Page::Teach
        );
    // A focused button or slider takes Space and the arrows for itself.
    let widget = ctx.memory(|m| m.focused().is_some());
    let selected = ctx.plugin::<LabelSelectionState>().lock().has_selection();
    ctx.input(|input| {
        for event in &input.events {
            match event {
                Event::Key { key, pressed: true, repeat, modifiers, .. } => {
                    let plain = !modifiers.ctrl && !modifiers.alt && !modifiers.command && !modifiers.mac_cmd;
                    match key {
                        Key::F1 if modifiers.shift && !repeat && !menu => {
                            let to = if *page == Page::Lessons { Page::Stage } else { Page::Lessons };
                            out.push(Intent::Window(WindowIntent::Help(false)));
                            out.push(Intent::Window(WindowIntent::Show(to)));
                        }
                        Key::F1 if !repeat && !modifiers.shift => {
                            out.push(Intent::Window(WindowIntent::Help(!help)));
                        }
                        Key::F11 if !repeat => {
                            out.push(Intent::Window(WindowIntent::FullScreen(!view.full_screen)));
                        }
                        Key::Escape if view.editing && !help && *page == Page::Stage => {}
                        Key::Escape if view.dataset.holds_escape && !help && *page == Page::Dataset => {}
                        Key::Escape if view.teach.holds_escape && !help && *page == Page::Teach => {}
                        Key::Escape if !menu && !typing && !view.typing => {
                            out.extend(escape(view, page, help));
                        }
                        Key::F9 if !repeat && !menu && *page == Page::Stage => {
                            let shown = view.settings.side_panel;
                            out.push(Intent::Settings(SettingsIntent::SidePanel(!shown)));
                        }
                        Key::Comma if modifiers.command && !repeat && !menu => {
                            let to = if *page == Page::Settings { Page::Stage } else { Page::Settings };
                            out.push(Intent::Window(WindowIntent::Show(to)));
                        }
                        Key::Z
                            if modifiers.command
                                && view.editing
                                && *page == Page::Stage
                                && !typing
                                && !menu =>
                        {
                            let back = !modifiers.shift;
                            out.push(Intent::Zones(if back { ZonesIntent::Undo } else { ZonesIntent::Redo }));
                        }
                        Key::Q if modifiers.command && !repeat => {
                            out.push(Intent::Window(WindowIntent::Quit));
                        }
                        Key::O if modifiers.command && !repeat => {
                            out.push(Intent::Files(FilesIntent::Choose(Choose::File)));
                        }
                        _ if typing || menu || !plain || covered => {}
                        Key::ArrowLeft | Key::ArrowRight if view.editing => {}
                        Key::Space | Key::ArrowLeft | Key::ArrowRight if widget => {}
                        // Only what is seen beside the inside is changed there.
                        _ if *page == Page::Inside && !BESIDE_INSIDE.contains(key) => {}
                        _ => out.extend(plain_key(view, *key, modifiers.shift, *repeat)),
                    }
                }
                // A text that is selected is what is meant.
                Event::Copy if !typing && !menu && !covered && *page == Page::Stage && !selected => {
                    out.push(Intent::Shutter(ShutterIntent::CopyPicture));
                }
                // Where these signs lie differs from keyboard to keyboard: take the text, not the key.
                Event::Text(text) if !typing && !menu => {
                    match text.as_str() {
                        "?" => out.push(Intent::Window(WindowIntent::Help(!help))),
                        _ if covered => {}
                        "[" => out.push(Intent::Result(ResultIntent::Conf(
                            (view.thresholds.conf - STEP).max(0.01),
                        ))),
                        "{" => out
                            .push(Intent::Result(ResultIntent::Iou((view.thresholds.iou - STEP).max(0.05)))),
                        "}" => out
                            .push(Intent::Result(ResultIntent::Iou((view.thresholds.iou + STEP).min(0.95)))),
                        "]" => out.push(Intent::Result(ResultIntent::Conf(
                            (view.thresholds.conf + STEP).min(0.99),
                        ))),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    });
}

/// Escape closes what lies on top.
fn escape(view: &View<'_>, page: &Page, help: bool) -> Option<Intent> {
    if help {
        Some(Intent::Window(WindowIntent::Help(false)))
    } else if *page == Page::Stage && view.shutter.shutter.is_active() && !view.shutter.shutter.is_patient() {
        Some(Intent::Shutter(ShutterIntent::Cancel))
    } else if let Some(failure) = view.failure_shown {
        Some(Intent::Window(WindowIntent::Dismiss(failure)))
    } else if *page == Page::Gallery && view.gallery_has_layer {
        Some(Intent::Gallery(GalleryIntent::Back))
    } else if *page == Page::Inside && view.inside_has_layer {
        Some(Intent::Inside(InsideIntent::Back))
    } else if *page != Page::Stage {
        Some(Intent::Window(WindowIntent::Show(Page::Stage)))
    } else if view.full_screen {
        Some(Intent::Window(WindowIntent::FullScreen(false)))
    } else {
        view.comparing.then_some(Intent::Compare(CompareIntent::Show(false)))
    }
}

fn plain_key(view: &View<'_>, key: Key, shift: bool, repeat: bool) -> Option<Intent> {
    match key {
        Key::ArrowLeft => return arrow(view, -1),
        Key::ArrowRight => return arrow(view, 1),
        _ if repeat => return None,
        _ => {}
    }
    if let Some(n) = DIGITS.iter().position(|d| *d == key) {
        // In a lesson a digit is an answer, typed beside the field.
        let is_free = !shift && view.lessons.course.is_none();
        return is_free.then_some(Intent::Source(SourceIntent::CameraNumber(n)));
    }
    match key {
        Key::Space if shift => Some(Intent::Shutter(ShutterIntent::TakeNow)),
        Key::Space => Some(Intent::Shutter(ShutterIntent::Press)),
        Key::S => Some(Intent::Shutter(ShutterIntent::Menu)),
        Key::R => Some(Intent::Record(if shift { RecordIntent::SaveLast } else { RecordIntent::Toggle })),
        Key::P => match view.source {
            SourceState::Playing { .. } => Some(Intent::Source(SourceIntent::Pause(true))),
            SourceState::Paused { .. } => Some(Intent::Source(SourceIntent::Pause(false))),
            SourceState::Ended { .. } => Some(Intent::Source(SourceIntent::Seek(0.0))),
            _ => None,
        },
        Key::H => Some(Intent::Settings(SettingsIntent::Figures(!view.settings.figures))),
        Key::C => Some(Intent::Compare(CompareIntent::Show(!view.comparing))),
        Key::F => Some(Intent::Settings(SettingsIntent::Mirror(!view.mirrored))),
        Key::E => Some(Intent::Window(WindowIntent::Show(Page::Events))),
        Key::D => Some(Intent::Window(WindowIntent::Show(Page::Dataset))),
        Key::K => Some(Intent::Dataset(DatasetIntent::Collect)),
        Key::Z if view.has_image => Some(Intent::Zones(ZonesIntent::Edit(!view.editing))),
        Key::T => Some(Intent::Window(WindowIntent::Show(Page::Teach))),
        Key::G => Some(Intent::Window(WindowIntent::Show(Page::Gallery))),
        Key::I => {
            let to = if *view.page == Page::Inside { Page::Stage } else { Page::Inside };
            Some(Intent::Window(WindowIntent::Show(to)))
        }
        Key::L => Some(Intent::Window(WindowIntent::Show(Page::Library))),
        Key::M => Some(Intent::Model(ModelIntent::Next { back: shift })),
        _ => None,
    }
}

/// One image of a folder; one frame of a paused video forward, else five seconds.
fn arrow(view: &View<'_>, direction: i32) -> Option<Intent> {
    match view.pace()? {
        Pace::Live => None,
        Pace::Stills => Some(Intent::Source(SourceIntent::Skip(direction))),
        Pace::Video if view.is_paused() && direction > 0 => Some(Intent::Source(SourceIntent::Step)),
        Pace::Video if view.is_paused() => Some(Intent::Source(SourceIntent::StepBack)),
        Pace::Video => view.seek_end().map(|_| {
            let to = view.position.unwrap_or(0.0) + f64::from(direction) * 5.0;
            Intent::Source(SourceIntent::Seek(to.max(0.0)))
        }),
    }
}
