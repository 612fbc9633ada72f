use super::*;
use crate::engine::{ModelInfo, ModelState};
use crate::fixtures::model_info;
use crate::model::spec::Spec;

/// The window's parts that a lesson looks at.
#[derive(Default)]
struct Window {
    compare: Compare,
    inside: InsidePage,
    teach: TeachPage,
}

impl Window {
    fn beside(&self) -> Beside<'_> {
        Beside { comparing: false, compare: &self.compare, inside: &self.inside, teach: &self.teach }
    }
}

/// A lesson that was begun, its pictures in this folder.
fn begun(folder: &Path, window: &Window) -> (LessonsController, Core) {
    let mut core = Core::bare(folder);
    let samples = Some(folder.to_owned());
    let mut lessons = LessonsController { samples, ..LessonsController::default() };
    lessons.apply(LessonsIntent::Begin("boxes".into()), &window.beside(), &mut core);
    (lessons, core)
}

fn runs(core: &mut Core, path: &str) {
    let model = ModelInfo { path: path.into(), ..model_info() };
    core.model = Arc::new(ModelState { current: Some(Arc::new(model)), ..ModelState::default() });
}

#[test]
fn limits_and_classes_come_back_with_the_model_that_they_belong_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut core = Core::bare(dir.path());
    let window = Window::default();
    let samples = Some(dir.path().to_owned());
    let mut lessons = LessonsController { samples, ..LessonsController::default() };
    runs(&mut core, "/models/mine.onnx");
    core.thresholds.classes = [3].into_iter().collect();
    core.thresholds.conf = 0.6;
    let own = core.thresholds.clone();
    lessons.apply(LessonsIntent::Begin("boxes".into()), &window.beside(), &mut core);
    assert!(core.thresholds.classes.is_empty(), "a lesson shows all classes");
    runs(&mut core, "/models/of_the_lesson.onnx");
    core.thresholds.conf = 0.1;
    core.intents.clear();
    lessons.apply(LessonsIntent::Close, &window.beside(), &mut core);
    let open = Intent::Model(ModelIntent::Open("/models/mine.onnx".into()));
    assert!(core.intents.contains(&open));
    // The model arrives, and with it what the window does for each new one.
    lessons.gather(&window.beside(), &mut core);
    runs(&mut core, "/models/mine.onnx");
    core.thresholds = Thresholds::default();
    lessons.gather(&window.beside(), &mut core);
    assert_eq!(core.thresholds, own);
    // And only once.
    core.thresholds.classes.clear();
    lessons.gather(&window.beside(), &mut core);
    assert!(core.thresholds.classes.is_empty());
}

#[test]
fn cells_are_only_told_of_a_model_that_has_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut core = Core::bare(dir.path());
    let window = Window::default();
    let mut cells = |family: Family| {
        let spec = Spec { family, ..model_info().spec };
        let model = Arc::new(ModelInfo { spec, ..model_info() });
        core.model = Arc::new(ModelState { current: Some(model), ..ModelState::default() });
        facts(&window.beside(), &core).unwrap().get(Fact::Cells).map(ToString::to_string)
    };
    // 52² + 26² + 13² of 416 pixels.
    assert_eq!(cells(Family::Yolox).as_deref(), Some("3549"));
    for other in [Family::RtDetr, Family::UltraFace, Family::Yolov5, Family::RfDetr] {
        assert_eq!(cells(other), None, "{other:?}");
    }
}

#[test]
fn every_change_of_the_picture_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let core = Core::bare(dir.path());
    let mut window = Window::default();
    let told = |window: &Window, fact| facts(&window.beside(), &core).unwrap().get(fact).unwrap().to_string();
    assert_eq!([Fact::Grey, Fact::Jpeg].map(|fact| told(&window, fact)), ["0", "100"]);
    window.inside.perturbation =
        Perturbation { crop: 0.5, grey: true, jpeg: Some(20), ..Perturbation::default() };
    assert_eq!([Fact::Crop, Fact::Grey, Fact::Jpeg].map(|fact| told(&window, fact)), ["0.5", "1", "20"]);
}

#[test]
fn the_list_comes_after_everything_that_a_lesson_gives_back() {
    let dir = tempfile::tempdir().unwrap();
    let window = Window::default();
    let (mut lessons, mut core) = begun(dir.path(), &window);
    core.page = Page::Inside;
    core.intents.clear();
    lessons.apply(LessonsIntent::List, &window.beside(), &mut core);
    // Opening the user's source shows the preview from any other page: it is shown before, and the list last.
    let show = |page| Intent::Window(WindowIntent::Show(page));
    assert_eq!(core.intents.front(), Some(&show(Page::Stage)));
    assert_eq!(core.intents.back(), Some(&show(Page::Lessons)));
}

#[test]
fn another_list_of_models_leaves_the_window_as_the_learner_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let window = Window::default();
    let (mut lessons, mut core) = begun(dir.path(), &window);
    assert!(!lessons.view().missing.is_empty(), "there is no model here");
    core.intents.clear();
    core.models = Arc::new(Vec::new());
    lessons.gather(&window.beside(), &mut core);
    assert!(core.intents.is_empty(), "{:?}", core.intents);
}

#[test]
fn pictures_that_could_not_be_written_are_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut core = Core::bare(dir.path());
    let window = Window::default();
    let mut lessons = LessonsController::default();
    lessons.apply(LessonsIntent::Begin("boxes".into()), &window.beside(), &mut core);
    lessons.done(LessonsDone::Samples(Err("the disk is full".into())), &window.beside(), &mut core);
    assert!(lessons.view().trouble.is_some() && !lessons.view().is_preparing);
    lessons.apply(LessonsIntent::SetUp, &window.beside(), &mut core);
    assert!(lessons.view().trouble.is_none() && lessons.view().is_preparing);
}
