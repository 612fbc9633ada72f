//! The live loop with scripted sources and models: what a user would notice when a camera or a model misbehaves.

mod faults;
mod following;
mod operations;
mod perturbing;
mod publishing;
pub(super) mod scripted;
mod switching;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::model::{ModelError, Results, Spec, Thresholds};
use crate::source::address::PATTERN as LIVE;
use crate::source::{Pace, Source, SourceError, SourceInfo};
use scripted::{
    Act, Log, Rig, SourceLog, at_rate, counted, live, model_factory, number, rig, rig_by_address, source,
};

/// Long enough for the slowest machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something holds.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "it never came that {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_slow_model_gets_the_newest_frame_and_nothing_queues() {
    let rig = live();
    rig.model("slow");
    until("the slow model has looked", || rig.engine.prediction().is_some());
    let first = rig.engine.prediction().map(|o| o.frame.sequence);
    until("it has looked again", || rig.engine.prediction().map(|o| o.frame.sequence) > first);
    let prediction = rig.engine.prediction().expect("a prediction");
    // Frames come every 5 ms or slower, the model takes 150: it must have left frames out.
    assert!(
        prediction.frame.sequence > first.unwrap_or(0) + 3,
        "{} after {first:?}",
        prediction.frame.sequence
    );
    assert!(rig.engine.stats().dropped > 3);
    rig.preview_goes_on();
}

#[test]
fn a_failing_or_crashing_model_leaves_the_preview_running() {
    for name in ["fails", "panics"] {
        let rig = live();
        rig.model(name);
        until("the failure is reported", || rig.engine.model().failed.is_some());
        rig.preview_goes_on();
        until("the model is closed after repeated failures", || rig.engine.model().current.is_none());
        rig.model("well");
        until("another model works", || rig.engine.prediction().is_some_and(|o| o.model.name == "well"));
        assert!(rig.engine.model().failed.is_none());
    }
}

#[test]
fn a_model_that_cannot_be_opened_leaves_the_old_one_running() {
    let rig = live();
    rig.model("well");
    until("the model runs", || rig.engine.prediction().is_some());
    rig.model("missing");
    until("the failure is reported", || rig.engine.model().failed.is_some());
    let state = rig.engine.model();
    assert_eq!(state.current.as_ref().map(|c| c.name.as_str()), Some("well"));
    assert!(state.opening.is_none());
    let runs = rig.runs.load(SeqCst);
    until("the old one goes on", || rig.runs.load(SeqCst) > runs + 3);
}

#[test]
fn switching_models_ends_with_the_last_one_asked_for() {
    let rig = live();
    for n in 0..20 {
        rig.model(&format!("well{n}"));
    }
    until("the last one runs", || rig.engine.prediction().is_some_and(|o| o.model.name == "well19"));
    let state = rig.engine.model();
    assert_eq!((state.current.as_ref().map(|c| c.name.as_str()), &state.opening), (Some("well19"), &None));
}

#[test]
fn closing_the_model_leaves_no_old_results_behind() {
    let rig = live();
    rig.model("well");
    until("the model runs", || rig.engine.prediction().is_some());
    rig.engine.send(Command::CloseModel);
    until("nothing is left of it", || {
        rig.engine.prediction().is_none() && rig.engine.model().current.is_none()
    });
    rig.preview_goes_on();
}

#[test]
fn stopping_is_prompt_whatever_hangs() {
    let rig1 = live();
    rig1.model("hangs");
    until("the model hangs", || rig1.runs.load(SeqCst) > 0);
    rig1.stops_promptly();

    let hanging = || Ok(source(Pace::Live, None, &[Act::Frames(3), Act::Hang(Duration::from_secs(5))]));
    let rig2 = rig(hanging);
    rig2.open();
    until("frames came before the hang", || rig2.shown().is_some_and(|n| n >= 2));
    rig2.stops_promptly();

    let rig3 = rig(|| {
        std::thread::sleep(Duration::from_secs(5));
        Err(SourceError::NoCamera)
    });
    rig3.open();
    rig3.stops_promptly();
}

