use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::app::dataset::document::{Edit, Verdict};
use crate::app::dataset::pictures::Picture;
use crate::app::dataset::state::{Evaluated, ExportForm, Work};
use crate::app::intent::{Intent, WindowIntent};
use crate::dataset::{Annotation, Folder, Split};

/// The controller without a window.
struct Rig {
    dir: tempfile::TempDir,
    core: Core,
    own: DatasetController,
    ctx: egui::Context,
    /// The window was asked to close.
    quits: bool,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let own = DatasetController { folder: dir.path().join("sets"), ..DatasetController::default() };
        let core = Core::bare(dir.path());
        Self { core, own, ctx: egui::Context::default(), dir, quits: false }
    }

    /// With a data set of so many images.
    fn with_images(count: usize) -> Self {
        let mut rig = Self::new();
        rig.apply(DatasetIntent::Create("street".into()));
        rig.settle();
        for _ in 0..count {
            rig.apply(DatasetIntent::Collect);
            rig.settle();
        }
        assert_eq!(rig.own.page.document.as_ref().unwrap().items().len(), count);
        rig
    }

    fn apply(&mut self, intent: DatasetIntent) {
        let frame = Arc::new(Frame::filled(64, 48, [9, 8, 7, 255]));
        self.own.apply(intent, Some(&frame), &mut self.core);
    }

    fn edit(&mut self) {
        let label = Annotation::new(0, [4.0, 4.0, 20.0, 20.0]);
        self.apply(DatasetIntent::Edit(Edit::Add("car".into(), Box::new(label))));
    }

    fn pass(&mut self) {
        self.own.gather(false, false, &mut self.core);
        while let Some(done) = self.core.workers.next() {
            if let Done::Dataset(done) = done {
                self.own.done(done, &self.ctx, &mut self.core);
            }
        }
        for intent in std::mem::take(&mut self.core.intents) {
            self.quits |= intent == Intent::Window(WindowIntent::Quit);
        }
    }

    /// Waits until no worker does anything.
    fn settle(&mut self) {
        let start = Instant::now();
        loop {
            self.pass();
            let own = &self.own;
            let busy = own.page.opening
                || own.page.work.is_some()
                || own.saving != Saving::Idle
                || own.saving_frames > 0;
            if !busy {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "something stays set: {}", self.state());
            std::thread::sleep(Duration::from_millis(1));
        }
        // What came with the last result.
        self.pass();
    }

    fn state(&self) -> String {
        let own = &self.own;
        let work = own.page.work.as_ref().map(|(work, _)| *work);
        format!(
            "opening {}, work {work:?}, saving {:?}, frames {}",
            own.page.opening, own.saving, own.saving_frames
        )
    }

    fn root(&self) -> Option<PathBuf> {
        self.own.page.document.as_ref().map(|_| self.own.page.root.clone())
    }

    /// From now on nothing can be written into the folder of labels, or it can again.
    fn disk(&mut self, is_whole: bool) {
        let Some(root) = self.root() else { return };
        let (labels, away) = (root.join("labels"), root.join("away"));
        if is_whole && away.is_dir() {
            std::fs::remove_file(&labels).unwrap();
            std::fs::rename(away, labels).unwrap();
        } else if !is_whole && !away.exists() {
            std::fs::rename(&labels, away).unwrap();
            std::fs::write(labels, "").unwrap();
        }
    }

    /// What the disk holds of the images of the data set is what the page shows.
    fn is_on_the_disk(&self) -> bool {
        let (Some(document), Some(root)) = (&self.own.page.document, self.root()) else { return true };
        let opened = Folder::open(&root).unwrap();
        let classes = opened.dataset.classes.clone();
        let name = |classes: &[crate::dataset::Class], class: usize| classes[class].name.clone();
        let held: HashMap<_, _> =
            opened.dataset.items.into_iter().map(|item| (item.name.clone(), item)).collect();
        document.items().iter().all(|item| {
            let labels = |annotations: &[Annotation], classes: &[crate::dataset::Class]| {
                annotations.iter().map(|one| (name(classes, one.class), one.bbox)).collect::<Vec<_>>()
            };
            held.get(&item.name).is_some_and(|held| {
                labels(&held.annotations, &classes) == labels(&item.annotations, document.classes())
                    && (held.reviewed, held.rejected, held.split)
                        == (item.reviewed, item.rejected, item.split)
            })
        })
    }
}

