mod maps;
mod opening;
mod orders;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::app::intent::{ClassId, TeachTab};
use crate::app::teach::state::{LivePhase, Training};
use crate::engine::Command;
use crate::learn::teach::Project;
use crate::source::CameraRequest;
use crate::source::address::PATTERN;

/// The controller without a window.
struct Rig {
    dir: tempfile::TempDir,
    core: Core,
    own: TeachController,
    ctx: egui::Context,
    quits: bool,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut core = Core::bare(dir.path());
        core.page = Page::Teach;
        let own = TeachController { folder: dir.path().join("projects"), ..TeachController::default() };
        let mut rig = Self { core, own, ctx: egui::Context::default(), dir, quits: false };
        rig.apply(TeachIntent::Create("signs".into()));
        rig.settle();
        assert!(rig.own.page.project.is_some());
        rig
    }

    fn apply(&mut self, intent: TeachIntent) {
        self.own.apply(intent, &mut self.core);
    }

    fn pass(&mut self) {
        self.own.gather(&mut self.core, &self.ctx);
        while let Some(done) = self.core.workers.next() {
            if let Done::Teach(done) = done {
                self.own.done(done, &self.core, &self.ctx);
            }
        }
        for intent in std::mem::take(&mut self.core.intents) {
            self.quits |= intent == Intent::Window(WindowIntent::Quit);
        }
    }

    fn wait(&mut self, what: &str, there: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !there(self) {
            self.pass();
            let page = &self.own.page;
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "{what} never came: {page:?} {:?}",
                page.live.phase
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        self.pass();
    }

    /// Waits until everything is on the disk.
    fn settle(&mut self) {
        self.wait("the end of saving", |rig| {
            rig.own.next.is_none()
                && !rig.own.page.opening
                && rig.own.unsaved() == 0
                && rig.own.desk.as_ref().is_none_or(|desk| desk.pending() == 0)
                && rig.own.page.in_hand.values().all(|n| *n == 0)
        });
    }

    fn plays(&mut self) {
        self.core.engine.send(Command::Open { address: PATTERN, camera: CameraRequest::default() });
        self.wait("a frame", |rig| rig.core.engine.preview().is_some());
    }

    fn id(&self, class: usize) -> ClassId {
        self.own.page.id(class).unwrap()
    }

    fn root(&self) -> PathBuf {
        self.own.page.project.as_ref().unwrap().root().to_owned()
    }

    /// Takes back what was removed last.
    fn undo(&mut self) {
        let Some(Intent::Teach(undo)) = self.core.toasts.newest_undo() else {
            panic!("nothing to take back")
        };
        self.apply(undo);
    }

    fn counts(&self) -> Vec<usize> {
        let project = self.own.page.project.as_ref().unwrap();
        project.classes().iter().map(|class| class.examples.len()).collect()
    }

    /// What the page shows is what the disk holds.
    fn is_on_the_disk(&self) -> bool {
        let Some(project) = &self.own.page.project else { return true };
        let opened = Project::open(project.root()).unwrap().project;
        let sorted = |project: &Project| {
            let mut classes = project.classes().to_vec();
            for class in &mut classes {
                class.examples.sort_by(|a, b| a.path.cmp(&b.path));
            }
            classes
        };
        sorted(&opened) == sorted(project)
    }
}

/// An image file of one colour.
fn image(folder: &Path, name: &str, colour: [u8; 3]) -> PathBuf {
    let path = folder.join(name);
    image::RgbImage::from_pixel(24, 18, image::Rgb(colour)).save(&path).unwrap();
    path
}

fn small_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_ins/models/mobilenet_v2_int8.onnx")
}

/// With two classes of four images each, trained.
fn trained() -> Rig {
    let mut rig = Rig::new();
    for (class, (name, colour)) in [("red", [200, 10, 10]), ("blue", [10, 10, 200])].into_iter().enumerate() {
        rig.apply(TeachIntent::AddClass(name.into()));
        let files = (0..4)
            .map(|n| image(rig.dir.path(), &format!("{name}{n}.png"), colour.map(|c: u8| c + n * 9)))
            .collect();
        rig.settle();
        rig.apply(TeachIntent::AddFiles(rig.id(class), files));
    }
    rig.apply(TeachIntent::Backbone(small_model()));
    rig.wait("a head", |rig| rig.own.page.learned.is_some() && rig.own.page.training == Training::Idle);
    rig
}

