//! The pages in the image's place.

use super::*;
use crate::app::intent::{Choose, FilesIntent, ModelIntent, SourceIntent};
use crate::app::pages;
use crate::app::strings::{every_source_error, plain_quotes, source_page};
use crate::model::ModelError;
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
