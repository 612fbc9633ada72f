//! Faults that the engine had before, one test each: what a user saw, and what is to happen instead.

use std::sync::Weak;
use std::sync::atomic::AtomicBool;

use super::*;

/// A camera that can be open only once, whose other mode has another size.
#[test]
fn a_still_is_taken_in_another_mode_and_the_preview_comes_back() {
    let log = Arc::<SourceLog>::default();
    let modes = Arc::<Mutex<Vec<Option<(u32, u32)>>>>::default();
    let (of_source, asked) = (Arc::clone(&log), Arc::clone(&modes));
    let rig = rig_by_address(move |_, camera| {
        asked.lock().expect("no panic").push(camera.size);
        match camera.size {
            Some((1, 1)) => Err(SourceError::Busy { name: "Scripted".into(), by: None }),
            _ => Ok(counted(Pace::Live, None, &[], &of_source)),
        }
    });
    rig.open();
    rig.preview_goes_on();
    rig.engine.send(Command::SetControl { id: 7, value: 20 });
    until("the control is set", || log.controls.lock().expect("no panic").len() == 1);
    let larger = CameraRequest { size: Some((4000, 3000)), ..CameraRequest::default() };
    let still = rig.engine.still(larger).recv_timeout(PATIENCE).expect("an answer");
    let frame = still.frame.expect("a frame");
    assert!(frame.sequence >= 5, "the first ones are too dark");
    assert!(still.paused > Duration::from_millis(20), "{:?}", still.paused);
    rig.preview_goes_on();
    assert_eq!(*modes.lock().expect("no panic"), [None, Some((4000, 3000)), None]);
    assert_eq!(*log.controls.lock().expect("no panic"), [(7, 20); 3], "each time");

    // What fails leaves the preview as it was.
    let refused = CameraRequest { size: Some((1, 1)), ..CameraRequest::default() };
    let still = rig.engine.still(refused).recv_timeout(PATIENCE).expect("an answer");
    assert!(matches!(still.frame, Err(SourceError::Busy { .. })), "{still:?}");
    rig.preview_goes_on();
    assert!(matches!(*rig.engine.source(), SourceState::Playing { .. }));
    rig.engine.send(Command::CloseSource);
    assert!(rig.engine.still(CameraRequest::default()).recv_timeout(PATIENCE).is_err(), "no camera");
}

#[test]
fn a_camera_that_is_closed_during_a_still_is_not_opened_again() {
    let modes = Arc::<Mutex<Vec<Option<(u32, u32)>>>>::default();
    let asked = Arc::clone(&modes);
    let rig = rig_by_address(move |_, camera| {
        asked.lock().expect("no panic").push(camera.size);
        let hangs = [Act::Hang(Duration::from_millis(300))];
        Ok(source(Pace::Live, None, if camera.size.is_some() { &hangs } else { &[] }))
    });
    rig.open();
    rig.preview_goes_on();
    let larger = CameraRequest { size: Some((4000, 3000)), ..CameraRequest::default() };
    let answer = rig.engine.still(larger);
    until("the other mode is opened", || modes.lock().expect("no panic").len() == 2);
    rig.engine.send(Command::CloseSource);
    assert!(answer.recv_timeout(PATIENCE).is_ok_and(|still| still.frame.is_err()));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(*modes.lock().expect("no panic"), [None, Some((4000, 3000))]);
}

#[test]
fn a_still_is_there_although_the_preview_is_paused() {
    let rig = live();
    rig.preview_goes_on();
    rig.engine.send(Command::Pause(true));
    let larger = CameraRequest { size: Some((4000, 3000)), ..CameraRequest::default() };
    let still = rig.engine.still(larger).recv_timeout(Duration::from_secs(8)).expect("an answer");
    assert!(still.frame.is_ok(), "{still:?}");
}

#[test]
fn an_image_that_is_opened_while_the_window_is_hidden_is_there_when_it_is_shown() {
    let rig = rig(|| Ok(source(Pace::Stills, Some(1), &[])));
    rig.model("well");
    rig.engine.send(Command::Hidden(true));
    rig.open();
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(rig.shown(), None, "nothing is decoded for a hidden window");
    rig.engine.send(Command::Hidden(false));
    until("the image is shown", || rig.shown() == Some(0));
    until("it has a result", || rig.engine.prediction().is_some());
}

