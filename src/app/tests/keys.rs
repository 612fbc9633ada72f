//! The keys and the sheet that names them.

use egui::{Key, Modifiers};

use super::*;
use crate::app::intent::{
    Choose, CompareIntent, FilesIntent, ModelIntent, ResultIntent, SettingsIntent, ShutterIntent,
    SourceIntent, WindowIntent,
};
use crate::app::{help, keys};
use crate::source::address::PATTERN;

fn keys_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    keys::read(ui.ctx(), &bench.view(), &mut out);
    bench.intents.extend(out);
    let response = ui.text_edit_singleline(&mut bench.text);
    response.accessible_name("text");
    ui.label("rest");
}

fn pressed(bench: Bench, keys: &[(Modifiers, Key)]) -> Vec<Intent> {
    let mut harness = bench.shown(keys_of);
    for (modifiers, key) in keys {
        harness.key_press_modifiers(*modifiers, *key);
        harness.run_steps(1);
    }
    harness.into_state().intents
}

#[test]
fn keys_do_what_the_help_sheet_says() {
    let plain = |key| (Modifiers::NONE, key);
    let live = || Bench::default().playing(PATTERN, Pace::Live);
    let all = [
        plain(Key::Space),
        plain(Key::P),
        plain(Key::H),
        plain(Key::C),
        plain(Key::F),
        plain(Key::M),
        (Modifiers::SHIFT, Key::M),
        plain(Key::Num3),
        plain(Key::F11),
        plain(Key::F9),
        (Modifiers::COMMAND, Key::Comma),
        plain(Key::F1),
        (Modifiers::COMMAND, Key::O),
        (Modifiers::COMMAND, Key::Q),
    ];
    assert_eq!(
        pressed(live(), &all),
        [
            Intent::Shutter(ShutterIntent::Press),
            Intent::Source(SourceIntent::Pause(true)),
            Intent::Settings(SettingsIntent::Figures(true)),
            Intent::Compare(CompareIntent::Show(true)),
            Intent::Settings(SettingsIntent::Mirror(true)),
            Intent::Model(ModelIntent::Next { back: false }),
            Intent::Model(ModelIntent::Next { back: true }),
            Intent::Source(SourceIntent::CameraNumber(2)),
            Intent::Window(WindowIntent::FullScreen(true)),
            Intent::Settings(SettingsIntent::SidePanel(false)),
            Intent::Window(WindowIntent::Show(Page::Settings)),
            Intent::Window(WindowIntent::Help(true)),
            Intent::Files(FilesIntent::Choose(Choose::File)),
            Intent::Window(WindowIntent::Quit),
        ]
    );
    let video = |position| {
        let mut bench = Bench::default().playing(Address::Video("/a.mp4".into()), Pace::Video);
        bench.position = Some(position);
        bench
    };
    let arrows = [plain(Key::ArrowRight), plain(Key::ArrowLeft)];
    assert_eq!(
        pressed(video(20.0), &arrows),
        [Intent::Source(SourceIntent::Seek(25.0)), Intent::Source(SourceIntent::Seek(15.0))]
    );
    let mut paused = Bench::default().paused(Address::Video("/a.mp4".into()), Pace::Video);
    paused.position = Some(1.0);
    assert_eq!(
        pressed(paused, &arrows),
        [Intent::Source(SourceIntent::Step), Intent::Source(SourceIntent::StepBack)]
    );
    let folder = Bench::default().playing(Address::Folder("/f".into()), Pace::Stills);
    assert_eq!(
        pressed(folder, &arrows),
        [Intent::Source(SourceIntent::Skip(1)), Intent::Source(SourceIntent::Skip(-1))]
    );
    assert_eq!(pressed(live(), &arrows), []);
}

#[test]
fn escape_leaves_what_is_uppermost() {
    let escape = [(Modifiers::NONE, Key::Escape)];
    let full = || Bench { full_screen: true, ..Bench::default() };
    assert_eq!(pressed(Bench { help: true, ..full() }, &escape), [Intent::Window(WindowIntent::Help(false))]);
    assert_eq!(
        pressed(Bench { page: Page::Settings, ..full() }, &escape),
        [Intent::Window(WindowIntent::Show(Page::Stage))]
    );
    assert_eq!(pressed(full(), &escape), [Intent::Window(WindowIntent::FullScreen(false))]);
    let comparing = || Bench { comparing: true, ..Bench::default() };
    assert_eq!(
        pressed(Bench { full_screen: true, ..comparing() }, &escape),
        [Intent::Window(WindowIntent::FullScreen(false))]
    );
    assert_eq!(pressed(comparing(), &escape), [Intent::Compare(CompareIntent::Show(false))]);
    let over_page = || Bench { page: Page::Library, ..Bench::default() };
    let failed = Bench { failure_shown: Some(7), ..over_page() };
    assert_eq!(pressed(failed, &escape), [Intent::Window(WindowIntent::Dismiss(7))], "not the page beneath");
    // egui takes the focus from a text and closes a dialogue before the keys are read.
    assert_eq!(pressed(Bench { typing: true, ..over_page() }, &escape), []);
    assert_eq!(pressed(Bench { menu_open: true, ..over_page() }, &escape), []);
    assert_eq!(pressed(Bench::default(), &escape), []);
}

