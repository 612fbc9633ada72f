use std::path::Path;

use super::*;
use crate::events::log::{Filter, Log};
use crate::events::rule::{CommandAction, When};
use crate::events::rules_file::LOG_LIMIT_MB;
use crate::model::{Detection, Results, Task, Thresholds};
use crate::track::{Presence, TrackReport, ZoneReport};

const LONG: Duration = Duration::from_secs(20);
const SIZE: (u32, u32) = (320, 240);

fn rules(rule: Rule) -> Arc<Rules> {
    Arc::new(Rules { rules: vec![rule], ..Rules::default() })
}

fn stays() -> Rule {
    Rule {
        name: "Parked".into(),
        class: "person".into(),
        when: When::StaysIn,
        zone: Some("Drive".into()),
        for_s: 1.0,
        ..Rule::default()
    }
}

/// A frame of stripes in which somebody stands.
struct Scene {
    frame: Frame,
    results: Results,
    labels: Labels,
    thresholds: Thresholds,
}

impl Scene {
    fn new() -> Self {
        let mut frame = Frame::filled(SIZE.0, SIZE.1, [0, 0, 0, 255]);
        for (n, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
            // Stripes that a thumbnail still shows.
            pixel[1] = if (n % SIZE.0 as usize / 4).is_multiple_of(2) { 255 } else { 0 };
        }
        let mut results = Results::default();
        results.clear(Task::Detect, SIZE);
        results.detections.push(Detection::new(0, 0.9, BOX));
        Self { frame, results, labels: Labels::coco80(), thresholds: Thresholds::default() }
    }

    fn show(&self, desk: &mut Desk, time_s: f64, is_there: bool) {
        let presence = Presence { track_id: 4, class_id: 0, since_s: 0.0 };
        let track = TrackReport {
            id: 4,
            class_id: 0,
            bbox: BOX,
            since_s: 0.0,
            trail: 0..0,
            speed: None,
            predicted: false,
        };
        let inside = if is_there { vec![presence] } else { Vec::new() };
        let report = Report {
            time_s,
            tracks: if is_there { vec![track] } else { Vec::new() },
            zones: vec![ZoneReport { name: "Drive".into(), inside, ..ZoneReport::default() }],
            ..Report::default()
        };
        let found = Found { results: &self.results, labels: &self.labels, thresholds: &self.thresholds };
        desk.frame(&Seen { frame: &self.frame, found, report: &report }, || None);
    }
}

const BOX: [f32; 4] = [100.0, 60.0, 220.0, 180.0];

fn desk(folder: &Path) -> Desk {
    Desk::new(Some(folder.join("events.sqlite")), Arc::new(|| {}))
}

fn logged(folder: &Path) -> Vec<(EventRecord, Vec<u8>)> {
    let log = Log::open_to_read(&folder.join("events.sqlite")).expect("readable").expect("there");
    let page = log.page(&Filter::default(), None, 100).expect("read");
    page.events
        .into_iter()
        .map(|event| {
            let jpeg = log.thumbnail(event.id).expect("read").expect("a picture");
            (event, jpeg)
        })
        .collect()
}

/// How much neighbouring columns differ where the person stands.
fn stripes(jpeg: &[u8]) -> u8 {
    let image = image::load_from_memory(jpeg).expect("a JPEG").to_rgb8();
    let (w, h) = image.dimensions();
    let middle = image.enumerate_rows().nth(h as usize / 2).expect("a row").1;
    let row: Vec<u8> = middle.map(|(_, _, pixel)| pixel.0[1]).collect();
    // The middle third lies within the box.
    let part = &row[w as usize * 2 / 5..w as usize * 3 / 5];
    part.iter().max().expect("pixels") - part.iter().min().expect("pixels")
}

#[test]
fn a_stay_is_one_event_with_its_length_and_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = desk(folder.path());
    desk.set_options(Arc::new(WatchOptions { source: "front.mp4".into(), ..WatchOptions::default() }));
    desk.set_rules(rules(stays()));
    let (scene, happenings) = (Scene::new(), desk.happenings());
    for n in 0..40 {
        scene.show(&mut desk, f64::from(n) * 0.1, true);
    }
    std::thread::sleep(Duration::from_millis(20));
    scene.show(&mut desk, 4.1, false);
    desk.finish(LONG);
    let all = logged(folder.path());
    let [(event, jpeg)] = &all[..] else { panic!("{all:?}") };
    assert_eq!((event.rule.as_str(), event.class.as_str(), event.track), ("Parked", "person", Some(4)));
    assert_eq!(
        (event.zone.as_deref(), event.source.as_str(), event.bbox),
        (Some("Drive"), "front.mp4", Some(BOX))
    );
    assert!((event.source_time_s - 1.0).abs() < 0.11, "{}", event.source_time_s);
    assert!(event.ended.is_some_and(|ended| ended >= event.time + 15), "{event:?}");
    assert!(stripes(jpeg) > 100, "{}", stripes(jpeg));
    let fired = happenings.try_iter().filter(|h| matches!(h, Happening::Fired { .. })).count();
    assert_eq!(fired, 1);
}

#[test]
fn pictures_hide_whom_privacy_hides() {
    let folder = tempfile::tempdir().expect("a folder");
    for (classes, hidden) in
        [(vec!["person".into()], true), (vec!["face".into()], true), (vec!["car".into()], false)]
    {
        let folder = folder.path().join(format!("{classes:?}"));
        let mut desk = desk(&folder);
        let privacy = Privacy::hiding(classes);
        desk.set_options(Arc::new(WatchOptions { privacy, ..WatchOptions::default() }));
        desk.set_rules(rules(stays()));
        Scene::new().show(&mut desk, 2.0, true);
        desk.finish(LONG);
        let shows = stripes(&logged(&folder)[0].1);
        assert_eq!(shows < 50, hidden, "{shows}");
    }
}

