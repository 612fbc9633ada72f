//! Opening a project, which takes its time, and what is chosen in file dialogues.

use super::*;
use crate::app::controllers::files::FilesController;
use crate::app::intent::Choose;
use crate::app::strings::teach_error;
use crate::app::teach::state::ExportState;
use crate::learn::teach::TeachError;
use crate::model::labels::Language;

/// A folder of two classes, one of them with so many images. Nobody reads them.
fn large(folder: &Path, count: usize) -> PathBuf {
    let root = folder.join("large");
    for (class, count) in [("a", count), ("b", 1)] {
        std::fs::create_dir_all(root.join(class)).unwrap();
        for n in 0..count {
            std::fs::write(root.join(class).join(format!("{n}.png")), "").unwrap();
        }
    }
    root
}

#[test]
fn a_project_that_is_being_opened_holds_up_nothing_and_is_opened_when_the_page_comes_back() {
    let mut rig = Rig::new();
    let root = large(rig.dir.path(), 3000);
    rig.apply(TeachIntent::Close);
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
    rig.apply(TeachIntent::Open(root.clone()));
    assert!(rig.own.page.opening);
    assert!(rig.own.may_quit(&rig.core), "there is nothing to save");
    // The page is left while it is opened.
    rig.core.page = Page::Stage;
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
    assert!(!rig.own.page.opening);
    assert!(rig.core.toasts.newest_failure().is_none(), "the user ended it");
    rig.core.page = Page::Teach;
    rig.wait("the project", |rig| rig.own.page.project.is_some());
    assert_eq!(rig.root(), root);
    assert_eq!(rig.counts(), [3000, 1]);
    // It is given up, and something else is opened.
    rig.apply(TeachIntent::Close);
    rig.apply(TeachIntent::Open(root));
    rig.apply(TeachIntent::Close);
    assert!(!rig.own.page.opening && rig.own.page.error.is_none());
    rig.apply(TeachIntent::Create("another".into()));
    rig.settle();
    assert_eq!(rig.own.page.names(), [""; 0]);
    assert!(rig.core.toasts.newest_failure().is_none());
}

#[test]
fn a_change_that_waits_for_the_opening_is_made_although_the_page_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let root = large(dir.path(), 500);
    let desk = Desk::start(root.clone(), Arc::new(|| ())).unwrap();
    assert!(desk.order(Order::Open(root.clone())) && desk.order(Order::AddClass("c".into())));
    let desk = desk.close();
    let begin = Instant::now();
    while !desk.is_finished() {
        assert!(begin.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!((desk.pending(), desk.unsaved()), (0, 0));
    assert_eq!(Project::open(&root).unwrap().project.names(), ["a", "b", "c"]);
}

#[test]
fn several_files_of_one_dialogue_are_several_examples() {
    let mut rig = Rig::new();
    rig.apply(TeachIntent::AddClass("a".into()));
    rig.settle();
    let files = (0..3).map(|n| image(rig.dir.path(), &format!("{n}.png"), [n * 60; 3])).collect();
    let mut dialogues = FilesController::default();
    dialogues.chosen(Choose::TeachFiles(rig.id(0)), files, &mut rig.core);
    dialogues.chosen(Choose::TeachFiles(rig.id(0)), Vec::new(), &mut rig.core);
    let intents = std::mem::take(&mut rig.core.intents);
    assert_eq!(intents.len(), 1, "a dialogue that is closed adds nothing: {intents:?}");
    for intent in intents {
        let Intent::Teach(intent) = intent else { panic!("{intent:?}") };
        rig.apply(intent);
    }
    rig.settle();
    assert_eq!(rig.counts(), [3]);
}

#[test]
fn an_export_onto_its_own_backbone_is_refused_before_it_begins() {
    let mut rig = trained();
    let backbone = rig.own.page.backbone.as_ref().unwrap().path.clone();
    for language in [Language::English, Language::Chinese] {
        rig.core.language = Some(language);
        rig.apply(TeachIntent::ExportForm(true));
        rig.apply(TeachIntent::ExportTo(backbone.clone()));
        let refused = |rig: &Rig| rig.own.page.export.as_ref().unwrap().refused().map(str::to_owned);
        rig.wait("why not", |rig| refused(rig).is_some());
        let wanted = teach_error(&TeachError::IsBackbone { path: backbone.clone() }, language);
        assert_eq!(refused(&rig), Some(wanted));
        assert!(!rig.own.page.export.as_ref().unwrap().replaces(), "one sentence is enough");
        rig.apply(TeachIntent::Export);
        rig.pass();
        assert_eq!(rig.own.page.export.as_ref().unwrap().state, ExportState::Asking);
        // A settings file is in the way, until it is moved.
        let path = rig.dir.path().join("colours.onnx");
        std::fs::write(path.with_extension("toml"), "").unwrap();
        rig.apply(TeachIntent::ExportTo(path.clone()));
        rig.wait("why not", |rig| refused(rig).is_some());
        std::fs::remove_file(path.with_extension("toml")).unwrap();
        rig.wait("a look at it again", |rig| refused(rig).is_none());
        rig.apply(TeachIntent::ExportForm(false));
    }
}
