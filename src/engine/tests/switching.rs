//! Going from model to model, and several on the same frames.

use super::*;
use crate::model::Family;

impl Rig {
    fn opened(&self) -> Vec<String> {
        self.log.lock().expect("no panic").opened.clone()
    }

    fn dropped(&self) -> Vec<String> {
        self.log.lock().expect("no panic").dropped.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Chooses a model and waits for its first result.
    #[track_caller]
    fn runs(&self, name: &str) {
        self.model(name);
        until(&format!("{name} runs"), || self.looks_now(name));
    }

    fn looks_now(&self, name: &str) -> bool {
        self.engine.prediction().is_some_and(|o| o.model.path.as_path() == std::path::Path::new(name))
            && self
                .engine
                .model()
                .current
                .as_ref()
                .is_some_and(|c| c.path.as_path() == std::path::Path::new(name))
    }

    fn compare(&self, names: &[&str]) {
        let choice = |name: &&str| ModelChoice { path: name.into(), ..ModelChoice::default() };
        self.engine.send(Command::Compare(names.iter().map(choice).collect()));
    }

    /// The names of the models in the newest comparison, "-" where one has nothing to say.
    fn compared(&self) -> Vec<String> {
        let name = |o: &Option<Arc<Prediction>>| o.as_ref().map_or("-".to_owned(), |o| o.model.name.clone());
        self.engine.comparison().map_or(Vec::new(), |c| c.predictions.iter().map(name).collect())
    }
}

#[test]
fn going_back_to_a_model_opens_nothing_and_begins_anew() {
    let rig = live();
    for name in ["well1", "well2", "well1", "well2", "well1"] {
        rig.runs(name);
    }
    assert_eq!(rig.opened(), ["well1", "well2"]);
    let forgot = rig.log.lock().expect("no panic").forgot.clone();
    assert_eq!(forgot, ["well1", "well2", "well1", "well2", "well1"], "nothing is carried over a switch");
}

#[test]
fn other_options_are_another_model() {
    let rig = live();
    rig.runs("well1");
    let mut options = crate::model::OpenOptions { threads: Some(3), ..Default::default() };
    rig.engine.send(Command::SetModel(ModelChoice { path: "well1".into(), options: options.clone() }));
    until("it is opened with them", || rig.opened().len() == 2);
    options.threads = None;
    rig.engine.send(Command::SetModel(ModelChoice { path: "well1".into(), options }));
    until("the first one is back", || rig.engine.model().opening.is_none());
    assert_eq!(rig.opened().len(), 2);
}

#[test]
fn the_model_that_was_used_longest_ago_is_closed_and_not_between_two_frames() {
    let rig = live();
    for name in ["well1", "well2", "well3", "well1", "well4", "well5"] {
        rig.runs(name);
    }
    until("one is closed", || rig.dropped() == ["well2"]);
    rig.runs("well1");
    assert_eq!(rig.opened().len(), 5, "the others stayed open");
    let threads: Vec<String> =
        rig.log.lock().expect("no panic").dropped.iter().map(|(_, thread)| thread.clone()).collect();
    assert_eq!(threads, ["sightline-open"]);
}

#[test]
fn a_file_that_changed_is_opened_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("well1");
    std::fs::write(&file, "one").expect("written");
    let file = file.to_str().expect("a path");
    let rig = live();
    rig.runs(file);
    rig.runs("well2");
    rig.runs(file);
    assert_eq!(rig.opened(), ["well1", "well2"]);
    rig.runs("well2");
    std::fs::write(file, "another").expect("written");
    rig.model(file);
    until("it is opened again", || rig.opened() == ["well1", "well2", "well1"]);
    until("the old one is closed", || rig.dropped() == [file]);
}

#[test]
fn a_running_model_whose_file_is_gone_goes_on_running() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("well1");
    std::fs::write(&file, "one").expect("written");
    let name = file.to_str().expect("a path");
    let rig = live();
    rig.runs(name);
    std::fs::remove_file(&file).expect("removed");
    rig.model(name);
    until("it is reported that the file is gone", || rig.engine.model().failed.is_some());
    rig.compare(&["well2"]);
    until("both look", || rig.compared() == [name, "well2"]);
    rig.compare(&[]);
    until("it runs alone", || rig.engine.comparison().is_none() && rig.looks_now(name));
    let runs = rig.runs.load(SeqCst);
    until("and goes on", || rig.runs.load(SeqCst) > runs + 3);
}

