//! One session in the real window, from the first snapshot to a measured model, played with the keyboard alone; after each step, what a
//! user would find on the disk.
//!
//! `SIGHTLINE_TEST_SCREENSHOTS` names a folder for pictures of every step, `SIGHTLINE_TEST_LANGUAGE` another language than `en`.
#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use common::clips::{BLUE, GREEN, RED, SIDE, write};
use common::display::Display;
use common::{Ended, TestEnv, frames_in, frames_played, json_lines, onnx, scene_file};
use image::RgbImage;
use serde_json::{Value, json};

/// Long enough for a slow, busy machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// The program in its window.
struct Session<'a> {
    display: &'a Display,
    program: Child,
    steps: u32,
}

impl Session<'_> {
    fn title(&self) -> String {
        self.id().map(|id| self.display.xdotool(&["getwindowname", &id])).unwrap_or_default()
    }

    fn id(&self) -> Option<String> {
        let pid = self.program.id().to_string();
        let found = self.display.xdotool(&["search", "--onlyvisible", "--pid", &pid]);
        found.lines().next().map(str::to_owned)
    }

    /// Waits until something has come about.
    #[track_caller]
    fn until<T>(&mut self, what: &str, mut reached: impl FnMut(&Self) -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(value) = reached(self) {
                return value;
            }
            let ended = self.program.try_wait().expect("a child");
            assert!(ended.is_none(), "the program ended ({ended:?}) before this came: {what}");
            if begin.elapsed() > PATIENCE {
                self.shot("failed");
                panic!("this didn't come: {what}");
            }
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    fn keys(&self, keys: &[&str]) {
        let mut arguments = vec!["key", "--delay", "40"];
        arguments.extend(keys);
        self.display.xdotool(&arguments);
    }

    /// Presses keys one after the other while the video plays. Each is seen by a pass of its own: of several presses of Tab within one,
    /// only one counts.
    #[track_caller]
    fn press(&mut self, keys: &[&str]) {
        for key in keys {
            self.keys(&[key]);
            self.until_moves(3);
        }
    }

    /// Waits until the video has gone on by so many frames on screen.
    #[track_caller]
    fn until_moves(&mut self, frames: u32) {
        let mut last = self.display.picture();
        let mut changes = 0;
        self.until("the video plays on screen", |session| {
            let now = session.display.picture();
            changes += u32::from(now != last);
            last = now;
            (changes >= frames).then_some(())
        });
    }

    fn type_text(&self, text: &str) {
        self.display.xdotool(&["type", "--delay", "40", text]);
    }

    /// Waits until the picture has changed since `before` and stands still: another page is shown.
    #[track_caller]
    fn until_still(&mut self, what: &str, before: &RgbImage) {
        let mut last = self.display.picture();
        let mut same = 0;
        self.until(what, |session| {
            let now = session.display.picture();
            same = if now == last && now != *before { same + 1 } else { 0 };
            last = now;
            (same >= 4).then_some(())
        });
    }

    /// Presses keys that lead to a page on which nothing moves.
    #[track_caller]
    fn go(&mut self, what: &str, keys: &[&str]) {
        let before = self.display.picture();
        self.keys(keys);
        self.until_still(what, &before);
        self.shot(what);
    }

    /// Presses Escape until the video plays: it closes what lies on top, one after the other.
    #[track_caller]
    fn back(&mut self) {
        let begin = Instant::now();
        loop {
            self.keys(&["Escape"]);
            if self.moves() {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "the video doesn't come back");
        }
    }

    /// Whether the video is on screen: at the left, where no messages are, more changes than a blinking caret makes.
    fn moves(&self) -> bool {
        let part = || image::imageops::crop_imm(&self.display.picture(), 0, 60, 560, 540).to_image();
        let (begin, mut last, mut changes) = (Instant::now(), part(), 0);
        while changes < 12 && begin.elapsed() < Duration::from_secs(4) {
            std::thread::sleep(Duration::from_millis(30));
            let now = part();
            changes += u32::from(now != last);
            last = now;
        }
        changes >= 12
    }

    /// Keeps a picture of a step, if somebody wants to look at them.
    fn shot(&mut self, name: &str) {
        if let Some(folder) = std::env::var_os("SIGHTLINE_TEST_SCREENSHOTS") {
            let folder = PathBuf::from(folder);
            std::fs::create_dir_all(&folder).expect("a folder for pictures");
            let name = format!("{:02} {name}.png", self.steps);
            self.display.picture().save(folder.join(name)).expect("a picture");
        }
        self.steps += 1;
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The files of a folder and those below it whose names end like this, by name.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What is in a file that may be half written yet.
fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The whole records in a folder.
fn records(folder: &Path) -> Vec<(PathBuf, Value)> {
    files(folder, ".json").into_iter().filter_map(|path| Some((path.clone(), read_json(&path)?))).collect()
}

/// Red crosses a line again and again, green and blue stand.
fn prepare(env: &TestEnv) -> (PathBuf, PathBuf) {
    let model = env.models().join("colours.onnx");
    onnx::colours(&model, 20.0);
    let video = env.path("street.mkv");
    write(&video, 55, |time, frame| {
        frame.spot([24.0 + 40.0 * time, 90.0], RED);
        frame.spot([60.0, 190.0], GREEN);
        frame.spot([192.0, 180.0], BLUE);
    });
    let config = env.path("../config/sightline");
    std::fs::create_dir_all(config.join("scenes")).expect("a folder");
    let scene = "[[lines]]\nname = \"gate\"\npoints = [[0.5, 0.6], [0.5, 0.1]]";
    std::fs::write(config.join("scenes").join(scene_file(&video)), scene).expect("written");
    let rules = "[[rule]]\nname = \"Gate\"\nclass = \"red\"\nwhen = \"crosses\"\nline = \"gate\"\n\
        [[rule.action]]\ndo = \"clip\"\nbefore-s = 1\nafter-s = 1\n";
    std::fs::write(config.join("rules.toml"), rules).expect("written");
    // A replay needs the frame without a drawing.
    std::fs::write(config.join("settings.toml"), "looping = true\n[snapshot]\nclean = true\n")
        .expect("written");
    (model, video)
}

#[test]
fn a_session_from_the_first_snapshot_to_a_measured_model() {
    let (display, env) = (Display::new(), TestEnv::new());
    let (model, video) = prepare(&env);
    let home = env.path("..");
    let (pictures, videos) = (home.join("Pictures/Sightline"), home.join("Videos/Sightline"));
    let settings = home.join("config/sightline/settings.toml");
    let language = std::env::var("SIGHTLINE_TEST_LANGUAGE").unwrap_or_else(|_| "en".to_owned());
    let mut program = env.command();
    program.args(["--language", &language, "--source"]).arg(&video).arg("--model").arg(&model);
    let program = display.shows(&mut program).spawn().expect("the program starts");
    let mut session = Session { display: &display, program, steps: 0 };
    session.until("the window with the video", |s| s.title().starts_with("street.mkv").then_some(()));
    let id = session.id().expect("the window");
    display.xdotool(&["windowfocus", "--sync", &id]);
    session.back();
    session.shot("video");

    snapshots(&mut session, &pictures, &settings);
    recording(&mut session, &videos);
    gallery(&mut session, &home, &pictures);
    let set = collect(&mut session, &home);
    let (image, expected) = correct(&mut session, &set);
    export(&mut session, &set, &image, &expected);

    session.go("evaluation", &["t"]);
    let before = display.picture();
    session.keys(&["Return"]);
    session.until("figures all over the page", |session| {
        let now = session.display.picture();
        let lines =
            (350..650).filter(|y| (0..now.width()).any(|x| now.get_pixel(x, *y) != before.get_pixel(x, *y)));
        (lines.count() > 200).then_some(())
    });
    session.shot("evaluated");
    session.back();
    session.keys(&["ctrl+q"]);
    let begin = Instant::now();
    while session.program.try_wait().expect("a child").is_none() {
        assert!(begin.elapsed() < PATIENCE, "it doesn't go");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(session.program.wait().expect("a child").success());
    on_the_command_line(&env, &model, &set, &pictures);
}

/// A snapshot after a countdown, then a burst, as chosen in the menu.
fn snapshots(session: &mut Session<'_>, pictures: &Path, settings: &Path) {
    let chosen = |text: &str| {
        let text = text.to_owned();
        move |_: &Session<'_>| std::fs::read_to_string(settings).ok()?.contains(&text).then_some(())
    };
    // From what is taken to the row of timers: burst, time lapse, what appears, off, three seconds.
    session.press(&["s", "Tab", "Tab", "Tab", "Tab", "Tab", "space"]);
    session.until("a timer of three seconds", chosen("timer-s = 3"));
    session.shot("timer");
    session.press(&["Escape"]);
    session.keys(&["space"]);
    let begin = Instant::now();
    session.until_moves(8);
    session.shot("countdown");
    let (path, record) = session.until("a snapshot", |_| records(pictures).into_iter().next());
    assert!(begin.elapsed() > Duration::from_millis(2900), "after {:?}", begin.elapsed());
    let mut labels: Vec<_> =
        record["detections"].as_array().expect("detections").iter().map(|d| d["label"].clone()).collect();
    labels.sort_by_key(ToString::to_string);
    assert_eq!(labels, ["blue", "green", "red"]);
    for image in [path.with_extension("png"), path.with_file_name(format!("{} clean.png", stem(&path)))] {
        assert_eq!(image::image_dimensions(&image).expect("an image"), (SIDE as u32, SIDE as u32));
    }
    session.shot("snapshot");

    session.press(&["s", "Tab", "space"]);
    session.until("a burst", chosen("take = \"burst\""));
    // The burst's two numbers come before the rest now.
    session.press(&["Tab", "Tab", "Tab", "Tab", "Tab", "space"]);
    session.until("no timer", chosen("timer-s = 0"));
    session.shot("burst chosen");
    session.press(&["Escape"]);
    session.keys(&["space"]);
    session.until("five snapshots more", |_| (records(pictures).len() == 6).then_some(()));
    session.shot("burst");
}

/// The video is recorded while a rule saves a clip of it.
fn recording(session: &mut Session<'_>, videos: &Path) {
    let clips = |videos: &Path| files(videos, " clip.mp4");
    session.keys(&["r"]);
    let own = session.until("a recording", |_| {
        files(videos, ".mp4").into_iter().find(|path| !clips(videos).contains(path) && !hidden(path))
    });
    let (before, begin) = (clips(videos).len(), Instant::now());
    let clip = session.until("a clip that the rule saves meanwhile", |_| {
        // Not one that was nearly done when the recording began.
        let new =
            clips(videos).into_iter().skip(before).find(|clip| frames_played(clip).is_ok_and(|n| n > 0));
        new.filter(|_| begin.elapsed() > Duration::from_millis(2500))
    });
    session.shot("recording");
    session.keys(&["r"]);
    let record = session.until("the recording's end", |_| {
        let record = read_json(&own.with_extension("json"))?;
        // Until the copy that can be sought has taken its place.
        let copied = !files(videos, "").iter().any(|path| hidden(path));
        (record["duration_s"].is_number() && copied).then_some(record)
    });
    session.shot("recorded");
    let seconds = record["duration_s"].as_f64().expect("seconds");
    let count = frames_in(&own);
    assert!(seconds > 1.5 && count as f64 > seconds * 7.0, "{count} frames in {seconds} s");
    let lines = |path: &Path| json_lines(&std::fs::read_to_string(path).expect("lines"));
    let found = lines(&own.with_extension("jsonl"));
    assert!(
        found.iter().any(|line| line["detections"].as_array().is_some_and(|d| d.len() == 3)),
        "{found:?}"
    );
    // The second before the event and the one after it.
    assert!(frames_in(&clip) >= 15, "{:?}", frames_played(&clip));
    let told = session.until("the clip's lines", |_| {
        let text = std::fs::read_to_string(clip.with_extension("jsonl")).ok()?;
        text.contains("crossed").then_some(text)
    });
    assert!(told.contains("gate"), "{told}");
}

/// Everything is listed, and is renamed with a key.
fn gallery(session: &mut Session<'_>, home: &Path, pictures: &Path) {
    session.go("gallery", &["g"]);
    let small = home.join("data/sightline/thumbnails");
    session.until("small images of all", |_| (files(&small, "").len() >= 8).then_some(()));
    session.go("gallery filled", &["Home"]);
    session.go("gallery large", &["Return"]);
    session.go("gallery again", &["Escape"]);
    session.go("gallery end", &["End"]);
    session.go("gallery rename", &["F2"]);
    session.keys(&["ctrl+a"]);
    session.type_text("Street at noon");
    session.keys(&["Return"]);
    session.until("the new name", |_| {
        let all = [files(pictures, ""), files(&pictures.join("../../Videos"), "")].concat();
        all.iter().any(|path| stem(path).starts_with("Street at noon")).then_some(())
    });
    session.shot("gallery renamed");
    session.back();
}

/// Three frames go into a new data set; returns its folder.
fn collect(session: &mut Session<'_>, home: &Path) -> PathBuf {
    session.go("new data set", &["k"]);
    session.type_text("spots");
    session.keys(&["Return"]);
    let set = home.join("Pictures/Sightline data sets/spots");
    let images = |set: &Path| files(&set.join("images"), "").len();
    session.until("the first image", |_| (images(&set) == 1).then_some(()));
    session.back();
    for count in 2..=3 {
        session.keys(&["k"]);
        session.until("another image", |_| (images(&set) == count).then_some(()));
    }
    session.shot("collected");
    set
}

/// The labels of a data set, by the files' names.
fn labels(set: &Path) -> Option<BTreeMap<PathBuf, Value>> {
    let read = |path: PathBuf| Some((path.clone(), read_json(&path)?));
    files(&set.join("labels"), ".json").into_iter().map(read).collect()
}

/// One box is moved, one gets another class, one is deleted; everything is accepted. Returns the label file, and what its labels
/// should be.
fn correct(session: &mut Session<'_>, set: &Path) -> (PathBuf, Vec<(Value, [f64; 4])>) {
    let before = session.until("labels of three images", |_| labels(set).filter(|all| all.len() == 3));
    assert!(before.values().all(|file| file["annotations"].as_array().is_some_and(|all| all.len() == 3)));
    let changed = |now: &BTreeMap<PathBuf, Value>| {
        let mut changed = now.iter().filter(|(path, file)| before.get(*path) != Some(*file));
        changed.next().map(|(path, _)| path.clone())
    };
    session.go("review", &["d"]);
    session.go("label selected", &["Home", "e"]);
    let mut last = before.clone();
    for _ in 0..3 {
        session.keys(&["shift+Down"]);
        last = session.until("the moved box", |_| labels(set).filter(|now| *now != last));
    }
    let image = changed(&last).expect("a moved box");
    let old = &before[&image]["annotations"];
    let class = |n: usize| old[n]["class"].clone();
    let bbox = |n: usize| [0, 1, 2, 3].map(|side| old[n]["box"][side].as_f64().expect("a number"));
    let info = read_json(&set.join("dataset.json")).expect("the data set's file");
    let classes = info["classes"].as_array().expect("classes");
    let digit = 1 + classes.iter().position(|of| of["name"] == class(2)).expect("a class");
    session.keys(&["e", &digit.to_string()]);
    session.keys(&["e", "Delete"]);
    let expected =
        vec![(class(0), [bbox(0)[0], bbox(0)[1] + 30.0, bbox(0)[2], bbox(0)[3] + 30.0]), (class(2), bbox(1))];
    session.until("the corrected boxes", |_| {
        let now = labels(set)?.remove(&image)?;
        let all = now["annotations"].as_array()?;
        let fits = |(label, (class, bbox)): (&Value, &(Value, [f64; 4]))| {
            label["class"] == *class && label["box"] == json!(bbox)
        };
        (all.len() == 2 && all.iter().zip(&expected).all(fits)).then_some(())
    });
    session.shot("corrected");
    for count in 1..=3 {
        session.keys(&["Return"]);
        session.until("an accepted image", |_| {
            let all = labels(set)?;
            (all.values().filter(|file| file["reviewed"] == true).count() == count).then_some(())
        });
    }
    session.shot("accepted");
    (image, expected)
}

/// The data set is written as YOLO's, with the corrected boxes.
fn export(session: &mut Session<'_>, set: &Path, image: &Path, expected: &[(Value, [f64; 4])]) {
    session.go("export", &["ctrl+e"]);
    session.keys(&["Return"]);
    let to = set.with_file_name("spots yolo-detect");
    let yaml = session.until("the exported data set", |_| std::fs::read_to_string(to.join("data.yaml")).ok());
    session.until("three images", |_| (files(&to.join("images"), "").len() == 3).then_some(()));
    session.shot("exported");
    session.go("review again", &["Escape"]);
    // "0: red"
    let names: Vec<String> = yaml
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(number, _)| number.parse::<u32>().is_ok())
        .map(|(_, name)| name.trim_matches(['"', '\'']).to_owned())
        .collect();
    let name = stem(Path::new(&stem(image)));
    let file =
        files(&to, ".txt").into_iter().find(|path| stem(path) == name).expect("the labels of the image");
    let text = std::fs::read_to_string(&file).expect("labels");
    let found: Vec<(&str, Vec<f64>)> = text
        .lines()
        .map(|line| {
            let (class, numbers) = line.split_once(' ').expect("a class");
            let numbers = numbers.split(' ').map(|number| number.parse().expect("a number")).collect();
            (names[class.parse::<usize>().expect("a number")].as_str(), numbers)
        })
        .collect();
    assert_eq!(found.len(), expected.len(), "{text}");
    for ((class, numbers), (of, [x1, y1, x2, y2])) in found.iter().zip(expected) {
        let wanted = [(x1 + x2) / 2.0, (y1 + y2) / 2.0, x2 - x1, y2 - y1].map(|value| value / SIDE as f64);
        assert_eq!(class, of);
        assert!(numbers.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-4), "{numbers:?} for {wanted:?}");
    }
}

/// The model is measured, and a snapshot is run again.
fn on_the_command_line(env: &TestEnv, model: &Path, set: &Path, pictures: &Path) {
    let run = |arguments: &[&std::ffi::OsStr]| {
        Ended::of(env.command().args(arguments).output().expect("the program starts")).with_code(0)
    };
    let evaluate = |more: &[&str]| -> Value {
        let mut arguments: Vec<&std::ffi::OsStr> = vec!["evaluate".as_ref(), model.as_ref(), set.as_ref()];
        arguments.extend(
            ["--format", "json", "--quiet"]
                .iter()
                .chain(more)
                .map(|text| -> &std::ffi::OsStr { text.as_ref() }),
        );
        serde_json::from_str(&run(&arguments).out).expect("JSON")
    };
    // The export has divided the images, and the data set keeps it.
    let measured = evaluate(&[]);
    assert_eq!((&measured["images"], &measured["counted"]), (&Value::from(1), &Value::from("val")));
    let measured = evaluate(&["--split", "all"]);
    assert_eq!(measured["images"], 3);
    let boxes = &measured["figures"]["detection"]["box"];
    let map = boxes["coco"]["map50"].as_f64().expect("a figure");
    // Three labels of nine were changed.
    assert!((0.3..0.95).contains(&map), "{map}");
    let kinds: Vec<&str> = boxes["worst"][0]["mistakes"]
        .as_array()
        .expect("mistakes")
        .iter()
        .filter_map(|mistake| mistake["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"missed"), "{kinds:?}");
    let snapshot = files(pictures, ".json").into_iter().next().expect("a snapshot");
    let replayed = run(&["replay".as_ref(), snapshot.as_ref()]);
    assert!(replayed.out.contains("equal: 3 of 3"), "{}", replayed.out);
}

/// What is still being written.
fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