#[test]
fn a_still_frame_is_collected_once_a_press_and_moving_ones_while_it_is_held() {
    let mut rig = Rig::new();
    rig.apply(TeachIntent::AddClass("a".into()));
    rig.settle();
    rig.apply(TeachIntent::Collect(Some(0)));
    assert_eq!(rig.own.page.collecting, None, "there is no frame");
    rig.plays();
    rig.apply(TeachIntent::Collect(Some(0)));
    rig.apply(TeachIntent::Collect(None));
    rig.settle();
    assert_eq!(rig.counts(), [1], "a tap is one example");
    rig.apply(TeachIntent::Collect(Some(0)));
    rig.wait("three more", |rig| rig.counts()[0] >= 4);
    rig.apply(TeachIntent::Collect(None));
    rig.settle();
    let counts = rig.counts();
    rig.core.engine.send(Command::Pause(true));
    std::thread::sleep(Duration::from_millis(200));
    rig.apply(TeachIntent::Collect(Some(0)));
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(500) {
        rig.pass();
        std::thread::sleep(Duration::from_millis(5));
    }
    rig.apply(TeachIntent::Collect(None));
    rig.settle();
    assert_eq!(rig.counts()[0], counts[0] + 1, "the same frame again and again teaches nothing");
    assert!(rig.is_on_the_disk());
    let groups: std::collections::HashSet<String> = rig.own.page.project.as_ref().unwrap().classes()[0]
        .examples
        .iter()
        .map(|e| e.group.clone())
        .collect();
    assert_eq!(groups.len(), 3, "a group for each press");
}

#[test]
fn scores_are_live_and_nothing_of_another_backbone_is_ever_shown() {
    let mut rig = trained();
    rig.plays();
    rig.wait("scores", |rig| rig.own.page.live.scores.len() == 2);
    // The same file under another name: another backbone.
    let other = rig.dir.path().join("other.onnx");
    std::fs::copy(small_model(), &other).unwrap();
    rig.apply(TeachIntent::Backbone(other.clone()));
    let own = &rig.own.page;
    assert!(own.learned.is_none() && own.info.is_none() && own.live.scores.is_empty());
    let begin = Instant::now();
    while rig.own.page.learned.is_none() {
        assert!(begin.elapsed() < Duration::from_mins(1));
        rig.pass();
        let is_right = rig.own.page.learned.as_ref().is_none_or(|learned| learned.key.path == other);
        assert!(is_right && (rig.own.page.learned.is_some() || rig.own.page.live.scores.is_empty()));
    }
    rig.wait("scores", |rig| rig.own.page.live.scores.len() == 2);
    let settings = &rig.own.page.project.as_ref().unwrap().settings;
    assert_eq!(settings.backbone.as_deref(), Some(other.as_path()), "it is remembered");
    // A model that can't be one is told with the fix, and no old result stays.
    let broken = rig.dir.path().join("broken.onnx");
    std::fs::write(&broken, "no model").unwrap();
    rig.apply(TeachIntent::Backbone(broken));
    rig.wait("the reason", |rig| matches!(rig.own.page.training, Training::Failed(_)));
    assert!(rig.own.page.learned.is_none() && rig.own.page.live.phase == LivePhase::Off);
}

#[test]
fn when_the_page_is_left_no_thread_stays_and_when_it_comes_back_it_is_as_before() {
    let mut rig = trained();
    rig.plays();
    rig.wait("scores", |rig| rig.own.page.live.scores.len() == 2);
    rig.apply(TeachIntent::Collect(Some(1)));
    rig.core.page = Page::Stage;
    rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
    assert_eq!(rig.own.page.collecting, None);
    let collected = rig.own.page.project.as_ref().unwrap().classes()[1].examples.len();
    assert!(rig.is_on_the_disk(), "what was collected last is saved");
    for _ in 0..20 {
        rig.pass();
        assert_eq!(rig.own.threads(), 0);
    }
    rig.core.page = Page::Teach;
    rig.wait("scores", |rig| rig.own.page.live.scores.len() == 2 && rig.own.page.training == Training::Idle);
    assert_eq!(rig.counts(), [4, collected]);
}

#[test]
fn a_class_is_removed_with_its_images_and_comes_back_with_its_name() {
    let mut rig = trained();
    rig.apply(TeachIntent::RenameClass(0, "crimson".into()));
    rig.settle();
    let gone = rig.own.page.project.as_ref().unwrap().classes()[0].examples[0].path.clone();
    rig.apply(TeachIntent::RemoveClass(0));
    rig.settle();
    assert_eq!(rig.own.page.names(), ["blue"]);
    assert!(!gone.exists());
    let undo = rig.core.toasts.newest_undo().expect("it can be taken back");
    let Intent::Teach(undo) = undo else { panic!("{undo:?}") };
    rig.apply(undo);
    rig.settle();
    let mut names = rig.own.page.names();
    names.sort();
    assert_eq!(names, ["blue", "crimson"]);
    assert!(gone.is_file() && rig.is_on_the_disk());
}

#[test]
fn exporting_writes_a_model_that_is_listed_and_quitting_waits_for_it() {
    let mut rig = trained();
    rig.apply(TeachIntent::ExportForm(true));
    let folder = rig.dir.path().join("out");
    std::fs::create_dir(&folder).unwrap();
    rig.apply(TeachIntent::ExportTo(folder.join("two colours.onnx")));
    rig.apply(TeachIntent::Export);
    assert!(!rig.own.may_quit(&rig.core), "a model is being written");
    rig.wait("the wish to quit", |rig| rig.quits);
    let form = rig.own.page.export.as_ref().unwrap();
    let crate::app::teach::state::ExportState::Done(done) = &form.state else { panic!("{form:?}") };
    assert!(done.path.is_file() && done.verified == 8 && done.difference < 1e-4, "{done:?}");
    assert!(rig.own.may_quit(&rig.core));
}

