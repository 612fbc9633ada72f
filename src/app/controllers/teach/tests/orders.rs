//! Orders that outlive what they were given for: projects are closed, classes come and go, pages are left.

use super::*;

#[test]
fn a_closed_project_stays_closed_and_keeps_its_backbone() {
    let mut rig = Rig::new();
    rig.apply(TeachIntent::AddClass("a".into()));
    rig.settle();
    let root = rig.root();
    let file = image(rig.dir.path(), "one.png", [9, 9, 9]);
    rig.apply(TeachIntent::AddFiles(rig.id(0), vec![file; 60]));
    rig.apply(TeachIntent::Close);
    while rig.own.threads() > 0 {
        rig.pass();
        assert!(rig.own.page.project.is_none(), "it came back");
        std::thread::sleep(Duration::from_millis(1));
    }
    let project = Project::open(&root).unwrap().project;
    assert_eq!(project.classes()[0].examples.len(), 60, "what was ordered before is done");
    assert_eq!(project.backbone(), None);
}

#[test]
fn a_project_that_is_opened_again_at_once_shows_what_was_still_being_saved() {
    let mut rig = Rig::new();
    rig.apply(TeachIntent::AddClass("a".into()));
    rig.settle();
    let root = rig.root();
    let file = image(rig.dir.path(), "one.png", [9, 9, 9]);
    rig.apply(TeachIntent::AddFiles(rig.id(0), vec![file; 40]));
    rig.apply(TeachIntent::Close);
    rig.apply(TeachIntent::Open(root));
    rig.settle();
    rig.wait("the project", |rig| rig.own.page.project.is_some());
    assert_eq!(rig.counts(), [40]);
}

#[test]
fn what_is_meant_for_a_class_never_goes_to_the_one_that_took_its_place() {
    let mut rig = Rig::new();
    for name in ["a", "b", "c"] {
        rig.apply(TeachIntent::AddClass(name.into()));
    }
    rig.settle();
    let (b, file) = (rig.id(1), image(rig.dir.path(), "one.png", [9, 9, 9]));
    // All before the thread has told that the first one is gone.
    rig.apply(TeachIntent::RemoveClass(0));
    rig.apply(TeachIntent::RemoveClass(0));
    rig.apply(TeachIntent::RenameClass(1, "second".into()));
    rig.apply(TeachIntent::AddFiles(b, vec![file.clone()]));
    rig.settle();
    assert_eq!(rig.own.page.names(), ["second", "c"], "two clicks remove one class");
    assert_eq!(rig.counts(), [1, 0]);
    // A file dialogue that outlives its class, and one that outlives its project.
    rig.apply(TeachIntent::RemoveClass(0));
    rig.settle();
    assert!(rig.core.toasts.newest_failure().is_none());
    rig.apply(TeachIntent::AddFiles(b, vec![file.clone()]));
    assert!(rig.core.toasts.newest_failure().is_some(), "it is told");
    let c = rig.id(0);
    rig.apply(TeachIntent::Create("another".into()));
    rig.settle();
    rig.apply(TeachIntent::AddClass("c".into()));
    rig.settle();
    rig.apply(TeachIntent::AddFiles(c, vec![file]));
    rig.settle();
    assert_eq!(rig.counts(), [0]);
}

#[test]
fn what_was_removed_comes_back_into_its_own_project_whatever_is_open() {
    let mut rig = Rig::new();
    rig.apply(TeachIntent::AddClass("a".into()));
    rig.apply(TeachIntent::AddClass("b".into()));
    rig.settle();
    let root = rig.root();
    let file = image(rig.dir.path(), "one.png", [9, 9, 9]);
    rig.apply(TeachIntent::AddFiles(rig.id(0), vec![file]));
    rig.settle();
    rig.apply(TeachIntent::RenameClass(0, "first".into()));
    rig.settle();
    rig.apply(TeachIntent::RemoveClass(0));
    rig.settle();
    // Another project with a class of the same name.
    rig.apply(TeachIntent::Create("another".into()));
    rig.settle();
    rig.apply(TeachIntent::AddClass("first".into()));
    rig.settle();
    rig.undo();
    rig.settle();
    rig.wait("the end of bringing back", |rig| rig.own.closing.is_empty());
    assert_eq!(rig.counts(), [0], "nothing came into the one that is open");
    let project = Project::open(&root).unwrap().project;
    let mut names = project.names();
    names.sort();
    assert_eq!(names, ["b", "first"]);
    let first = project.classes().iter().find(|class| class.name == "first").unwrap();
    assert_eq!(first.examples.len(), 1);
    // And with no thread at all: the page is left.
    rig.apply(TeachIntent::Open(root.clone()));
    rig.settle();
    rig.wait("the project", |rig| rig.own.page.project.is_some());
    let place = rig.own.page.names().iter().position(|name| name == "first").unwrap();
    rig.apply(TeachIntent::RemoveClass(place));
    rig.settle();
    rig.core.page = Page::Stage;
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
    rig.undo();
    rig.wait("the end of bringing back", |rig| rig.own.unsaved() == 0 && rig.own.threads() == 0);
    assert_eq!(Project::open(&root).unwrap().project.names().len(), 2);
}