#[test]
#[expect(clippy::large_stack_arrays, reason = "a few benches at once")]
fn brackets_move_the_confidence_and_nothing_happens_while_typing() {
    let mut harness = Bench::default().playing(PATTERN, Pace::Live).shown(keys_of);
    harness.event(egui::Event::Text("[".into()));
    harness.event(egui::Event::Text("]".into()));
    harness.run_steps(1);
    let conf: Vec<_> = std::mem::take(&mut harness.state_mut().intents);
    assert_eq!(conf, [Intent::Result(ResultIntent::Conf(0.2)), Intent::Result(ResultIntent::Conf(0.3))]);
    for covered in
        [Bench { page: Page::Library, ..Bench::default() }, Bench { help: true, ..Bench::default() }]
    {
        let mut harness = covered.shown(keys_of);
        harness.event(egui::Event::Text("[".into()));
        harness.run_steps(1);
        assert_eq!(harness.state().intents, [], "nobody sees what they change");
    }
    harness.get_by_label("text").focus();
    harness.run_steps(2);
    harness.event(egui::Event::Text("[".into()));
    harness.key_press(Key::H);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    assert_eq!(harness.state().intents, []);
}

#[test]
fn the_help_sheet_names_every_key_in_both_languages() {
    for language in [Language::English, Language::Chinese] {
        let harness = Bench { language, ..Bench::default() }.shown(|bench, ui| {
            let mut out = Vec::new();
            help::ui(ui, Strings::of(bench.language), &mut out);
            bench.intents.extend(out);
        });
        for (_, text) in help::rows(Strings::of(language)) {
            assert!(harness.query_all_by_label(text).next().is_some(), "{text}");
        }
    }
}

#[test]
fn an_open_menu_gets_the_keys() {
    fn with_menu(bench: &mut Bench, ui: &mut Ui) {
        let mut out = Vec::new();
        keys::read(ui.ctx(), &bench.view(), &mut out);
        bench.intents.extend(out);
        ui.menu_button("menu", |ui| ui.label("an entry"));
        bench.menu_open = ui.ctx().any_popup_open();
    }
    let mut harness = Bench::default().playing(PATTERN, Pace::Live).shown(with_menu);
    harness.get_by_label("menu").click();
    harness.run_steps(2);
    for key in [Key::P, Key::M, Key::Escape] {
        harness.key_press(key);
        harness.run_steps(1);
    }
    // Escape has closed the menu.
    assert_eq!(harness.state().intents, []);
    harness.run_steps(2);
    harness.key_press(Key::P);
    harness.run_steps(1);
    assert_eq!(harness.state().intents, [Intent::Source(SourceIntent::Pause(true))]);
}

#[test]
fn the_snapshot_buttons_keys_begin_stop_and_copy() {
    let plain = |key| (Modifiers::NONE, key);
    let shutter = |intent| Intent::Shutter(intent);
    let all = [plain(Key::Space), (Modifiers::SHIFT, Key::Space), plain(Key::S)];
    assert_eq!(
        pressed(Bench::default(), &all),
        [shutter(ShutterIntent::Press), shutter(ShutterIntent::TakeNow), shutter(ShutterIntent::Menu)]
    );
    let now = Instant::now();
    let escape = [plain(Key::Escape)];
    let countdown = Shutter::Countdown { ends: now, told: 3 };
    let full = |shutter| Bench { shutter, full_screen: true, ..Bench::default() };
    assert_eq!(pressed(full(countdown), &escape), [shutter(ShutterIntent::Cancel)]);
    let lapse = Shutter::Lapse { next: now };
    let left = [Intent::Window(WindowIntent::FullScreen(false))];
    assert_eq!(pressed(full(lapse), &escape), left, "a time lapse isn't ended by accident");
    let copied = |bench: Bench| {
        let mut harness = bench.shown(keys_of);
        harness.event(egui::Event::Copy);
        harness.run_steps(2);
        harness.into_state().intents
    };
    assert_eq!(copied(Bench::default()), [shutter(ShutterIntent::CopyPicture)]);
    assert_eq!(copied(Bench { page: Page::Settings, ..Bench::default() }), []);
}

#[test]
fn escape_leaves_the_large_picture_before_the_gallery() {
    let escape = [(Modifiers::NONE, Key::Escape)];
    let gallery = || Bench { page: Page::Gallery, ..Bench::default() };
    assert_eq!(pressed(gallery(), &escape), [Intent::Window(WindowIntent::Show(Page::Stage))]);
    let mut open = gallery();
    let item = Arc::new(crate::gallery::Item::default());
    open.gallery.open = Some(crate::app::gallery::Large::new(item));
    assert_eq!(pressed(open, &escape), [Intent::Gallery(crate::app::intent::GalleryIntent::Back)]);
    let shown = [Intent::Window(WindowIntent::Show(Page::Gallery))];
    assert_eq!(pressed(Bench::default(), &[(Modifiers::NONE, Key::G)]), shown);
}

#[test]
fn beside_the_inside_only_keys_work_whose_effect_is_seen() {
    let plain = |key| (Modifiers::NONE, key);
    let shown = |page| Intent::Window(WindowIntent::Show(page));
    assert_eq!(pressed(Bench::default(), &[plain(Key::I)]), [shown(Page::Inside)]);
    let inside = || Bench { page: Page::Inside, ..Bench::default() };
    assert_eq!(pressed(inside(), &[plain(Key::I)]), [shown(Page::Stage)]);
    assert_eq!(pressed(inside(), &[plain(Key::Escape)]), [shown(Page::Stage)]);
    let unseen = [plain(Key::Z), plain(Key::C), plain(Key::Space), plain(Key::R), plain(Key::K)];
    assert_eq!(pressed(inside(), &unseen), []);
    let playing = inside().playing(PATTERN, Pace::Live);
    assert_eq!(pressed(playing, &[plain(Key::P)]), [Intent::Source(SourceIntent::Pause(true))]);
    let mut enlarged = inside();
    enlarged.inside.order.channel = Some(3);
    let back = Intent::Inside(crate::app::intent::InsideIntent::Back);
    assert_eq!(pressed(enlarged, &[plain(Key::Escape)]), [back]);
}
