//! Composes scenes on a thread of its own. Laying twenty masks over a 720p frame takes 2 ms and a depth map of 2048² takes
//! longer; a pass of the window must not wait for that, so the window only paints what this thread has finished.
//!
//! ```text
//! window ── request ──▶ Latest<Request> ──▶ sightline-compose ──▶ Latest<Composed> ──▶ window
//! ```
//! The window asks at the start of a pass, when it has taken over the newest predictions, and takes the scenes just before
//! it paints the frame: small scenes are ready by then. If a scene is not, the thread wakes the window.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::engine::{MAX_COMPARED, Prediction};
use crate::frame::Frame;
use crate::latest::{LatestReader, LatestWriter, Take, latest};
use crate::scene::{Scene, Style};

/// The name of the thread.
const THREAD: &str = "sightline-compose";

/// How many scenes are kept for each pane: one that the window paints, one in the slot, one that is being composed.
const SCENES_PER_PANE: usize = 3;

/// The predictions to draw, by pane. The window has one pane, or one for each compared model.
pub type Predictions = [Option<Arc<Prediction>>; MAX_COMPARED];

struct Request {
    /// Counted from 1.
    number: u64,
    predictions: Predictions,
    style: Arc<Style>,
}

/// The scenes of one request. They are published together, so that all panes are of the same frame and the same style.
struct Composed {
    number: u64,
    /// The frame that the first of the predictions was made from.
    frame: Arc<Frame>,
    mirrored: bool,
    /// `None` where there was no prediction, or where composing failed.
    scenes: [Option<Arc<Scene>>; MAX_COMPARED],
}

/// The window's side: asks for scenes and holds the newest ones. The thread starts with the first request and ends when
/// this is dropped.
#[derive(Default)]
pub struct Composer {
    worker: Option<Worker>,
    /// What was asked for last.
    requested: Predictions,
    style: Arc<Style>,
    number: u64,
    /// By pane: scenes of requests before this one belong to a source or a model that was closed since.
    valid_from: [u64; MAX_COMPARED],
    composed: Option<Composed>,
}

impl std::fmt::Debug for Composer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let composed = self.composed.as_ref().map(|c| c.number);
        f.debug_struct("Composer").field("requested", &self.number).field("composed", &composed).finish()
    }
}

impl Composer {
    /// Asks for the scenes of these predictions, unless they were asked for last time. `ctx` is woken if
    /// [`Self::take`] finds that they are not ready.
    pub fn request(&mut self, ctx: &egui::Context, predictions: Predictions, style: &Style) {
        self.request_with(predictions, style, || {
            let ctx = ctx.clone();
            Worker::start(THREAD, compose, move || ctx.request_repaint())
        });
    }