#[test]
fn a_worker_that_ends_without_a_result_leaves_nothing_set_and_no_label_is_lost() {
    let mut rig = Rig::with_images(1);
    rig.core.workers.break_next.store(true, Relaxed);
    rig.edit();
    rig.settle();
    assert!(rig.own.page.save_error.is_some() && rig.own.unsaved_labels() == 1);
    rig.apply(DatasetIntent::SaveAgain);
    rig.settle();
    assert_eq!((rig.own.page.save_error.as_deref(), rig.own.unsaved_labels()), (None, 0));
    assert!(rig.is_on_the_disk());
    // A frame, a picture, work, and opening: each may be asked for again.
    rig.core.workers.break_next.store(true, Relaxed);
    rig.apply(DatasetIntent::Collect);
    rig.settle();
    assert_eq!(rig.own.last, Some(Collected::Failed));
    rig.core.page = Page::Dataset;
    rig.core.workers.break_next.store(true, Relaxed);
    rig.own.page.pictures.begin();
    assert!(matches!(rig.own.page.pictures.small(0), Picture::Loading));
    let start = Instant::now();
    while matches!(rig.own.page.pictures.small(0), Picture::Loading) {
        rig.pass();
        assert!(start.elapsed() < Duration::from_secs(20), "it stays loading");
    }
    rig.core.workers.break_next.store(true, Relaxed);
    rig.apply(DatasetIntent::Check);
    rig.settle();
    rig.apply(DatasetIntent::Check);
    rig.settle();
    let root = rig.root().unwrap();
    rig.apply(DatasetIntent::Close);
    rig.pass();
    // The first worker drops the old data set, the second one opens it.
    let (path, generation) = (root.clone(), rig.own.generation);
    rig.own.page.opening = true;
    rig.core.workers.break_next.store(true, Relaxed);
    rig.own.run("open data set", DatasetJob::Open, &rig.core, move || {
        DatasetDone::Opened(generation, Err(crate::dataset::DatasetError::Missing { path }))
    });
    rig.settle();
    assert!(rig.own.page.document.is_none() && rig.own.page.error.is_some());
    rig.apply(DatasetIntent::Open(root));
    rig.settle();
    assert!(rig.own.page.document.is_some());
}

#[test]
fn quitting_asks_about_labels_that_cannot_be_saved_and_never_holds_up_the_window() {
    let mut rig = Rig::with_images(3);
    assert!(rig.own.may_quit(&rig.core), "everything is saved");
    rig.disk(false);
    for place in 0..3 {
        rig.apply(DatasetIntent::Show(place));
        rig.edit();
    }
    rig.settle();
    let start = Instant::now();
    assert!(!rig.own.may_quit(&rig.core));
    rig.own.end();
    assert!(start.elapsed() < Duration::from_millis(200), "{:?}", start.elapsed());
    rig.settle();
    let asked = rig.own.quitting.clone().unwrap();
    assert!(asked.images == 3 && asked.error.is_some(), "{asked:?}");
    assert!(!rig.quits);
    // The user stays, then quits after all and mends the disk: it quits by itself.
    rig.apply(DatasetIntent::KeepOpen);
    rig.pass();
    assert_eq!(rig.own.quitting, None);
    assert!(!rig.own.may_quit(&rig.core));
    rig.disk(true);
    rig.apply(DatasetIntent::SaveAgain);
    rig.settle();
    assert!(rig.quits && rig.own.may_quit(&rig.core) && rig.is_on_the_disk());
    rig.disk(false);
    rig.edit();
    rig.settle();
    rig.apply(DatasetIntent::QuitAnyway);
    assert!(rig.own.may_quit(&rig.core));
}

#[test]
fn frames_that_are_being_collected_are_waited_for() {
    let mut rig = Rig::with_images(0);
    rig.apply(DatasetIntent::Collect);
    assert!(!rig.own.may_quit(&rig.core));
    rig.settle();
    assert!(rig.quits && rig.own.may_quit(&rig.core));
    assert_eq!(Folder::open(&rig.root().unwrap()).unwrap().dataset.items.len(), 1);
}