#[test]
fn renaming_and_removing_while_frames_are_collected_mixes_nothing_up() {
    let mut rig = Rig::new();
    for name in ["a", "b"] {
        rig.apply(TeachIntent::AddClass(name.into()));
    }
    rig.settle();
    rig.plays();
    rig.apply(TeachIntent::Collect(Some(1)));
    rig.wait("a frame of the second", |rig| rig.counts()[1] >= 1);
    rig.apply(TeachIntent::RenameClass(1, "second".into()));
    rig.wait("another", |rig| rig.own.page.names()[1] == "second" && rig.counts()[1] >= 2);
    assert_eq!(rig.own.page.collecting, Some(1), "a name isn't the class");
    // The key is held again before the class above is gone.
    rig.apply(TeachIntent::RemoveClass(0));
    rig.apply(TeachIntent::Collect(Some(1)));
    rig.wait("the removal", |rig| rig.own.page.names() == ["second"]);
    assert_eq!(rig.own.page.collecting, Some(0), "it is collected where it stands now");
    let before = rig.counts()[0];
    rig.wait("more of it", |rig| rig.counts()[0] > before);
    // And the one that is being collected goes.
    rig.apply(TeachIntent::RemoveClass(0));
    rig.wait("the end", |rig| rig.own.page.names().is_empty());
    assert_eq!(rig.own.page.collecting, None);
    rig.settle();
    assert!(rig.is_on_the_disk());
}

#[test]
fn quitting_waits_for_frames_that_are_being_saved() {
    let mut rig = Rig::new();
    rig.apply(TeachIntent::AddClass("a".into()));
    rig.settle();
    let (root, file) = (rig.root(), image(rig.dir.path(), "one.png", [9, 9, 9]));
    rig.plays();
    rig.apply(TeachIntent::AddFiles(rig.id(0), vec![file; 40]));
    rig.apply(TeachIntent::Collect(Some(0)));
    assert!(!rig.own.may_quit(&rig.core));
    assert_eq!(rig.own.page.collecting, None, "nothing new is begun");
    rig.wait("the wish to quit", |rig| rig.quits);
    assert!(rig.own.may_quit(&rig.core));
    assert_eq!(Project::open(&root).unwrap().project.classes()[0].examples.len(), 41);
}

#[test]
fn an_export_that_outlives_the_page_is_told_and_its_thread_ends() {
    let mut rig = trained();
    rig.plays();
    rig.apply(TeachIntent::Collect(Some(0)));
    rig.wait("a frame", |rig| rig.counts()[0] > 4);
    rig.apply(TeachIntent::Collect(None));
    rig.settle();
    rig.wait("a head", |rig| !rig.own.page.outdated && rig.own.page.training == Training::Idle);
    rig.apply(TeachIntent::ExportForm(true));
    let folder = rig.dir.path().join("out");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("two colours.onnx");
    rig.apply(TeachIntent::ExportTo(path.clone()));
    rig.apply(TeachIntent::Export);
    rig.pass();
    assert!(!rig.own.page.training.is_running(), "an export isn't training");
    rig.core.page = Page::Stage;
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
    assert!(path.is_file());
    let form = rig.own.page.export.as_ref().unwrap();
    assert!(matches!(form.state, crate::app::teach::state::ExportState::Done(_)), "{form:?}");
    assert_eq!(rig.own.page.training, Training::Idle);
    // What is there already is told before it is replaced.
    rig.core.page = Page::Teach;
    rig.apply(TeachIntent::ExportForm(false));
    rig.wait("the project", |rig| rig.own.page.project.is_some());
    rig.apply(TeachIntent::ExportForm(true));
    rig.apply(TeachIntent::ExportTo(path));
    rig.wait("the warning", |rig| {
        rig.own.page.export.as_ref().is_some_and(crate::app::teach::state::ExportForm::replaces)
    });
    rig.apply(TeachIntent::ExportTo(folder.join("another.onnx")));
    rig.pass();
    assert!(!rig.own.page.export.as_ref().unwrap().replaces());
}