#[test]
fn results_of_a_second_session_carry_their_own_models_name_while_the_model_changes() {
    let rig = live();
    rig.engine.send(Command::Pace(ResultPace::Smooth));
    let predictions = rig.engine.subscribe(4096);
    for round in 0..3 {
        for name in ["slow1", "well2"] {
            rig.model(name);
            until("it runs", || rig.engine.prediction().is_some_and(|p| p.model.name == name));
            if round == 0 {
                until("it has a second session", || rig.engine.pace().smooth);
            }
        }
    }
    let mut seen = Vec::new();
    while let Ok(prediction) = predictions.next(Duration::ZERO) {
        let name = prediction.model.name.clone();
        assert_eq!(prediction.results.detections[0].class_id, number(&name), "a result under another name");
        if seen.last() != Some(&name) {
            seen.push(name);
        }
    }
    assert_eq!(
        seen,
        ["slow1", "well2", "slow1", "well2", "slow1", "well2"],
        "no result of a model that was left"
    );
    assert_eq!(predictions.missed(), 0);
}

#[test]
fn an_image_that_the_second_session_took_is_run_by_the_model_that_is_chosen_meanwhile() {
    // Frames are rare, so that both sessions wait for the next one.
    let rare: Vec<Act> =
        (0..100).flat_map(|_| [Act::Frames(1), Act::Hang(Duration::from_millis(200))]).collect();
    let rig = rig_by_address(move |address, _| {
        let live = *address == LIVE;
        Ok(if live { source(Pace::Live, None, &rare) } else { source(Pace::Stills, Some(1), &[]) })
    });
    rig.engine.send(Command::Pace(ResultPace::Smooth));
    // Which session takes the image is left to chance, so this is tried at several moments.
    for round in 0..10 {
        rig.model("slow1");
        rig.open();
        until("it has a second session", || rig.engine.pace().smooth && rig.engine.prediction().is_some());
        std::thread::sleep(Duration::from_millis(15 * round));
        let address = Address::Image("one.png".into());
        rig.engine.send(Command::Open { address, camera: CameraRequest::default() });
        let runs = rig.runs.load(SeqCst);
        until("a session runs", || rig.runs.load(SeqCst) > runs && rig.shown() == Some(0));
        rig.model("well2");
        until("the image has a result of the new model", || {
            rig.engine.prediction().is_some_and(|p| p.model.name == "well2")
        });
    }
}

#[test]
fn a_model_that_hung_can_be_chosen_again() {
    let rig = live();
    rig.model("hangs-once");
    until("it hangs", || rig.runs.load(SeqCst) > 0);
    rig.model("well");
    until("another is opened", || rig.log.lock().expect("no panic").opened.len() == 2);
    rig.model("hangs-once");
    until("it is opened anew and runs", || {
        rig.engine.prediction().is_some_and(|p| p.model.name == "hangs-once")
    });
    until("nothing is being opened", || rig.engine.model().opening.is_none());
}

#[test]
fn a_failure_on_the_first_frame_leaves_the_warm_models_open() {
    let rig = live();
    for name in ["well1", "well2", "well3"] {
        rig.model(name);
        until("it runs", || rig.engine.prediction().is_some_and(|p| p.model.name == name));
    }
    for _ in 0..5 {
        rig.model("fails");
        until("it failed", || rig.engine.model().failed.is_some());
    }
    until("the failed ones are closed", || {
        rig.log.lock().expect("no panic").dropped.iter().filter(|(name, _)| name == "fails").count() == 5
    });
    for name in ["well1", "well2"] {
        rig.model(name);
        until("it runs again", || rig.engine.prediction().is_some_and(|p| p.model.name == name));
    }
    let opened = rig.log.lock().expect("no panic").opened.clone();
    assert_eq!(opened.iter().filter(|name| name.starts_with("well")).count(), 3, "{opened:?}");
}