#[test]
fn a_project_that_cant_be_written_is_told_in_a_sentence_and_nothing_hangs() {
    let mut rig = Rig::new();
    rig.apply(TeachIntent::AddClass("a".into()));
    rig.settle();
    rig.plays();
    // The project's folder is gone, and a file is in its place.
    let root = rig.own.page.project.as_ref().unwrap().root().to_owned();
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::write(&root, "").unwrap();
    rig.apply(TeachIntent::Collect(Some(0)));
    rig.wait("the failure", |rig| rig.core.toasts.newest_failure().is_some());
    assert_eq!(rig.own.page.collecting, None, "it is told once");
    rig.settle();
    assert!(rig.own.may_quit(&rig.core));
}

#[derive(Clone, Debug)]
enum Op {
    Add(u8),
    Rename(usize, u8),
    Remove(usize),
    Collect(Option<usize>),
    Files(usize, u8),
    Delete(usize, usize),
    Undo,
    Leave,
    Come,
    Close,
    Reopen,
    Backbone(u8),
    Tab(u8),
    Pass,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0u8..4).prop_map(Op::Add),
        (0usize..4, 0u8..4).prop_map(|(class, name)| Op::Rename(class, name)),
        (0usize..4).prop_map(Op::Remove),
        proptest::option::of(0usize..4).prop_map(Op::Collect),
        (0usize..4, 0u8..3).prop_map(|(class, file)| Op::Files(class, file)),
        (0usize..4, 0usize..4).prop_map(|(class, example)| Op::Delete(class, example)),
        Just(Op::Undo),
        Just(Op::Leave),
        Just(Op::Come),
        Just(Op::Close),
        Just(Op::Reopen),
        (0u8..2).prop_map(Op::Backbone),
        (0u8..3).prop_map(Op::Tab),
        Just(Op::Pass),
        Just(Op::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Whatever a user does, in any order: nothing panics or hangs, what is shown is what is on the disk, and results belong to the
    /// backbone that is shown.
    #[test]
    fn whatever_is_done_the_page_shows_what_the_disk_holds(ops in proptest::collection::vec(op(), 1..40)) {
        let mut rig = Rig::new();
        rig.plays();
        let root = rig.own.page.project.as_ref().unwrap().root().to_owned();
        let missing = |n: u8| rig_path(&root, n);
        for op in ops {
            match op {
                Op::Add(name) => rig.apply(TeachIntent::AddClass(format!("class {name}"))),
                Op::Rename(class, name) => rig.apply(TeachIntent::RenameClass(class, format!("class {name}"))),
                Op::Remove(class) => rig.apply(TeachIntent::RemoveClass(class)),
                Op::Collect(class) => rig.apply(TeachIntent::Collect(class)),
                Op::Files(class, n) => {
                    let file = image(rig.dir.path(), &format!("{n}.png"), [n * 40; 3]);
                    if let Some(class) = rig.own.page.id(class) {
                        rig.apply(TeachIntent::AddFiles(class, vec![file]));
                    }
                }
                Op::Delete(class, example) => {
                    let path = rig.own.page.project.as_ref().and_then(|project| {
                        Some(project.classes().get(class)?.examples.get(example)?.path.clone())
                    });
                    if let Some(path) = path {
                        rig.apply(TeachIntent::RemoveExample(path));
                    }
                }
                Op::Undo => {
                    if let Some(Intent::Teach(undo)) = rig.core.toasts.newest_undo() {
                        rig.apply(undo);
                    }
                }
                Op::Leave => rig.core.page = Page::Stage,
                Op::Come => rig.core.page = Page::Teach,
                Op::Close => rig.apply(TeachIntent::Close),
                Op::Reopen => rig.apply(TeachIntent::Open(root.clone())),
                Op::Backbone(n) => rig.apply(TeachIntent::Backbone(missing(n))),
                Op::Tab(n) => {
                    let tabs = [TeachTab::Examples, TeachTab::Results, TeachTab::Find];
                    rig.apply(TeachIntent::Tab(tabs[n as usize]));
                }
                Op::Pass => {
                    rig.pass();
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
            let page = &rig.own.page;
            prop_assert!(page.learned.as_ref().is_none_or(|l| Some(&l.key) == page.backbone.as_ref()));
        }
        rig.apply(TeachIntent::Collect(None));
        // What was brought back while another page was shown is read when this one is shown again.
        rig.settle();
        rig.core.page = Page::Teach;
        rig.pass();
        rig.settle();
        prop_assert!(rig.is_on_the_disk());
        rig.core.page = Page::Stage;
        rig.wait("the end of the threads", |rig| rig.own.threads() == 0);
        prop_assert!(rig.own.may_quit(&rig.core));
    }
}

/// A model that isn't there.
fn rig_path(root: &Path, n: u8) -> PathBuf {
    root.join(format!("no model {n}.onnx"))
}
