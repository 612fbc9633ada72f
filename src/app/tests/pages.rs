//! The pages in the image's place.

use super::*;
use crate::app::intent::{Choose, FilesIntent, ModelIntent, SettingsIntent, SourceIntent};
use crate::app::pages;
use crate::app::reading::{Reading, Seen};
use crate::app::strings::{every_source_error, plain_quotes, source_page};
use crate::model::ModelError;
use crate::model::sidecar::Sidecar;
use crate::source::SourceError;
use crate::source::address::PATTERN;

fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    pages::ui(ui, &bench.view(), &mut out);
    bench.intents.extend(out);
}

#[test]
fn every_failing_source_has_a_page_with_its_fix_and_ways_on() {
    for language in [Language::English, Language::Chinese] {
        for error in every_source_error() {
            let text = source_page(language, &error);
            let address = Address::Camera { name: "UVC Camera".into(), bus: None };
            let source = SourceState::Failed { address, error: error.clone(), retrying: true };
            let mut harness = Bench { language, source, ..Bench::default() }.shown(page_of);
            for part in [&text.title, &text.explanation, &text.fix] {
                assert!(harness.query_all_by_label(part).next().is_some(), "{error}: {part}");
            }
            let s = Strings::of(language);
            for (button, intent) in [
                (s.try_again, Intent::Source(SourceIntent::TryAgain)),
                (s.image_or_video, Intent::Files(FilesIntent::Choose(Choose::File))),
                (s.folder_of_images, Intent::Files(FilesIntent::Choose(Choose::Folder))),
                (s.test_pattern, Intent::Source(SourceIntent::Open(PATTERN))),
            ] {
                press(&mut harness, button);
                assert_eq!(harness.state().intents.last(), Some(&intent), "{error}");
            }
        }
    }
}

#[test]
fn the_page_of_a_failing_camera_offers_the_others() {
    let bad = camera("Bad");
    let error = SourceError::Busy { name: "Bad".into(), by: None };
    let source = SourceState::Failed { address: bad.address(), error, retrying: true };
    let cameras = Cameras::listed(vec![bad, camera("Good")]);
    let mut harness = Bench { source, cameras, ..Bench::default() }.shown(page_of);
    assert!(harness.query_by_label("Bad").is_none());
    press(&mut harness, "Good");
    assert_eq!(harness.state().intents, [Intent::Source(SourceIntent::Open(camera("Good").address()))]);
}

#[test]
fn the_address_of_a_stream_that_fails_can_be_changed() {
    let stream = "rtsp://10.0.0.2/cam";
    let error = SourceError::StreamStalled { name: stream.into() };
    let source = SourceState::Failed { address: Address::Stream(stream.into()), error, retrying: true };
    let mut harness = Bench { source, ..Bench::default() }.shown(page_of);
    press(&mut harness, "Change address…");
    assert_eq!(harness.state().intents, [Intent::Files(FilesIntent::ChangeAddress(stream.into()))]);
}

#[test]
fn a_mirror_is_taken_over_when_it_is_an_address_and_told_when_it_is_none() {
    let shown = |bench: &mut Bench, ui: &mut Ui| {
        let mut out = Vec::new();
        crate::app::settings_page::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    };
    let mut harness = Bench::default().shown(shown);
    let typed = |harness: &mut Harness<'_, Bench>, text: &str| {
        let field = harness.get_by_label("Hugging Face mirror");
        field.focus();
        field.type_text(text);
        harness.run_steps(4);
    };
    typed(&mut harness, "mirror");
    let wrong = "This isn't the address of a mirror; one looks like https://hf-mirror.com.";
    assert!(harness.query_by_label(wrong).is_some() && harness.state().intents.is_empty());
    typed(&mut harness, ".example.org");
    let set = Intent::Settings(SettingsIntent::HubMirror(Some("https://mirror.example.org".into())));
    assert_eq!(harness.state().intents.last(), Some(&set));
    assert!(harness.query_by_label(wrong).is_none());
}

/// The page "Configure model" of a file that can't be understood, with this choice.
fn configured(chosen: &Sidecar) -> Harness<'static, Bench> {
    let mut bench = Bench::default();
    let path = std::path::PathBuf::from("/models/odd.onnx");
    let error = ModelError::NotUnderstood { path: path.clone(), reason: "nothing fits".into() };
    bench.model.failed = Some((path, Arc::new(error)));
    bench.text = if *chosen == Sidecar::default() { String::new() } else { "bgr".into() };
    bench.shown(|bench, ui| {
        let path = std::path::Path::new("/models/odd.onnx");
        let mut reading = Reading::new(path, Sidecar::default());
        reading.seen = Seen::Failed(ModelError::NoFile { path: path.into() });
        if !bench.text.is_empty() {
            reading.chosen.order = Some(ColourOrder::Bgr);
        }
        let mut out = Vec::new();
        reading.ui(ui, &bench.view(), &mut out, |_, _, _| {});
        bench.intents.extend(out);
    })
}

#[test]
fn nothing_is_saved_beside_a_model_before_something_was_chosen() {
    use egui_kittest::kittest::NodeT as _;
    let disabled = |harness: &Harness<'_, Bench>| {
        harness.get_by_label("Save next to model").accesskit_node().is_disabled()
    };
    assert!(disabled(&configured(&Sidecar::default())));
    let chosen = Sidecar { order: Some(ColourOrder::Bgr), ..Sidecar::default() };
    assert!(!disabled(&configured(&chosen)));
}

#[test]
fn a_missing_runtime_is_said_with_the_way_to_get_it() {
    let mut bench = Bench::default().playing(PATTERN, Pace::Live);
    let error = ModelError::NoRuntime { reason: None, searched: Vec::new() };
    let fix = plain_quotes(&error.fix());
    bench.model.failed = Some(("/m.onnx".into(), Arc::new(error)));
    let mut harness = bench.shown(|bench, ui| {
        let mut out = Vec::new();
        pages::runtime_banner(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    });
    assert!(harness.query_by_label(&fix).is_some());
    press(&mut harness, "Try again");
    assert_eq!(harness.state().intents, [Intent::Model(ModelIntent::Open("/m.onnx".into()))]);
}

#[test]
fn a_window_that_crashed_while_it_started_says_so_and_can_open_what_it_had() {
    for language in [Language::English, Language::Chinese] {
        let s = Strings::of(language);
        let mut harness = Bench { language, safe: true, ..Bench::default() }.shown(page_of);
        assert!(harness.query_by_label(s.started_safely).is_some());
        assert!(harness.query_by_label(s.started_safely_text).is_some());
        press(&mut harness, s.open_remembered);
        let wanted = [Intent::Window(crate::app::intent::WindowIntent::OpenRemembered)];
        assert_eq!(harness.state().intents, wanted);
        let harness = Bench { language, ..Bench::default() }.shown(page_of);
        assert!(harness.query_by_label(s.open_remembered).is_none());
    }
}