#[test]
fn the_window_may_call_back_when_it_is_woken() {
    let engine = Arc::<Mutex<Weak<Engine>>>::default();
    let (caller, calls) = (Arc::clone(&engine), Arc::new(AtomicU32::new(0)));
    let counter = Arc::clone(&calls);
    let inside = AtomicBool::new(false);
    let wake = Arc::new(move || {
        let engine = caller.lock().expect("no panic").upgrade();
        let Some(engine) = engine else { return };
        if inside.swap(true, SeqCst) {
            return;
        }
        counter.fetch_add(1, SeqCst);
        let _ = (engine.prediction(), engine.preview(), engine.model(), engine.source(), engine.stats());
        engine.send(Command::Compare(Vec::new()));
        engine.send(Command::SetThresholds(Thresholds::default()));
        engine.send(Command::Step);
        inside.store(false, SeqCst);
    });
    let factories = Factories {
        source: Box::new(|_, _| Ok(source(Pace::Live, None, &[]))),
        model: model_factory(&Arc::default(), &Arc::default()),
    };
    let started = Arc::new(Engine::start_with(EngineOptions::new(wake), factories));
    *engine.lock().expect("no panic") = Arc::downgrade(&started);
    started.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    for name in ["fails", "well1", "panics", "well2"] {
        started.send(Command::SetModel(ModelChoice { path: name.into(), ..ModelChoice::default() }));
        until("it runs or has failed", || {
            let state = started.model();
            state.opening.is_none() && (state.current.is_some() || state.failed.is_some())
        });
    }
    let before = calls.load(SeqCst);
    until("it goes on", || calls.load(SeqCst) > before + 20);
}