    fn request_with(
        &mut self,
        predictions: Predictions,
        style: &Style,
        start: impl FnOnce() -> std::io::Result<Worker>,
    ) {
        let same_style = *self.style == *style;
        let same_predictions = self.requested.iter().zip(&predictions).all(|(old, new)| match (old, new) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        });
        if same_style && same_predictions {
            return;
        }
        if predictions.iter().all(Option::is_none) {
            self.clear();
            return;
        }
        self.number += 1;
        for ((old, new), valid_from) in self.requested.iter().zip(&predictions).zip(&mut self.valid_from) {
            if old.is_some() && new.is_none() {
                *valid_from = self.number;
            }
        }
        if !same_style {
            self.style = Arc::new(style.clone());
        }
        self.requested.clone_from(&predictions);
        let request = Request { number: self.number, predictions, style: Arc::clone(&self.style) };
        if self.worker.is_none() {
            match start() {
                Ok(worker) => self.worker = Some(worker),
                Err(error) => tracing::error!("no thread to compose scenes: {error}"),
            }
        }
        if let Some(worker) = &self.worker {
            // The reader is gone only if the thread has ended, and it ends only with this.
            let _ = worker.requests.put(request);
        }
    }

    /// Forgets all scenes; those that are being composed are not shown either.
    pub fn clear(&mut self) {
        self.requested = Predictions::default();
        self.composed = None;
        self.number += 1;
        self.valid_from = [self.number; MAX_COMPARED];
        if let Some(worker) = &self.worker {
            worker.requests.clear();
        }
    }

    /// Takes over the newest scenes. If those that were asked for last are not ready, the window is woken when they are.
    pub fn take(&mut self) {
        let Some(worker) = &self.worker else { return };
        // Set before looking: the thread puts the scenes into the slot before it reads this. So either the scenes are found
        // here, or the thread sees that it must wake the window.
        worker.wanted.store(true, Ordering::SeqCst);
        if let Some(newest) = worker.composed.try_take() {
            self.composed = Some(newest);
        }
        let requested = self.requested.iter().any(Option::is_some);
        if !requested || self.composed.as_ref().is_some_and(|composed| composed.number >= self.number) {
            worker.wanted.store(false, Ordering::SeqCst);
        }
    }

    /// Returns the newest scene of a pane. It may be of an earlier prediction than was asked for last, until that one is
    /// composed; it is never of a pane that was empty since.
    #[must_use]
    pub fn scene(&self, pane: usize) -> Option<&Arc<Scene>> {
        self.valid(pane)?.scenes.get(pane)?.as_ref()
    }

    /// Returns the frame that the newest scenes belong to.
    #[must_use]
    pub fn frame(&self) -> Option<&Arc<Frame>> {
        (0..MAX_COMPARED).find_map(|pane| self.valid(pane)).map(|composed| &composed.frame)
    }

    /// Returns whether the newest scenes are drawn left-right reversed.
    #[must_use]
    pub fn mirrored(&self) -> Option<bool> {
        (0..MAX_COMPARED).find_map(|pane| self.valid(pane)).map(|composed| composed.mirrored)
    }

    fn valid(&self, pane: usize) -> Option<&Composed> {
        self.requested.get(pane)?.as_ref()?;
        self.composed.as_ref().filter(|composed| composed.number >= self.valid_from[pane])
    }
}

/// The thread, seen from the window. When it is dropped both slots close, and the thread ends after the scene that it is
/// composing.
struct Worker {
    requests: LatestWriter<Request>,
    composed: LatestReader<Composed>,
    /// The window painted without the scenes that it had asked for: it is to be woken.
    wanted: Arc<AtomicBool>,
}

impl Worker {
    fn start(
        name: &str,
        compose: impl Fn(&Prediction, &Style, &mut Scene) + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (requests, inbox) = latest();
        let (outbox, composed) = latest();
        let wanted = Arc::new(AtomicBool::new(false));
        let wake_if_wanted = {
            let wanted = Arc::clone(&wanted);
            move || {
                if wanted.swap(false, Ordering::SeqCst) {
                    wake();
                }
            }
        };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&inbox, &outbox, &compose, &wake_if_wanted))?;
        Ok(Self { requests, composed, wanted })
    }
}

fn compose(prediction: &Prediction, style: &Style, scene: &mut Scene) {
    scene.compose(&prediction.results, &prediction.model.spec.labels, style);
}

/// Composes the newest request, over and over, until the window has gone.
fn run(
    requests: &LatestReader<Request>,
    outbox: &LatestWriter<Composed>,
    compose: &impl Fn(&Prediction, &Style, &mut Scene),
    wake: &impl Fn(),
) {
    let mut pool = ScenePool::default();
    // A model whose results always make it panic would fill the log.
    let mut has_panicked = false;
    loop {
        let request = match requests.take(Duration::MAX) {
            Take::Value(request) => request,
            Take::Timeout => continue,
            Take::Closed => return,
        };
        let Some(first) = request.predictions.iter().flatten().next() else { continue };
        let mut composed = Composed {
            number: request.number,
            frame: Arc::clone(&first.frame),
            mirrored: request.style.mirror,
            scenes: Default::default(),
        };
        for (place, prediction) in composed.scenes.iter_mut().zip(&request.predictions) {
            if outbox.is_closed() {
                return;
            }
            let Some(prediction) = prediction else { continue };
            let filled = catch_unwind(AssertUnwindSafe(|| {
                pool.fill(|scene| compose(prediction, &request.style, scene))
            }));
            match filled {
                Ok(scene) => {
                    has_panicked = false;
                    *place = Some(scene);
                }
                Err(_) => {
                    if !has_panicked {
                        let model = &prediction.model.name;
                        tracing::error!(
                            "composing the scene of a result of {model} panicked; it is not drawn"
                        );
                    }
                    has_panicked = true;
                }
            }
        }
        pool.keep_at_most(SCENES_PER_PANE * request.predictions.iter().flatten().count());
        // The prediction goes back to the engine's pool before the window is woken.
        drop(request);
        if outbox.put(composed).is_err() {
            return;
        }
        wake();
    }
}

