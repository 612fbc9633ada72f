//! The dialogue that deploys a model for an inference server.

use std::path::PathBuf;

use egui_kittest::kittest::NodeT as _;

use super::*;
use crate::app::deployment::DeployOrder;
use crate::app::intent::{Choose, FilesIntent, LibraryIntent, WindowIntent};
use crate::deploy::{DeployError, Deployed, Note, Target};

fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let (mut page, mut out) = (std::mem::take(&mut bench.library), Vec::new());
    page.ui(ui, &bench.view(), &mut out);
    // What the controller does.
    for intent in &out {
        if let Intent::Library(LibraryIntent::DeployInto(folder)) = intent {
            page.deploy_into(folder);
        }
    }
    bench.library = page;
    bench.intents.extend(out.into_iter().filter(|intent| !matches!(intent, Intent::Servers(_))));
}

fn bench(language: Language) -> Bench {
    Bench { language, models: vec![listed_model("行人 v1", Task::Detect, None)], ..Bench::default() }
}

/// The dialogue of the only model, with a folder.
fn opened(bench: Bench) -> Harness<'static, Bench> {
    let strings = Strings::of(bench.language);
    let mut harness = bench.shown(page_of);
    press(&mut harness, strings.library.more);
    press(&mut harness, strings.library.deploy);
    harness.state_mut().library.deploy_into("/srv/models".as_ref());
    harness.run_steps(2);
    harness
}

fn order() -> DeployOrder {
    DeployOrder {
        model: "/models/行人 v1.onnx".into(),
        title: "行人 v1".into(),
        target: Target::Triton,
        name: "行人 v1".into(),
        python: false,
        gpu: false,
        folder: "/srv/models".into(),
    }
}

fn deploys(order: DeployOrder, replace: bool) -> Intent {
    Intent::Library(LibraryIntent::Deploy { order: Box::new(order), replace })
}

#[test]
fn server_name_and_folder_are_asked_before_anything_is_written() {
    let strings = Strings::of(Language::English);
    let mut harness = bench(Language::English).shown(page_of);
    press(&mut harness, "More");
    press(&mut harness, "Deploy to a server…");
    // The dialogue comes to rest in the middle.
    harness.run_steps(6);
    assert!(harness.get_by_label("Deploy").accesskit_node().is_disabled(), "no folder yet");
    press(&mut harness, "Choose folder…");
    assert_eq!(harness.state().intents, [Intent::Files(FilesIntent::Choose(Choose::DeployFolder))]);
    harness.state_mut().library.deploy_into("/srv/models".as_ref());
    harness.run_steps(2);
    // What the server doesn't take is told before.
    assert!(harness.query_by_label(&(strings.deploy.becomes)("xing_ren_v1")).is_some());
    press(&mut harness, strings.deploy.python);
    press(&mut harness, "Run on a GPU");
    press(&mut harness, "Deploy");
    let wanted = DeployOrder { python: true, gpu: true, ..order() };
    assert_eq!(harness.state().intents.last(), Some(&deploys(wanted, false)));
    press(&mut harness, "KServe");
    assert!(harness.query_by_label(strings.deploy.python).is_none(), "Triton's alone");
    press(&mut harness, "Cancel");
    assert_eq!(harness.state().intents.last(), Some(&Intent::Library(LibraryIntent::DeployClosed)));
    assert!(harness.query_by_label("Run on a GPU").is_none());
    // The next time begins with the same server and folder.
    press(&mut harness, "More");
    press(&mut harness, "Deploy to a server…");
    harness.run_steps(6);
    press(&mut harness, "Deploy");
    let wanted = DeployOrder { target: Target::KServe, python: true, gpu: true, ..order() };
    assert_eq!(harness.state().intents.last(), Some(&deploys(wanted, false)));
}