#[test]
fn a_video_of_a_frame_in_ten_seconds_follows_seek_and_pause_at_once() {
    let rig = rig(|| Ok(at_rate(Pace::Video, Some(1000), &[], &Arc::default(), 0.1)));
    rig.open();
    until("the first frame is shown", || rig.shown() == Some(0));
    let begin = Instant::now();
    rig.engine.send(Command::Seek(500.0));
    until("the frame sought is shown", || rig.shown() == Some(50));
    rig.engine.send(Command::Pause(true));
    until("it is paused", || matches!(&*rig.engine.source(), SourceState::Paused { .. }));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn of_many_seeks_only_the_newest_is_carried_out() {
    let log = Arc::<SourceLog>::default();
    let written = Arc::clone(&log);
    let acts = [Act::Frames(1), Act::Hang(Duration::from_millis(300))];
    let rig = rig(move || Ok(counted(Pace::Video, Some(500), &acts, &written)));
    rig.open();
    until("it hangs in a read", || log.reads.load(SeqCst) >= 2);
    for n in 0..40 {
        rig.engine.send(Command::Seek(f64::from(n) / 10.0));
    }
    until("the last one is shown", || rig.shown().is_some_and(|n| n >= 390));
    assert!(log.seeks.load(SeqCst) <= 2, "{} seeks", log.seeks.load(SeqCst));
}

#[test]
fn a_camera_that_comes_back_is_the_same_one_with_its_settings() {
    let log = Arc::<SourceLog>::default();
    let (written, opened) = (Arc::clone(&log), Arc::<Mutex<Vec<Address>>>::default());
    let addresses = Arc::clone(&opened);
    let gone = SourceError::Unplugged { name: "Scripted".into() };
    let rig = rig_by_address(move |address, _| {
        let mut addresses = addresses.lock().expect("no panic");
        addresses.push(address.clone());
        let acts = [Act::Frames(200), Act::Fail(gone.clone())];
        let acts = if addresses.len() == 1 { &acts[..] } else { &[] };
        Ok(counted(Pace::Live, None, acts, &written))
    });
    rig.engine.send(Command::Open { address: Address::CameraIndex(0), camera: CameraRequest::default() });
    until("it plays", || rig.shown().is_some());
    for (value, count) in [(10, 1), (20, 2)] {
        rig.engine.send(Command::SetControl { id: 7, value });
        until("the control is set", || log.controls.lock().expect("no panic").len() == count);
    }
    until("it is unplugged", || matches!(&*rig.engine.source(), SourceState::Failed { .. }));
    rig.engine.send(Command::SetControl { id: 8, value: 1 });
    until("it is back", || matches!(&*rig.engine.source(), SourceState::Playing { .. }));
    assert_eq!(log.controls.lock().expect("no panic")[2..], [(7, 20), (8, 1)], "the last value of each");
    let opened = opened.lock().expect("no panic");
    let named = |address: &Address| matches!(address, Address::Camera { name, .. } if name == "Scripted");
    assert!(opened[0] == Address::CameraIndex(0) && opened[1..].iter().all(named), "{opened:?}");
}

#[test]
fn a_looped_folder_whose_files_have_vanished_ends() {
    let log = Arc::<SourceLog>::default();
    let written = Arc::clone(&log);
    let rig = rig(move || {
        let mut empty = counted(Pace::Stills, Some(0), &[], &written);
        empty.seek(0.0).map(|()| empty)
    });
    rig.engine.send(Command::Loop(true));
    rig.engine.send(Command::AsFastAsPossible(true));
    rig.open();
    until("it ends", || matches!(&*rig.engine.source(), SourceState::Ended { .. }));
    std::thread::sleep(Duration::from_millis(200));
    assert!(log.reads.load(SeqCst) < 5, "{} reads", log.reads.load(SeqCst));
}

#[test]
fn a_result_that_was_under_way_when_the_model_was_closed_does_not_appear() {
    let rig = live();
    rig.model("slow1");
    until("it runs", || rig.engine.prediction().is_some());
    for _ in 0..3 {
        let runs = rig.runs.load(SeqCst);
        until("another run begins", || rig.runs.load(SeqCst) > runs);
        rig.engine.send(Command::CloseModel);
        assert!(rig.engine.prediction().is_none());
        std::thread::sleep(Duration::from_millis(300));
        assert!(rig.engine.prediction().is_none() && rig.engine.model().current.is_none());
        rig.model("slow1");
        until("it runs again", || rig.engine.prediction().is_some());
    }
}

#[test]
fn a_model_that_never_finishes_opening_gives_way_to_another_and_can_be_chosen_again() {
    let rig = live();
    let opened = || rig.log.lock().expect("no panic").opened.len();
    let runs = |name: &str| rig.engine.prediction().is_some_and(|p| p.model.name == name);
    rig.model("opens-once-forever");
    until("it is being opened", || opened() == 1);
    let begin = Instant::now();
    rig.model("well");
    until("the other one runs", || runs("well"));
    assert!(begin.elapsed() < PATIENCE / 2, "{:?}", begin.elapsed());
    rig.model("opens-once-forever");
    until("it runs", || runs("opens-once-forever"));
    assert!(rig.engine.model().failed.is_none());
}

#[test]
fn a_model_that_was_left_and_chosen_again_while_it_was_being_opened_runs() {
    let rig = live();
    rig.model("opens-once-forever");
    until("it is being opened", || !rig.log.lock().expect("no panic").opened.is_empty());
    rig.model("well");
    rig.model("opens-once-forever");
    until("it runs", || rig.engine.prediction().is_some_and(|p| p.model.name == "opens-once-forever"));
    assert!(rig.engine.model().failed.is_none(), "{:?}", rig.engine.model().failed);
}

#[test]
fn a_compared_model_that_hangs_gives_way_to_a_new_first_model() {
    let rig = live();
    rig.model("well");
    until("it runs", || rig.engine.prediction().is_some());
    let compared = ["hangs"].map(|name| ModelChoice { path: name.into(), ..ModelChoice::default() });
    let runs = rig.runs.load(SeqCst);
    rig.engine.send(Command::Compare(compared.to_vec()));
    until("both have run", || rig.runs.load(SeqCst) > runs + 1);
    std::thread::sleep(Duration::from_millis(100));
    rig.model("well2");
    until("the new one runs", || {
        rig.engine.prediction().is_some_and(|prediction| prediction.model.name == "well2")
    });
    until("the other has failed", || {
        rig.engine.model().compared.first().is_some_and(|compared| compared.failed.is_some())
    });
}