#[test]
fn frames_that_wait_for_the_first_data_set_are_all_collected_and_waited_for() {
    let mut rig = Rig::new();
    rig.apply(DatasetIntent::Collect);
    rig.apply(DatasetIntent::Create("street".into()));
    rig.apply(DatasetIntent::Collect);
    assert!(!rig.own.may_quit(&rig.core), "two frames wait");
    rig.settle();
    assert_eq!(Folder::open(&rig.root().unwrap()).unwrap().dataset.items.len(), 2);
    assert!(rig.quits);
}

#[test]
fn an_export_is_asked_about_before_the_program_ends_and_leaves_nothing_behind() {
    let mut rig = Rig::with_images(1);
    // What a worker does that is told to stop.
    let begins = |rig: &mut Rig| {
        let progress = rig.own.begin(Work::Export, &mut rig.core).unwrap();
        let generation = rig.own.generation;
        rig.own.run("export data set", DatasetJob::Work, &rig.core, move || {
            while progress.step(1, 9) {
                std::thread::sleep(Duration::from_millis(1));
            }
            DatasetDone::Exported(generation, Err(crate::dataset::DatasetError::Ended))
        });
    };
    begins(&mut rig);
    assert!(!rig.own.may_quit(&rig.core));
    std::thread::sleep(Duration::from_millis(600));
    rig.pass();
    assert_eq!(rig.own.quitting.as_ref().map(|q| (q.images, q.work)), Some((0, Some(Work::Export))));
    rig.apply(DatasetIntent::KeepOpen);
    rig.pass();
    assert!(rig.own.page.work.is_some() && !rig.quits, "it goes on");
    rig.apply(DatasetIntent::QuitAnyway);
    assert!(!rig.own.may_quit(&rig.core), "the worker tidies up");
    rig.settle();
    assert!(rig.quits && rig.own.may_quit(&rig.core));
    // One that doesn't stop holds nothing up.
    let mut rig = Rig::with_images(1);
    rig.own.begin(Work::Export, &mut rig.core).unwrap();
    rig.apply(DatasetIntent::QuitAnyway);
    assert!(!rig.own.may_quit(&rig.core));
    std::thread::sleep(Duration::from_millis(600));
    assert!(rig.own.may_quit(&rig.core));
}

#[test]
fn the_split_of_an_export_is_kept_in_the_data_set() {
    let mut rig = Rig::with_images(5);
    for place in 0..5 {
        rig.apply(DatasetIntent::Show(place));
        rig.edit();
        rig.apply(DatasetIntent::Edit(Edit::Decide(Verdict::Accepted)));
    }
    rig.settle();
    let document = rig.own.page.document.as_ref().unwrap();
    let revision = document.revision();
    rig.own.page.evaluated = Some(Evaluated { models: Vec::new(), difference: None, revision });
    let root = rig.root().unwrap();
    rig.own.page.export = Some(ExportForm::new(&root));
    rig.apply(DatasetIntent::Export);
    rig.settle();
    let outcome = rig.own.page.export.as_ref().unwrap().outcome.clone().unwrap().unwrap();
    assert_eq!((outcome.splits, outcome.divided.len()), ([4, 1, 0, 0], 5));
    let held = Folder::open(&root).unwrap().dataset.items;
    let of = |split| held.iter().filter(|item| item.split == Some(split)).count();
    assert_eq!((of(Split::Train), of(Split::Val)), (4, 1), "on the disk");
    let document = rig.own.page.document.as_ref().unwrap();
    assert_ne!(document.revision(), revision, "figures of all images are outdated");
    let chosen = crate::dataset::chosen(document.items().iter().map(|item| &**item), None);
    assert_eq!((chosen.counted, chosen.places.len()), (crate::dataset::Counted::Val, 1));
}

/// What somebody may do, and what may go wrong.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Create,
    Open,
    Close,
    Collect,
    Show(usize),
    AddBox,
    Accept,
    Undo,
    Check,
    Export,
    Import,
    Evaluate,
    Stop,
    Picture,
    DiskFull,
    DiskMended,
    WorkerBreaks,
    Quit,
    KeepOpen,
    Wait,
}