/// Scenes that are filled again when nobody holds them, so that composing allocates nothing in a steady stream.
#[derive(Default)]
struct ScenePool {
    scenes: Vec<Arc<Scene>>,
}

impl ScenePool {
    /// Lets `write` fill a scene that nobody holds and returns it. If `write` panics that scene is dropped.
    fn fill(&mut self, write: impl FnOnce(&mut Scene)) -> Arc<Scene> {
        let free = self.scenes.iter_mut().position(|scene| Arc::get_mut(scene).is_some());
        let mut scene = free.map_or_else(Arc::default, |at| self.scenes.swap_remove(at));
        if let Some(scene) = Arc::get_mut(&mut scene) {
            write(scene);
        }
        self.scenes.push(Arc::clone(&scene));
        scene
    }

    /// Lets go of scenes beyond this number: when fewer models are compared than before, and those that the window still
    /// held when another was needed.
    fn keep_at_most(&mut self, number: usize) {
        self.scenes.truncate(number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;
    use crate::model::results::StageTimes;
    use crate::model::{Detection, Results, Task, Thresholds};

    const SIZE: (u32, u32) = (64, 48);

    fn prediction(sequence: u64, size: (u32, u32)) -> Arc<Prediction> {
        let mut frame = Frame::filled(size.0, size.1, [0, 0, 0, 255]);
        frame.sequence = sequence;
        let mut results = Results::default();
        results.clear(Task::Detect, size);
        results.detections.push(Detection::new(0, 0.9, [1.0, 1.0, 9.0, 9.0]));
        Arc::new(Prediction {
            frame: Arc::new(frame),
            results,
            model: Arc::new(crate::app::tests::card()),
            thresholds: Thresholds::default(),
            times: StageTimes::default(),
            finished: Instant::now(),
        })
    }

    fn one(prediction: &Arc<Prediction>) -> Predictions {
        [Some(Arc::clone(prediction)), None, None, None]
    }

    /// Waits until `ready` returns true.
    fn wait(what: &str, mut ready: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !ready() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{what} did not happen");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Asks, with a thread of that name that composes as `compose` does.
    fn ask(
        composer: &mut Composer,
        name: &str,
        predictions: Predictions,
        style: &Style,
        compose: impl Fn(&Prediction, &Style, &mut Scene) + Send + 'static,
    ) {
        composer.request_with(predictions, style, || Worker::start(name, compose, || {}));
    }

    fn ready(composer: &mut Composer) {
        wait("composing", || {
            composer.take();
            composer.composed.as_ref().is_some_and(|composed| composed.number == composer.number)
        });
    }

    #[test]
    fn a_scene_comes_with_its_own_frame_and_size() {
        let mut composer = Composer::default();
        for (n, size) in [(1, SIZE), (2, (32, 20)), (3, SIZE)] {
            let prediction = prediction(n, size);
            ask(&mut composer, "scenes-pair", one(&prediction), &Style::default(), compose);
            ready(&mut composer);
            assert_eq!(composer.scene(0).expect("composed").size(), size);
            assert!(Arc::ptr_eq(composer.frame().expect("composed"), &prediction.frame));
        }
        assert!(composer.scene(1).is_none() && composer.scene(9).is_none());
    }

    #[test]
    fn all_panes_are_of_one_request() {
        let mut composer = Composer::default();
        let (a, b) = (prediction(1, SIZE), prediction(1, SIZE));
        let predictions = [Some(Arc::clone(&a)), None, Some(b), None];
        let style = Style { mirror: true, ..Style::default() };
        ask(&mut composer, "scenes-panes", predictions, &style, compose);
        ready(&mut composer);
        let panes = [0, 1, 2, 3].map(|pane| composer.scene(pane).map(|scene| scene.is_mirrored()));
        assert_eq!(panes, [Some(true), None, Some(true), None]);
        assert_eq!(composer.mirrored(), Some(true));
        // The third model is taken away: its scene is not shown again, whatever is still under way.
        ask(&mut composer, "", one(&a), &style, compose);
        assert!(composer.scene(0).is_some(), "the first pane keeps its scene until the new one is ready");
        let again = [Some(Arc::clone(&a)), None, Some(prediction(2, SIZE)), None];
        ask(&mut composer, "", again, &style, compose);
        assert!(composer.scene(2).is_none(), "the scene of the model that was taken away");
        ready(&mut composer);
        assert!(composer.scene(2).is_some());
    }

    #[test]
    fn another_style_composes_the_same_prediction_again() {
        let mut composer = Composer::default();
        let prediction = prediction(1, SIZE);
        ask(&mut composer, "scenes-style", one(&prediction), &Style::default(), compose);
        ready(&mut composer);
        assert!(!composer.scene(0).expect("composed").shapes().is_empty());
        let number = composer.number;
        ask(&mut composer, "", one(&prediction), &Style::default(), compose);
        assert_eq!(composer.number, number, "nothing has changed: nothing is asked for");
        let nothing = Style { boxes: false, labels: false, ..Style::default() };
        ask(&mut composer, "", one(&prediction), &nothing, compose);
        ready(&mut composer);
        assert!(composer.scene(0).expect("composed").shapes().is_empty());
    }

    #[test]
    fn the_newest_request_wins() {
        let (entered, waits) = std::sync::mpsc::sync_channel(1);
        let (go, gate) = std::sync::mpsc::sync_channel(1);
        let composed = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&composed);
        let gated = move |prediction: &Prediction, style: &Style, scene: &mut Scene| {
            seen.lock().unwrap().push(prediction.frame.sequence);
            if prediction.frame.sequence == 1 {
                entered.send(()).unwrap();
                gate.recv().unwrap();
            }
            compose(prediction, style, scene);
        };
        let mut composer = Composer::default();
        ask(&mut composer, "scenes-newest", one(&prediction(1, SIZE)), &Style::default(), gated);
        waits.recv().unwrap();
        for n in 2..=5 {
            ask(&mut composer, "", one(&prediction(n, SIZE)), &Style::default(), compose);
        }
        go.send(()).unwrap();
        ready(&mut composer);
        assert_eq!(composer.frame().expect("composed").sequence, 5);
        assert_eq!(*composed.lock().unwrap(), [1, 5], "those in between are left out");
    }

    #[test]
    fn nothing_of_a_closed_source_is_shown() {
        let (entered, waits) = std::sync::mpsc::sync_channel(1);
        let (go, gate) = std::sync::mpsc::sync_channel(1);
        let gated = move |prediction: &Prediction, style: &Style, scene: &mut Scene| {
            if prediction.frame.sequence == 2 {
                entered.send(()).unwrap();
                gate.recv().unwrap();
            }
            compose(prediction, style, scene);
        };
        let mut composer = Composer::default();
        ask(&mut composer, "scenes-closed", one(&prediction(1, SIZE)), &Style::default(), gated);
        ready(&mut composer);
        ask(&mut composer, "", one(&prediction(2, SIZE)), &Style::default(), compose);
        waits.recv().unwrap();
        // The source is closed while its last scene is composed, and another one is opened.
        ask(&mut composer, "", Predictions::default(), &Style::default(), compose);
        assert!(composer.scene(0).is_none() && composer.frame().is_none());
        ask(&mut composer, "", one(&prediction(3, SIZE)), &Style::default(), compose);
        go.send(()).unwrap();
        wait("the last scene of the closed source", || {
            composer.take();
            composer.composed.is_some()
        });
        if composer.composed.as_ref().is_some_and(|composed| composed.number < composer.number) {
            assert!(composer.scene(0).is_none() && composer.frame().is_none(), "it is not shown");
        }
        ready(&mut composer);
        assert_eq!(composer.frame().expect("composed").sequence, 3);
    }

    #[test]
    fn a_panic_costs_one_scene_and_not_the_thread() {
        let failing = |prediction: &Prediction, style: &Style, scene: &mut Scene| {
            assert!(prediction.frame.sequence != 2, "a panic on purpose");
            compose(prediction, style, scene);
        };
        let mut composer = Composer::default();
        for n in 1..=3 {
            ask(&mut composer, "scenes-panic", one(&prediction(n, SIZE)), &Style::default(), failing);
            ready(&mut composer);
            assert_eq!(composer.frame().expect("composed").sequence, n);
            assert_eq!(composer.scene(0).is_some(), n != 2, "result {n}");
        }
    }

    #[test]
    fn the_window_is_woken_only_if_it_painted_without_its_scene() {
        let wakes = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (go, gate) = std::sync::mpsc::sync_channel(1);
        let gated = move |prediction: &Prediction, style: &Style, scene: &mut Scene| {
            gate.recv().unwrap();
            compose(prediction, style, scene);
        };
        let count = Arc::clone(&wakes);
        let mut composer = Composer::default();
        composer.request_with(one(&prediction(1, SIZE)), &Style::default(), || {
            Worker::start("scenes-wake", gated, move || {
                count.fetch_add(1, Ordering::SeqCst);
            })
        });
        composer.take();
        assert!(composer.scene(0).is_none());
        go.send(()).unwrap();
        wait("the wake", || wakes.load(Ordering::SeqCst) == 1);
        composer.take();
        assert!(composer.scene(0).is_some());
        // The second scene is ready before the window paints.
        ask(&mut composer, "", one(&prediction(2, SIZE)), &Style::default(), compose);
        go.send(()).unwrap();
        let slot = composer.worker.as_ref().expect("started").composed.clone();
        wait("the second scene", || slot.holds(|composed| composed.number == 2));
        std::thread::sleep(Duration::from_millis(20));
        composer.take();
        assert_eq!(composer.frame().expect("composed").sequence, 2);
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn scenes_are_used_again_when_nobody_holds_them() {
        let mut composer = Composer::default();
        let mut places = std::collections::HashSet::new();
        for n in 0..20 {
            ask(&mut composer, "scenes-pool", one(&prediction(n, SIZE)), &Style::default(), compose);
            ready(&mut composer);
            places.insert(Arc::as_ptr(composer.scene(0).expect("composed")));
        }
        assert!(places.len() <= SCENES_PER_PANE, "{} scenes for twenty results", places.len());
        let mut pool = ScenePool::default();
        let held = pool.fill(|scene| scene.clear((3, 3), false));
        let other = pool.fill(|scene| scene.clear((5, 5), false));
        assert_eq!((held.size(), other.size()), ((3, 3), (5, 5)), "a scene that is held is left alone");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_thread_ends_with_the_window_also_while_it_composes() {
        let threads = |name: &str| {
            let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has it");
            let comm = |task: std::io::Result<std::fs::DirEntry>| {
                std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
            };
            tasks.filter_map(comm).filter(|comm| comm.trim() == name).count()
        };
        let mut idle = Composer::default();
        ask(&mut idle, "scenes-idle", one(&prediction(1, SIZE)), &Style::default(), compose);
        ready(&mut idle);
        assert_eq!(threads("scenes-idle"), 1);
        drop(idle);
        wait("the end of an idle thread", || threads("scenes-idle") == 0);

        let (entered, waits) = std::sync::mpsc::sync_channel(1);
        let (go, gate) = std::sync::mpsc::sync_channel::<()>(1);
        let gated = move |_: &Prediction, _: &Style, _: &mut Scene| {
            entered.send(()).unwrap();
            gate.recv().unwrap();
        };
        let mut busy = Composer::default();
        let (a, b) = (prediction(1, SIZE), prediction(1, SIZE));
        let two = [Some(a), Some(b), None, None];
        ask(&mut busy, "scenes-busy", two, &Style::default(), gated);
        waits.recv().unwrap();
        let begin = Instant::now();
        drop(busy);
        assert!(begin.elapsed() < Duration::from_secs(1), "closing does not wait for the scene");
        go.send(()).unwrap();
        wait("the end of a busy thread", || threads("scenes-busy") == 0);
        assert!(waits.try_recv().is_err(), "the second scene was not begun");
    }
}