#[test]
fn another_content_is_replaced_only_by_what_failed_and_only_on_request() {
    let exists = || DeployError::Exists { path: "/srv/models/xing_ren_v1".into() };
    let mut harness = opened(bench(Language::English));
    harness.state_mut().deployment = Deployment::Failed(Box::new(order()), exists());
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("/srv/models/xing_ren_v1\" exists already").is_some());
    assert!(harness.query_by_label_contains("--force").is_none(), "no option of the command");
    press(&mut harness, "Replace");
    assert_eq!(harness.state().intents.last(), Some(&deploys(order(), true)));
    // With other settings it would be another deployment that is replaced.
    press(&mut harness, "OpenVINO Model Server");
    assert!(harness.query_by_label("Replace").is_none());
    press(&mut harness, "Triton");
    let folder = DeployError::NotDeployed { path: "/srv/models/xing_ren_v1".into() };
    harness.state_mut().deployment = Deployment::Failed(Box::new(order()), folder);
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("isn’t replaced").is_some());
    assert!(harness.query_by_label("Replace").is_none(), "a stranger's folder isn't offered");
}

fn deployed() -> Box<Deployed> {
    let folder = PathBuf::from("/srv/models");
    Box::new(Deployed {
        name: "xing_ren_v1".into(),
        files: vec!["config.json".into()],
        start: vec!["python /srv/models/start.py".into(), format!("docker run {}", "--long ".repeat(40))],
        addresses: vec![
            "oip://localhost:8000/xing_ren_v1".into(),
            "grpc://localhost:9000/xing_ren_v1".into(),
        ],
        notes: vec![
            Note::Renamed { from: "行人 v1".into(), to: "xing_ren_v1".into() },
            Note::Description { file: folder.join("xing_ren_v1.sightline.json"), name: "xing_ren_v1".into() },
        ],
        folder,
    })
}

#[test]
fn how_the_server_is_started_can_be_copied_and_the_notes_are_told_in_both_languages() {
    for (language, note) in
        [(Language::English, "can’t tell what the model is"), (Language::Chinese, "无法说明模型是什么")]
    {
        let strings = Strings::of(language);
        let mut harness = opened(bench(language));
        harness.state_mut().deployment = Deployment::Done(Box::new(order()), deployed());
        harness.run_steps(3);
        assert!(harness.query_by_label_contains(note).is_some(), "{note}");
        assert!(harness.query_by_label("python /srv/models/start.py").is_some());
        let copied = |text: &str| Intent::Window(WindowIntent::CopyText(text.into()));
        for (number, text) in
            ["python /srv/models/start.py", "oip://localhost:8000/xing_ren_v1"].iter().enumerate()
        {
            // Its own button says so after it was copied.
            harness.get_all_by_label(strings.copy).nth(number).unwrap().click();
            harness.run_steps(3);
            assert_eq!(harness.state().intents.last(), Some(&copied(text)));
            assert_eq!(harness.query_all_by_label(strings.copied).count(), 1);
        }
        harness.get_by_label(strings.show_folder).click();
        harness.run_steps(2);
        let shown = Intent::Files(FilesIntent::OpenFolder("/srv/models".into()));
        assert_eq!(harness.state().intents.last(), Some(&shown));
        press(&mut harness, strings.close);
        assert_eq!(harness.state().intents.last(), Some(&Intent::Library(LibraryIntent::DeployClosed)));
    }
}

#[test]
fn one_model_is_written_at_a_time_and_the_dialogue_can_be_closed_meanwhile() {
    let mut harness = opened(bench(Language::English));
    harness.state_mut().deployment = Deployment::Writing(Box::new(order()));
    harness.run_steps(3);
    assert!(harness.query_by_label("Writing the files…").is_some());
    press(&mut harness, "Close");
    assert_eq!(harness.state().intents, [Intent::Library(LibraryIntent::DeployClosed)]);
    let other = DeployOrder { model: "/models/other.onnx".into(), title: "other".into(), ..order() };
    let mut harness = opened(bench(Language::English));
    harness.state_mut().deployment = Deployment::Writing(Box::new(other));
    harness.run_steps(3);
    assert!(harness.get_by_label("Deploy").accesskit_node().is_disabled());
    assert!(harness.query_by_label("other is being written. Wait until that is done.").is_some());
}