#[test]
fn a_source_that_hangs_gives_way_to_another() {
    let opened = AtomicU32::new(0);
    let rig = rig(move || {
        let first = opened.fetch_add(1, SeqCst) == 0;
        let acts = [Act::Hang(Duration::from_secs(30))];
        Ok(source(Pace::Live, None, if first { &acts } else { &[] }))
    });
    rig.open();
    std::thread::sleep(Duration::from_millis(30));
    rig.open();
    rig.preview_goes_on();
}

#[test]
fn an_unplugged_camera_is_said_and_comes_back_by_itself() {
    let opened = AtomicU32::new(0);
    let gone = SourceError::Unplugged { name: "Scripted".into() };
    let rig = rig(move || match opened.fetch_add(1, SeqCst) {
        0 => Ok(source(Pace::Live, None, &[Act::Frames(10), Act::Fail(gone.clone())])),
        1 => Err(SourceError::Missing { name: "Scripted".into() }),
        _ => Ok(source(Pace::Live, None, &[])),
    });
    rig.open();
    until("the loss is reported", || {
        matches!(
            &*rig.engine.source(),
            SourceState::Failed { error: SourceError::Unplugged { .. }, retrying: true, .. }
        )
    });
    until("it plays again", || matches!(&*rig.engine.source(), SourceState::Playing { .. }));
    rig.preview_goes_on();
}

#[test]
fn what_cannot_pass_is_not_tried_again() {
    let opened = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&opened);
    let rig = rig(move || {
        counter.fetch_add(1, SeqCst);
        Err(SourceError::NoFile { path: "gone.mp4".into() })
    });
    rig.open();
    until("the failure is reported", || {
        matches!(&*rig.engine.source(), SourceState::Failed { retrying: false, .. })
    });
    std::thread::sleep(Duration::from_millis(1300));
    assert_eq!(opened.load(SeqCst), 1);
}

#[test]
fn a_video_is_paused_stepped_sought_and_looped() {
    let rig = rig(|| Ok(source(Pace::Video, Some(500), &[])));
    rig.open();
    rig.preview_goes_on();
    rig.engine.send(Command::Pause(true));
    until("it is paused", || matches!(&*rig.engine.source(), SourceState::Paused { .. }));
    std::thread::sleep(Duration::from_millis(100));
    let held = rig.shown();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(rig.shown(), held, "a paused video stands still");
    rig.engine.send(Command::Step);
    until("it goes one frame on", || rig.shown() == held.map(|n| n + 1));
    rig.engine.send(Command::Seek(4.5));
    until("it shows the frame sought", || rig.shown() == Some(450));
    assert_eq!(rig.engine.position(), Some(4.5));
    rig.engine.send(Command::Loop(true));
    rig.engine.send(Command::Pause(false));
    until("it begins again", || rig.shown().is_some_and(|n| n < 400));
    rig.engine.send(Command::Loop(false));
    until("it ends", || matches!(&*rig.engine.source(), SourceState::Ended { .. }));
    // It may still be on its way through the decoder.
    until("the last frame is shown", || rig.shown() == Some(499));
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(rig.shown(), Some(499), "the last frame stays");
    rig.engine.send(Command::Seek(1.0));
    until("it plays again after the end", || matches!(&*rig.engine.source(), SourceState::Playing { .. }));
}

#[test]
fn as_fast_as_possible_looks_at_every_frame() {
    let rig = rig(|| Ok(source(Pace::Video, Some(60), &[])));
    rig.engine.send(Command::AsFastAsPossible(true));
    rig.model("well");
    until("the model is there", || rig.engine.model().current.is_some());
    rig.open();
    until("it ends", || matches!(&*rig.engine.source(), SourceState::Ended { .. }));
    until("the last frame is looked at", || rig.engine.prediction().is_some_and(|o| o.frame.sequence == 59));
    assert_eq!(rig.runs.load(SeqCst), 60);
    assert_eq!(rig.engine.stats().dropped, 0);
}