#[test]
fn a_rule_that_is_off_or_wrong_does_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for rule in [Rule { enabled: false, ..stays() }, Rule { for_s: 0.0, ..stays() }] {
        let mut desk = desk(folder.path());
        desk.set_rules(rules(rule));
        assert!(!desk.has_rules());
        Scene::new().show(&mut desk, 2.0, true);
        desk.finish(LONG);
        assert!(logged(folder.path()).is_empty());
    }
}

#[cfg(unix)]
#[test]
fn a_broken_log_stops_no_action() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nothing can be made below a file.
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("written");
    let mut desk = desk(&file);
    let happenings = desk.happenings();
    let mark = folder.path().join("mark");
    let touch = CommandAction {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), format!("echo done > {}", mark.display())],
        ..CommandAction::default()
    };
    desk.set_rules(rules(Rule { actions: vec![Action::Command(touch)], ..stays() }));
    Scene::new().show(&mut desk, 2.0, true);
    desk.finish(LONG);
    assert!(mark.exists());
    let trouble = happenings.try_iter().filter(|h| matches!(h, Happening::LogTrouble(_))).count();
    assert_eq!(trouble, 1, "it is told once");
}

#[test]
fn testing_an_action_logs_nothing_and_tells_the_outcome() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = desk(folder.path());
    let happenings = desk.happenings();
    let rule = Rule {
        actions: vec![Action::Command(CommandAction {
            program: "/no/such/program".into(),
            ..CommandAction::default()
        })],
        ..stays()
    };
    desk.test(Arc::new(rule), 0, None, None);
    desk.finish(LONG);
    let outcome = happenings.try_iter().find_map(|happening| match happening {
        Happening::Outcome(outcome) => Some(outcome),
        _ => None,
    });
    let outcome = outcome.expect("told");
    assert!(outcome.alert.is_none() && outcome.result.is_err(), "{outcome:?}");
    assert!(logged(folder.path()).is_empty());
    assert_eq!(limit_of(&Rules::default()), u64::from(LOG_LIMIT_MB) * 1_000_000);
}

#[cfg(unix)]
#[test]
fn a_watch_ends_within_half_a_second_whatever_hangs() {
    use crate::engine::{Engine, EngineOptions};
    use crate::events::Watch;
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    let watch =
        Watch::start(&engine, Some(folder.path().join("events.sqlite")), Arc::new(|| {})).expect("a thread");
    let started = folder.path().join("started");
    let script = format!("echo x > {}; trap '' TERM; sleep 600", started.display());
    let hangs = CommandAction {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script],
        limit_s: 600.0,
        ..CommandAction::default()
    };
    watch.test(Arc::new(Rule { actions: vec![Action::Command(hangs)], ..stays() }), 0);
    let until = Instant::now() + LONG;
    while !started.exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(started.exists());
    let begin = Instant::now();
    drop(watch);
    assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
}

const SCENE: &str = r#"
[[lines]]
name = "Gate"
points = [[0.25, 0.2], [0.25, 0.9]]

[[zones]]
name = "Drive"
points = [[0.4, 0.3], [0.8, 0.3], [0.8, 0.8], [0.4, 0.8]]
"#;

/// From detections to the log: a car drives through a zone and over a line, and stops in another zone.
#[test]
fn detections_become_tracks_and_tracks_fire_rules() {
    use crate::track::zones::SceneFile;
    use crate::track::{Analyser, AnalyserOptions, TrackerOptions};
    let folder = tempfile::tempdir().expect("a folder");
    let scene = SceneFile::parse(SCENE).expect("a scene file");
    let mut analyser = Analyser::new(AnalyserOptions {
        tracker: Some(TrackerOptions::default()),
        scene: Some(Arc::new(scene)),
        ..AnalyserOptions::default()
    });
    let mut desk = desk(folder.path());
    let rule = |name: &str, when: When, for_s: f64| Rule {
        name: name.into(),
        class: "car".into(),
        when,
        zone: Some("Drive".into()),
        line: Some("Gate".into()),
        for_s,
        ..Rule::default()
    };
    let mut all = Rules::default();
    all.rules.extend([
        rule("crosses", When::Crosses, 0.0),
        rule("enters", When::Enters, 0.0),
        rule("parks", When::StaysIn, 3.0),
        rule("appears", When::Appears, 0.0),
        Rule { class: "person".into(), ..rule("nobody", When::Appears, 0.0) },
    ]);
    desk.set_rules(Arc::new(all));
    let Scene { frame, labels, thresholds, .. } = Scene::new();
    for n in 0..200 {
        // From the left edge to the middle in four seconds; there it stops for sixteen.
        let x = 10.0 + (n.min(40) as f32) * 4.0;
        let mut results = Results::default();
        results.clear(Task::Detect, SIZE);
        results.detections.push(Detection::new(2, 0.9, [x, 100.0, x + 40.0, 130.0]));
        let report = analyser.apply(&mut results, &labels, f64::from(n) * 0.1, None);
        let found = Found { results: &results, labels: &labels, thresholds: &thresholds };
        desk.frame(&Seen { frame: &frame, found, report: &report }, || None);
    }
    desk.finish(LONG);
    let mut fired: Vec<String> = logged(folder.path()).into_iter().map(|(event, _)| event.rule).collect();
    fired.sort();
    assert_eq!(fired, ["appears", "crosses", "enters", "parks"], "each of them once");
}