#[test]
fn no_frame_is_without_a_result_and_every_result_has_its_own_models_label() {
    let rig = live();
    rig.runs("well1");
    for n in 0..60 {
        let name = ["well2", "well3", "well1"][n % 3];
        rig.model(name);
        let begin = Instant::now();
        while !rig.looks_now(name) {
            assert!(rig.engine.prediction().is_some(), "a gap on the way to {name}");
            assert!(rig.engine.model().current.is_some());
            assert!(begin.elapsed() < PATIENCE);
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_model_that_fails_on_its_first_frame_leaves_the_old_one_running() {
    let rig = live();
    rig.runs("well");
    for name in ["fails", "panics"] {
        rig.model(name);
        until("the failure is reported", || {
            rig.engine.model().failed.as_ref().is_some_and(|(path, _)| path.as_os_str() == name)
        });
        assert!(rig.engine.prediction().is_some_and(|o| o.model.name == "well"));
        let runs = rig.runs.load(SeqCst);
        until("the old one goes on", || rig.runs.load(SeqCst) > runs + 3);
        let state = rig.engine.model();
        assert_eq!((state.current.as_ref().map(|c| c.name.as_str()), &state.opening), (Some("well"), &None));
        assert!(state.failed.is_some(), "the reason stays to be read");
        until("the failed one is closed", || rig.dropped().iter().any(|n| n == name));
    }
}

#[test]
fn closing_the_model_closes_the_warm_ones() {
    let rig = live();
    rig.runs("well1");
    rig.runs("well2");
    rig.engine.send(Command::CloseModel);
    until("all are closed", || rig.dropped().len() == 2);
    rig.runs("well1");
}

#[test]
fn a_model_that_hangs_gives_way_to_another() {
    let rig = live();
    rig.model("hangs");
    until("it hangs", || rig.runs.load(SeqCst) > 0);
    rig.runs("well");
    assert!(rig.engine.model().failed.is_none());
    rig.stops_promptly();
}

#[test]
fn compared_models_look_at_the_same_frames() {
    let rig = live();
    rig.runs("well1");
    rig.compare(&["well2", "well3"]);
    until("all three look", || rig.compared() == ["well1", "well2", "well3"]);
    for _ in 0..20 {
        let comparison = rig.engine.comparison().expect("compared");
        for prediction in comparison.predictions.iter().flatten() {
            assert!(Arc::ptr_eq(&prediction.frame, &comparison.frame));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    until("every model has figures", || (0..3).all(|place| rig.engine.model_stats(place).fps > 0.0));
    let state = rig.engine.model();
    let names: Vec<_> =
        state.compared.iter().filter_map(|compared| compared.model.as_ref()).map(|c| &c.name).collect();
    assert_eq!(names, ["well2", "well3"]);
}

#[test]
fn taking_a_model_out_of_a_comparison_leaves_the_others_open() {
    let rig = live();
    rig.runs("well1");
    rig.compare(&["well2", "well3"]);
    until("all three look", || rig.compared() == ["well1", "well2", "well3"]);
    rig.compare(&["well3"]);
    until("two look", || rig.compared() == ["well1", "well3"]);
    rig.model("well3");
    rig.compare(&["well1"]);
    until("they changed places", || rig.compared() == ["well3", "well1"]);
    rig.compare(&[]);
    until("nothing is compared", || rig.engine.comparison().is_none());
    assert!(rig.looks_now("well3"));
    assert!(rig.engine.model().compared.is_empty());
    // The last may be asked for as the first before it is out of its old place; then it is opened a second time.
    let opened = rig.opened();
    for once in ["well1", "well2"] {
        assert_eq!(opened.iter().filter(|name| *name == once).count(), 1, "{opened:?}");
    }
}

#[test]
fn what_fails_in_a_comparison_leaves_the_others_running() {
    let rig = live();
    rig.runs("well1");
    rig.compare(&["missing", "fails", "well2"]);
    until("the last one runs", || rig.compared() == ["well1", "-", "-", "well2"]);
    until("both failures are reported", || {
        rig.engine.model().compared.iter().filter(|compared| compared.failed.is_some()).count() == 2
    });
    assert!(rig.engine.model().failed.is_none());
    rig.preview_goes_on();
}

#[test]
fn each_compared_model_has_the_limits_of_its_family_until_the_user_sets_others() {
    let (yolox, fastest) = (Family::Yolox.thresholds(), Family::FastestDet.thresholds());
    assert_ne!((yolox.conf, yolox.iou), (fastest.conf, fastest.iou));
    let rig = rig(|| Ok(source(Pace::Stills, Some(1), &[])));
    rig.engine.send(Command::SetThresholds(yolox.clone()));
    rig.open();
    rig.model("well1");
    rig.compare(&["well-fastest"]);
    let limits = || -> Vec<(f32, f32)> {
        let newest = rig.engine.comparison();
        let predictions = newest.iter().flat_map(|c| c.predictions.iter().flatten());
        predictions.map(|o| (o.thresholds.conf, o.thresholds.iou)).collect()
    };
    until("each has its own", || limits() == [(yolox.conf, yolox.iou), (fastest.conf, fastest.iou)]);
    rig.engine.send(Command::SetThresholds(Thresholds { conf: 0.33, ..yolox.clone() }));
    until("both have the user's confidence", || limits() == [(0.33, yolox.iou), (0.33, fastest.iou)]);
    // What was remembered for the first model is its own, until the user changes it again.
    let base = Some([0.4, yolox.iou]);
    rig.engine.send(Command::SetThresholds(Thresholds { conf: 0.4, base, ..yolox.clone() }));
    until("the second has its family's", || limits() == [(0.4, yolox.iou), (fastest.conf, fastest.iou)]);
    rig.engine.send(Command::SetThresholds(Thresholds { conf: 0.6, base, ..yolox.clone() }));
    until("both have the new confidence", || limits() == [(0.6, yolox.iou), (0.6, fastest.iou)]);
}

#[test]
fn a_comparison_of_a_still_image_is_made_again_under_new_limits() {
    let rig = rig(|| Ok(source(Pace::Stills, Some(1), &[])));
    rig.open();
    rig.model("well1");
    rig.compare(&["well2"]);
    until("both look", || rig.compared() == ["well1", "well2"]);
    rig.engine.send(Command::SetThresholds(Thresholds { conf: 0.5, ..Thresholds::default() }));
    let scores = || -> Vec<f32> {
        let newest = rig.engine.comparison();
        let predictions = newest.iter().flat_map(|c| c.predictions.iter().flatten());
        predictions.flat_map(|o| o.results.detections.iter().map(|d| d.score)).collect()
    };
    until("both look again", || scores() == [0.5, 0.5]);
}

#[test]
fn two_sessions_give_more_results_in_the_order_of_frames() {
    let rig = live();
    rig.runs("slow1");
    let results = || {
        let begin = Instant::now();
        let (mut seen, mut last) = (0, 0);
        while begin.elapsed() < Duration::from_secs(2) {
            if let Some(prediction) = rig.engine.prediction().filter(|o| o.frame.sequence != last) {
                assert!(prediction.frame.sequence > last, "{} after {last}", prediction.frame.sequence);
                assert_eq!(prediction.model.name, "slow1");
                (seen, last) = (seen + 1, prediction.frame.sequence);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        seen
    };
    let fresh = results();
    rig.engine.send(Command::Pace(ResultPace::Smooth));
    until("a second session is at work", || rig.engine.pace().smooth);
    std::thread::sleep(Duration::from_millis(400));
    let smooth = results();
    // The scripted model only sleeps, so two of them take nothing from each other.
    assert!(smooth * 2 >= fresh * 3, "{smooth} after {fresh}");
    assert_eq!(rig.opened(), ["slow1", "slow1"]);
    rig.engine.send(Command::Pace(ResultPace::Fresh));
    until("one session is left", || !rig.engine.pace().smooth);
    rig.preview_goes_on();
}

#[test]
fn a_second_session_goes_with_its_model_and_is_none_where_models_are_compared() {
    let rig = live();
    rig.engine.send(Command::Pace(ResultPace::Smooth));
    rig.runs("slow1");
    until("a second session is at work", || rig.opened() == ["slow1", "slow1"]);
    rig.runs("well2");
    until("the other model has one of its own", || rig.opened().len() == 4);
    assert_eq!(rig.opened()[2..], ["well2", "well2"]);
    for _ in 0..50 {
        assert!(rig.engine.prediction().is_some_and(|o| o.model.name == "well2"), "nothing of the old model");
        std::thread::sleep(Duration::from_millis(4));
    }
    rig.compare(&["well3"]);
    until("both are compared", || rig.compared() == ["well2", "well3"]);
    until("without a second session", || !rig.engine.models.has_further() && !rig.engine.pace().smooth);
    rig.engine.send(Command::CloseModel);
    until("nothing runs", || rig.engine.model().current.is_none());
    until("all are closed", || rig.dropped().len() == rig.opened().len());
}