fn deed() -> impl Strategy<Value = Deed> {
    use Deed::{
        Accept, AddBox, Check, Close, Collect, Create, DiskFull, DiskMended, Evaluate, Export, Import,
        KeepOpen, Open, Picture, Quit, Show, Stop, Undo, Wait, WorkerBreaks,
    };
    // What is here twice is done more often.
    prop::sample::select(vec![
        Create,
        Open,
        Close,
        Collect,
        Collect,
        Collect,
        Show(0),
        Show(1),
        Show(2),
        AddBox,
        AddBox,
        AddBox,
        Accept,
        Accept,
        Undo,
        Check,
        Export,
        Import,
        Evaluate,
        Stop,
        Picture,
        DiskFull,
        DiskMended,
        WorkerBreaks,
        WorkerBreaks,
        Quit,
        KeepOpen,
        Wait,
        Wait,
    ])
}

fn carry_out(rig: &mut Rig, deed: Deed, number: usize) {
    let away = rig.dir.path().join("nothing");
    match deed {
        Deed::Create | Deed::Open | Deed::Close | Deed::Import => {
            rig.disk(true);
            let root = rig.core.settings.datasets.first().cloned().unwrap_or_else(|| away.clone());
            rig.apply(match deed {
                Deed::Create => DatasetIntent::Create(format!("set {}", number % 3)),
                Deed::Open => DatasetIntent::Open(root),
                Deed::Import => DatasetIntent::Import(away),
                _ => DatasetIntent::Close,
            });
        }
        Deed::Collect => rig.apply(DatasetIntent::Collect),
        Deed::Show(place) => rig.apply(DatasetIntent::Show(place)),
        Deed::AddBox => rig.edit(),
        Deed::Accept => rig.apply(DatasetIntent::Edit(Edit::Decide(Verdict::Accepted))),
        Deed::Undo => rig.apply(DatasetIntent::Undo),
        Deed::Check => rig.apply(DatasetIntent::Check),
        Deed::Export => {
            let root = rig.root();
            rig.own.page.export = root.as_deref().map(|root: &Path| {
                let mut form = ExportForm::new(root);
                form.to = rig.dir.path().join(format!("out {number}")).display().to_string();
                form
            });
            rig.apply(DatasetIntent::Export);
        }
        Deed::Evaluate => rig.apply(DatasetIntent::Evaluate(vec![away])),
        Deed::Stop => rig.apply(DatasetIntent::Stop),
        Deed::Picture => {
            rig.own.page.pictures.begin();
            let _ = rig.own.page.pictures.small(0);
        }
        Deed::DiskFull => rig.disk(false),
        Deed::DiskMended => rig.disk(true),
        Deed::WorkerBreaks => rig.core.workers.break_next.store(true, Relaxed),
        Deed::Quit => drop(rig.own.may_quit(&rig.core)),
        Deed::KeepOpen => rig.apply(DatasetIntent::KeepOpen),
        Deed::Wait => rig.settle(),
    }
    rig.pass();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn whatever_happens_nothing_stays_set_and_no_label_is_lost(deeds in prop::collection::vec(deed(), 1..24)) {
        let mut rig = Rig::new();
        rig.apply(DatasetIntent::Create("street".into()));
        rig.settle();
        for (number, deed) in deeds.into_iter().enumerate() {
            carry_out(&mut rig, deed, number);
        }
        rig.core.workers.break_next.store(false, Relaxed);
        rig.settle();
        let told = rig.own.page.save_error.is_some();
        prop_assert!(rig.own.unsaved_labels() == 0 || told, "labels wait, and nobody says so");
        rig.disk(true);
        rig.apply(DatasetIntent::SaveAgain);
        rig.settle();
        prop_assert_eq!(rig.own.unsaved_labels(), 0);
        prop_assert!(rig.is_on_the_disk());
        prop_assert!(rig.own.page.save_error.is_none());
        prop_assert!(rig.own.waiting.is_empty() || rig.own.page.choose_first);
        prop_assert!(rig.own.may_quit(&rig.core));
        rig.pass();
        prop_assert_eq!(&rig.own.quitting, &None);
    }
}
