//! What the window relies on: pairs, order, clearing, panics, and the end of the thread.

use std::sync::Mutex;
use std::time::Instant;

use super::*;
use crate::engine::ModelInfo;
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
        model: Arc::new(crate::fixtures::model_info()),
        thresholds: Thresholds::default(),
        times: StageTimes::default(),
        finished: Instant::now(),
        looks: crate::track::Looks::default(),
        report: None,
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
    composer.request_with(predictions, style, &Privacy::default(), || Worker::start(name, compose, || {}));
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
fn no_scene_of_the_model_before_is_shown_under_another_models_name() {
    let mut composer = Composer::default();
    let (a, b) = (prediction(1, SIZE), prediction(1, SIZE));
    let of_both = |b: &Arc<Prediction>| [Some(Arc::clone(&a)), Some(Arc::clone(b)), None, None];
    ask(&mut composer, "scenes-other", of_both(&b), &Style::default(), compose);
    ready(&mut composer);
    let mut other = Prediction::clone(&b);
    other.model = Arc::new(ModelInfo { path: "/models/other.onnx".into(), ..crate::fixtures::model_info() });
    ask(&mut composer, "", of_both(&Arc::new(other)), &Style::default(), compose);
    assert!(composer.scene(1).is_none(), "not for one pass");
    assert!(composer.scene(0).is_some(), "the other pane keeps its own");
    ready(&mut composer);
    assert!(composer.scene(1).is_some());
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
    let log = Arc::clone(&composed);
    let gated = move |prediction: &Prediction, style: &Style, scene: &mut Scene| {
        log.lock().unwrap().push(prediction.frame.sequence);
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
    composer.request_with(one(&prediction(1, SIZE)), &Style::default(), &Privacy::default(), || {
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

#[test]
fn a_frame_is_shown_with_people_hidden_and_never_as_it_was_before() {
    let seen = |sequence: u64| {
        let mut prediction = Arc::into_inner(prediction(sequence, SIZE)).expect("nobody else has it");
        let mut frame = Frame::clone(&prediction.frame);
        for (n, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
            pixel[0] = if (n % 64 + n / 64) % 2 == 0 { 200 } else { 0 };
        }
        prediction.frame = Arc::new(frame);
        Arc::new(prediction)
    };
    let pattern = |frame: &Frame, x: usize, y: usize| {
        let red = |x: usize| frame.data[(y * 64 + x) * 4];
        red(x).abs_diff(red(x + 1)) > 100
    };
    let mut composer = Composer::default();
    let start = || Worker::start("scenes-private", compose, || {});
    let first = seen(1);
    composer.request_with(one(&first), &Style::default(), &Privacy::default(), start);
    ready(&mut composer);
    assert!(Arc::ptr_eq(composer.frame().expect("composed"), &first.frame) && composer.covered().is_none());
    // From the moment that privacy is on, the frame of before is gone.
    let privacy = Privacy::hiding(vec!["person".into()]);
    composer.request_with(one(&first), &Style::default(), &privacy, start);
    assert!(composer.frame().is_none() && composer.scene(0).is_none());
    ready(&mut composer);
    let frame = composer.frame().expect("composed");
    assert_eq!((frame.sequence, composer.covered()), (1, Some(Covered::Objects(1))));
    assert!(!pattern(frame, 4, 4) && pattern(frame, 40, 30));
    // A model that finds no people.
    let faces = Privacy::hiding(vec!["face".into()]);
    composer.request_with(one(&first), &Style::default(), &faces, start);
    ready(&mut composer);
    assert_eq!(composer.covered(), Some(Covered::Everything));
    assert!(!pattern(composer.frame().expect("composed"), 40, 30));
    // Steady, the copies are made in the same buffers.
    let mut buffers = std::collections::HashSet::new();
    for n in 2..40 {
        composer.request_with(one(&seen(n)), &Style::default(), &privacy, start);
        ready(&mut composer);
        buffers.insert(composer.frame().expect("composed").data.as_ptr());
    }
    assert!(buffers.len() <= COPIES, "{}", buffers.len());
}
