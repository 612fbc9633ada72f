//! The snapshot button's menu, and what is shown while it goes on.

use std::time::Duration;

use super::*;
use crate::app::intent::ShutterIntent;
use crate::app::{shutter_panel, toolbar};
use crate::save::{ShutterOptions, Take};
use crate::source::address::PATTERN;

fn overlay_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    let area = ui.max_rect();
    shutter_panel::overlay(ui, &bench.view(), area, area, &mut out);
    bench.intents.extend(out);
}

fn bar_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    toolbar::ui(ui, &bench.view(), &mut out);
    // What is chosen is what the menu shows next.
    for intent in &out {
        if let Intent::Shutter(ShutterIntent::Options(options)) = intent {
            bench.settings.shutter = options.clone();
        }
    }
    bench.intents.extend(out);
}

#[test]
fn what_the_button_takes_is_chosen_beside_it() {
    for language in [Language::English, Language::Chinese] {
        let w = &Strings::of(language).shutter;
        let bench = Bench { language, ..Bench::default() }.with_model().playing(PATTERN, Pace::Live);
        let mut harness = bench.shown(bar_of);
        press(&mut harness, w.menu);
        press(&mut harness, w.burst);
        press(&mut harness, &format!("3{}", w.seconds));
        press(&mut harness, w.tick);
        let chosen =
            ShutterOptions { take: Take::Burst, timer_s: 3, tick: true, ..ShutterOptions::default() };
        assert_eq!(harness.state().settings.shutter, chosen);
        press(&mut harness, w.appears);
        assert!(harness.query_by_label(w.appears_hint).is_some());
        harness.get_by_label_contains(w.copy).click();
        harness.run_steps(3);
        assert_eq!(harness.state().intents.last(), Some(&Intent::Shutter(ShutterIntent::CopyPicture)));
    }
}

#[test]
fn what_goes_on_is_shown_over_the_picture_and_can_be_stopped() {
    let soon = |ms| Instant::now() + Duration::from_millis(ms);
    for language in [Language::English, Language::Chinese] {
        let s = Strings::of(language);
        let shown = |shutter, saved| {
            let bench = Bench { language, shutter, saved, ..Bench::default() }.with_model();
            bench.playing(PATTERN, Pace::Live).shown(overlay_of)
        };
        let countdown = shown(Shutter::Countdown { ends: soon(8_900), told: 9 }, 0);
        assert!(countdown.query_by_label("9").is_some());
        let mut lapse = shown(Shutter::Lapse { next: soon(8_900) }, 12);
        assert!(lapse.query_by_label(&(s.shutter.lapsing)(12, 9)).is_some());
        press(&mut lapse, s.shutter.stop);
        assert_eq!(lapse.state().intents, [Intent::Shutter(ShutterIntent::Cancel)]);
        let waiting = shown(Shutter::Waiting, 0);
        assert!(waiting.query_by_label(&(s.shutter.waiting)(s.shutter.anything, 1)).is_some());
        let bar = Bench { language, shutter: Shutter::Waiting, ..Bench::default() }.shown(bar_of);
        assert!(bar.query_by_label(s.shutter.stop).is_some() && bar.query_by_label(s.snapshot).is_none());
    }
}