#[test]
fn examples_that_change_during_an_export_dont_end_it() {
    let mut rig = trained();
    rig.apply(TeachIntent::ExportForm(true));
    let path = rig.dir.path().join("colours.onnx");
    rig.apply(TeachIntent::ExportTo(path.clone()));
    rig.apply(TeachIntent::Export);
    let file = image(rig.dir.path(), "one more.png", [190, 9, 9]);
    rig.apply(TeachIntent::AddFiles(rig.id(0), vec![file]));
    rig.wait("the model", |rig| {
        let form = rig.own.page.export.as_ref().unwrap();
        !matches!(form.state, crate::app::teach::state::ExportState::Writing)
    });
    assert!(path.is_file(), "{:?}", rig.own.page.export);
    // The change is trained afterwards.
    rig.wait("a newer head", |rig| {
        let learned = rig.own.page.learned.as_ref();
        learned.is_some_and(|learned| learned.samples.train.len() == 9) && !rig.own.page.outdated
    });
}

#[test]
fn a_backbone_whose_content_changed_is_told_and_only_taken_over_when_it_is_meant() {
    let mut rig = trained();
    rig.settle();
    let root = rig.root();
    let text = std::fs::read_to_string(root.join("teach.toml")).unwrap();
    let known = rig.own.page.info.as_ref().unwrap().sha256.clone();
    rig.apply(TeachIntent::Close);
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
    // The same file name, taught with another content.
    let other = "0".repeat(64);
    assert!(text.contains(&known));
    std::fs::write(root.join("teach.toml"), text.replace(&known, &other)).unwrap();
    rig.apply(TeachIntent::Open(root.clone()));
    rig.wait("the warning", |rig| rig.own.page.other_backbone);
    rig.settle();
    let stored = || Project::open(&root).unwrap().project.settings.backbone_sha256;
    assert_eq!(stored().as_deref(), Some(other.as_str()), "it isn't taken over by itself");
    rig.apply(TeachIntent::KeepBackbone);
    rig.settle();
    assert!(!rig.own.page.other_backbone);
    assert_eq!(stored().as_deref(), Some(known.as_str()));
}

#[test]
fn files_that_are_chosen_after_the_page_was_left_are_examples_all_the_same() {
    let mut rig = Rig::new();
    rig.apply(TeachIntent::AddClass("a".into()));
    rig.settle();
    let (class, file) = (rig.id(0), image(rig.dir.path(), "one.png", [9, 9, 9]));
    rig.core.page = Page::Stage;
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
    rig.apply(TeachIntent::AddFiles(class, vec![file]));
    rig.wait("the file", |rig| rig.own.unsaved() == 0 && rig.own.threads() == 0);
    rig.core.page = Page::Teach;
    rig.wait("the example", |rig| rig.counts() == [1]);
}

/// A file that came after the dialogue had looked isn't lost.
#[test]
fn an_export_replaces_only_what_the_dialogue_told() {
    let mut rig = trained();
    rig.apply(TeachIntent::ExportForm(true));
    let path = rig.dir.path().join("colours.onnx");
    rig.apply(TeachIntent::ExportTo(path.clone()));
    rig.wait("the look", |rig| {
        let form = rig.own.page.export.as_ref().unwrap();
        form.looked.as_ref().is_some_and(|(_, exists)| exists.is_some())
    });
    std::fs::write(&path, "mine").unwrap();
    rig.apply(TeachIntent::Export);
    rig.wait("the refusal, and what is there", |rig| {
        let form = rig.own.page.export.as_ref().unwrap();
        matches!(form.state, crate::app::teach::state::ExportState::Failed(_)) && form.replaces()
    });
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    rig.apply(TeachIntent::Export);
    rig.wait("the model", |rig| {
        let form = rig.own.page.export.as_ref().unwrap();
        matches!(form.state, crate::app::teach::state::ExportState::Done(_))
    });
    assert!(std::fs::metadata(&path).unwrap().len() > 4);
}