#[test]
fn an_image_is_looked_at_again_when_limits_or_model_change() {
    let rig = rig(|| Ok(source(Pace::Stills, Some(1), &[])));
    rig.open();
    until("the image is shown", || rig.shown().is_some());
    rig.model("well");
    until("it is looked at although it came before the model", || rig.engine.prediction().is_some());
    rig.engine.send(Command::SetThresholds(Thresholds { conf: 0.5, ..Thresholds::default() }));
    let score = || rig.engine.prediction().and_then(|o| o.results.detections.first().map(|d| d.score));
    until("it is looked at under the new limit", || score() == Some(0.5));
    rig.model("well2");
    until("it is looked at by the new model", || {
        rig.engine.prediction().is_some_and(|o| o.model.name == "well2")
    });
}

#[test]
fn a_folder_goes_on_when_told_to() {
    let rig = rig(|| Ok(source(Pace::Stills, Some(3), &[])));
    rig.open();
    until("the first image is shown", || rig.shown() == Some(0));
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(rig.shown(), Some(0), "each stays as long as the viewer wants");
    rig.engine.send(Command::Step);
    until("the second is shown", || rig.shown() == Some(1));
    rig.engine.send(Command::Seek(0.0));
    until("the first is shown again", || rig.shown() == Some(0));
}

#[test]
fn a_hidden_image_is_decoded_for_nobody() {
    let rig = live();
    rig.preview_goes_on();
    rig.engine.send(Command::Hidden(true));
    std::thread::sleep(Duration::from_millis(300));
    let held = rig.shown();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(rig.shown(), held);
    rig.engine.send(Command::Hidden(false));
    rig.preview_goes_on();
}

#[test]
fn a_video_that_nobody_sees_stands_still_and_a_camera_goes_on_being_read() {
    for (pace, goes_on) in [(Pace::Video, false), (Pace::Live, true)] {
        let log = Arc::<SourceLog>::default();
        let written = Arc::clone(&log);
        let rig = rig(move || Ok(counted(pace, None, &[], &written)));
        rig.open();
        rig.preview_goes_on();
        rig.engine.send(Command::Hidden(true));
        std::thread::sleep(Duration::from_millis(200));
        let before = log.reads.load(SeqCst);
        if goes_on {
            until("it is still read", || log.reads.load(SeqCst) > before + 5);
        } else {
            std::thread::sleep(Duration::from_millis(200));
            assert_eq!(log.reads.load(SeqCst), before);
        }
        rig.engine.send(Command::Hidden(false));
        rig.preview_goes_on();
    }
}

#[test]
fn a_paused_camera_goes_on_being_read() {
    let log = Arc::<SourceLog>::default();
    let written = Arc::clone(&log);
    let rig = rig(move || Ok(counted(Pace::Live, None, &[], &written)));
    rig.open();
    rig.preview_goes_on();
    rig.engine.send(Command::Pause(true));
    until("it is paused", || matches!(&*rig.engine.source(), SourceState::Paused { .. }));
    std::thread::sleep(Duration::from_millis(50));
    let (held, before) = (rig.shown(), log.reads.load(SeqCst));
    until("it is still read", || log.reads.load(SeqCst) > before + 5);
    assert_eq!(rig.shown(), held);
}

#[test]
fn the_window_is_woken_for_new_frames_and_states() {
    let woken = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&woken);
    let wake = Arc::new(move || *counter.lock().expect("no panic") += 1);
    let factories =
        Factories { source: Box::new(|_, _| Ok(source(Pace::Stills, Some(1), &[]))), ..Factories::default() };
    let engine = Engine::start_with(EngineOptions::new(wake), factories);
    engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    until("the image is there", || engine.preview().is_some());
    until("the window was woken", || *woken.lock().expect("no panic") >= 2);
    std::thread::sleep(Duration::from_millis(100));
    let quiet = *woken.lock().expect("no panic");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(*woken.lock().expect("no panic"), quiet, "a still image wakes nobody");
}
