//! `sightline track` and `predict --track`: the same object has the same number, measured against the truth of two public sequences.

mod common;

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use common::boxes::{Box4, box_of, iou};
use common::{Ended, TestEnv, real, shared};
use serde_json::{Value, json};

/// Runs `sightline track` without ONNX Runtime, as nothing of it is needed.
fn track(env: &TestEnv, file: &Path, more: &[&str]) -> Ended {
    Ended::of(env.bare().arg("track").arg(file).args(more).output().expect("it starts"))
}

fn values(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Number and box of each object of each frame, which are counted from 1.
type Objects = BTreeMap<u64, Vec<(u64, Box4)>>;

/// A file of the MOT challenge: frame, number, left, top, width, height, …
fn truth(file: &Path) -> Objects {
    let mut objects = Objects::new();
    for line in std::fs::read_to_string(file).expect("the truth").lines() {
        let n: Vec<f64> = line.split(',').map(|number| number.parse().expect("a number")).collect();
        let bbox = [n[2], n[3], n[2] + n[4], n[3] + n[5]];
        objects.entry(n[0] as u64).or_default().push((n[1] as u64, bbox));
    }
    objects
}

fn tracks(lines: &[Value]) -> Objects {
    let objects = |line: &Value| {
        let found = line["detections"].as_array().expect("detections").iter();
        found.filter_map(|d| Some((d["track_id"].as_u64()?, box_of(d)))).collect()
    };
    lines.iter().map(|line| (line["frame"].as_u64().expect("a frame") + 1, objects(line))).collect()
}

/// Figures as Ristani et al. (2016) and CLEAR MOT define them. Whole tracks are given to whole objects greedily, so the IDF1 is
/// at most that of the best assignment.
struct Figures {
    idf1: f64,
    switches: usize,
}

fn figures(truth: &Objects, tracks: &Objects) -> Figures {
    let mut together: HashMap<(u64, u64), usize> = HashMap::new();
    let mut last: HashMap<u64, u64> = HashMap::new();
    let (mut objects, mut boxes, mut switches) = (0, 0, 0);
    // Only frames that were looked at count.
    for (frame, tracked) in tracks {
        let real = truth.get(frame).map(Vec::as_slice).unwrap_or_default();
        (objects, boxes) = (objects + real.len(), boxes + tracked.len());
        let mut pairs = Vec::new();
        for (object, a) in real {
            for (track, b) in tracked {
                let overlap = iou(a, b);
                if overlap >= 0.5 {
                    *together.entry((*object, *track)).or_default() += 1;
                    // Who was together stays together.
                    let kept = last.get(object) == Some(track);
                    pairs.push((overlap + if kept { 1.0 } else { 0.0 }, *object, *track));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut taken, mut used) = (Vec::new(), Vec::new());
        for (_, object, track) in pairs {
            if taken.contains(&object) || used.contains(&track) {
                continue;
            }
            taken.push(object);
            used.push(track);
            switches += usize::from(last.insert(object, track).is_some_and(|before| before != track));
        }
    }
    let mut pairs: Vec<_> = together.into_iter().collect();
    pairs.sort_by_key(|(pair, count)| (std::cmp::Reverse(*count), *pair));
    let (mut taken, mut used, mut right) = (Vec::new(), Vec::new(), 0);
    for ((object, track), count) in pairs {
        if !taken.contains(&object) && !used.contains(&track) {
            taken.push(object);
            used.push(track);
            right += count;
        }
    }
    Figures { idf1: 2.0 * right as f64 / (objects + boxes) as f64, switches }
}

#[test]
fn people_keep_their_numbers_on_two_public_sequences() {
    let env = TestEnv::new();
    let folder = real("tracking/TUD-Campus.gt.txt").parent().expect("a folder").to_owned();
    for (tracker, least_clean, least_idf1, most_switches) in
        [("bytetrack", 0.97, 0.91, 1.5), ("ocsort", 0.92, 0.88, 1.5)]
    {
        let (mut idf1, mut switches, mut count) = (0.0, 0, 0.0);
        for name in ["TUD-Campus", "TUD-Stadtmitte"] {
            let truth = truth(&folder.join(format!("{name}.gt.txt")));
            let modes = [("clean", 1), ("noisy", 3), ("gaps", 3), ("slow", 3)];
            for (mode, seed) in
                modes.iter().flat_map(|(mode, seeds)| (0..*seeds).map(move |seed| (mode, seed)))
            {
                let file = folder.join(format!("{name}.{mode}.{seed}.jsonl"));
                let ended = track(&env, &file, &["--tracker", tracker, "-q"]).with_code(0);
                let found = figures(&truth, &tracks(&values(&ended.out)));
                println!("{tracker} {name}.{mode}.{seed}: {:.3} {}", found.idf1, found.switches);
                if *mode == "clean" {
                    assert!(
                        found.idf1 > least_clean && found.switches == 0,
                        "{tracker} {name}: {:.3}",
                        found.idf1
                    );
                }
                (idf1, switches, count) = (idf1 + found.idf1, switches + found.switches, count + 1.0);
            }
        }
        let (idf1, switches) = (idf1 / count, switches as f64 / count);
        assert!(idf1 >= least_idf1, "{tracker}: {idf1:.3}");
        assert!(switches <= most_switches, "{tracker}: {switches:.2}");
    }
}

fn line(frame: u32, boxes: &[Box4]) -> Value {
    let found = |bbox: &Box4| json!({"class_id": 2, "label": "car", "score": 0.8, "box": bbox});
    json!({"source": "made.mp4", "frame": frame, "time_s": f64::from(frame) / 25.0, "size": [1280, 720],
        "model": "m", "task": "detect", "detections": boxes.iter().map(found).collect::<Vec<_>>()})
}

/// Two cars that drive towards each other; the first is hidden for 0.8 s after they met.
fn crossing() -> Vec<Value> {
    let car = |x: f64, y: f64| [x, y, x + 80.0, y + 50.0];
    (0..100)
        .map(|frame| {
            let way = 8.0 * f64::from(frame);
            let (first, second) = (car(100.0 + way, 300.0), car(900.0 - way, 330.0));
            if (60..80).contains(&frame) { line(frame, &[second]) } else { line(frame, &[first, second]) }
        })
        .collect()
}

fn text_of(lines: &[Value]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

fn write(env: &TestEnv, name: &str, text: &str) -> std::path::PathBuf {
    std::fs::write(env.path(name), text).expect("a file in the working folder");
    env.path(name)
}

#[test]
fn cars_that_cross_and_one_that_is_hidden_keep_their_numbers() {
    let env = TestEnv::new();
    let lines = crossing();
    let file = write(&env, "made.jsonl", &text_of(&lines));
    for tracker in ["bytetrack", "ocsort"] {
        let ended = track(&env, &file, &["--tracker", tracker]).with_code(0);
        assert!(ended.err.contains("100 lines, 2 tracks"), "{}", ended.err);
        let out = values(&ended.out);
        assert_eq!(out.len(), 100);
        for (before, after) in lines.iter().zip(&out) {
            let given = before["detections"].as_array().expect("a list");
            let found = after["detections"].as_array().expect("a list");
            let ids: Vec<_> = found.iter().map(|d| d["track_id"].as_u64().expect("a number")).collect();
            for (one, other) in given.iter().zip(found) {
                assert!(iou(&box_of(one), &box_of(other)) > 0.5, "the order stays");
            }
            if given.len() == 2 {
                assert_eq!(ids, [1, 2], "{tracker}: {after}");
            } else {
                assert!(ids == [2] || ids == [2, 1], "{tracker}: {after}");
            }
        }
        // It is shown where it should be for a moment, and then not.
        assert_eq!(out[62]["detections"].as_array().map(Vec::len), Some(2));
        assert_eq!(out[79]["detections"].as_array().map(Vec::len), Some(1));
        let added = &out[62]["detections"][1];
        assert_eq!(added["label"], "car");
        assert!(iou(&box_of(added), &[596.0, 300.0, 676.0, 350.0]) > 0.8, "{added}");
    }
    // With less patience, the hidden car is a new one.
    let ended = track(&env, &file, &["--lost", "0.5"]).with_code(0);
    assert!(ended.err.contains("3 tracks"), "{}", ended.err);
}

#[test]
fn a_scene_file_counts_as_in_predict() {
    let env = TestEnv::new();
    let file = write(&env, "made.jsonl", &text_of(&crossing()));
    let scene = "[[lines]]\nname = 'middle'\npoints = [[0.5, 0.9], [0.5, 0.1]]\n\
        [[zones]]\nname = 'right'\npoints = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]\nclasses = ['car', 'ufo']\n";
    write(&env, "made.toml", scene);
    let ended = track(&env, &file, &["--scene", "made.toml"]).with_code(0);
    let out = values(&ended.out);
    let counts = &out.last().expect("lines")["lines"][0];
    assert_eq!((counts["in"].as_u64(), counts["out"].as_u64()), (Some(1), Some(1)), "{counts}");
    assert_eq!(out.last().expect("lines")["zones"][0]["occupancy"], 1);
    assert!(out[99]["detections"][0]["dwell_s"]["right"].as_f64().is_some_and(|stay| stay > 0.5));
    assert!(ended.err.contains("ufo") && ended.err.contains("middle"), "{}", ended.err);
}

#[test]
fn a_wrong_line_is_named_and_those_before_it_stay() {
    let env = TestEnv::new();
    let lines = crossing();
    for (wrong, words) in [
        ("{\"detections\": [", "no JSON"),
        ("{\"detections\": [{\"box\": \"here\"}]}", "four numbers"),
        ("[]", "no JSON object"),
    ] {
        let text = format!("{}\n\n{}\n{wrong}\n{}\n", lines[0], lines[1], lines[2]);
        let ended = track(&env, &write(&env, "made.jsonl", &text), &[]).with_code(1);
        assert_eq!(values(&ended.out).len(), 2, "the blank line is skipped");
        assert!(ended.err.contains("Line 4 ") && ended.err.contains(words), "{}", ended.err);
        assert!(ended.err.contains("fix:"), "{}", ended.err);
    }
    let ended = track(&env, &write(&env, "long.jsonl", &" ".repeat(16_000_001)), &[]).with_code(1);
    assert!(ended.err.contains("Line 1 ") && ended.err.contains("16 MB"), "{}", ended.err);
    let ended = track(&env, Path::new("nowhere.jsonl"), &[]).with_code(1);
    assert!(ended.err.contains("nowhere.jsonl"), "{}", ended.err);
}

#[test]
fn standard_input_is_tracked_line_by_line_and_an_empty_file_is_no_error() {
    use std::io::{BufRead as _, BufReader};
    let env = TestEnv::new();
    let ended = track(&env, &write(&env, "empty.jsonl", ""), &[]).with_code(0);
    assert_eq!(ended.out, "");
    let mut child =
        env.bare().args(["track", "-", "-q"]).stdin(Stdio::piped()).spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut lines = crossing();
    lines[0]["weather"] = json!({"rain": true});
    lines[0]["detections"][0]["colour"] = json!("red");
    for (number, line) in lines.iter().take(3).enumerate() {
        writeln!(input, "{line}").expect("it reads");
        // The answer comes before the next line was written.
        let mut answer = String::new();
        output.read_line(&mut answer).expect("it writes");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["frame"], number);
        assert_eq!(answer["detections"][1]["track_id"], 2);
        if number == 0 {
            assert_eq!(
                (&answer["weather"]["rain"], &answer["detections"][0]["colour"]),
                (&json!(true), &json!("red"))
            );
        }
    }
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn predict_tracks_a_video() {
    let env = TestEnv::new();
    let run = |more: &[&str]| {
        let mut command = env.predicting();
        command.arg(shared("media/traffic.mp4")).args(["--format", "jsonl", "-q", "--max-frames", "12"]);
        values(&Ended::of(command.args(more).output().expect("it starts")).with_code(0).out)
    };
    let ids = |lines: &[Value]| -> Vec<u64> {
        let found = |line: &Value| line["detections"].as_array().expect("detections").clone();
        lines.iter().flat_map(found).filter_map(|d| d["track_id"].as_u64()).collect()
    };
    assert!(ids(&run(&[])).is_empty());
    for option in ["--track", "--track=ocsort"] {
        let ids = ids(&run(&[option]));
        assert!(ids.contains(&1) && ids.len() > 12, "{option}: {ids:?}");
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert!(distinct.len() * 2 < ids.len(), "numbers stay: {ids:?}");
    }
}

#[test]
fn predict_recognises_objects_by_appearance() {
    let classifier = real("models/mobilenet_v2_int8.onnx");
    let env = TestEnv::new();
    let run = |reid: &Path| {
        let mut command = env.predicting();
        command.arg(shared("media/traffic.mp4")).args(["--format", "jsonl", "-q", "--max-frames", "8"]);
        Ended::of(command.arg("--reid").arg(reid).output().expect("it starts"))
    };
    let lines = values(&run(&classifier).with_code(0).out);
    let tracked = lines.iter().filter(|line| {
        line["detections"].as_array().is_some_and(|found| found.iter().any(|d| d["track_id"].is_u64()))
    });
    assert!(tracked.count() > 5, "--reid tracks by itself");
    let refused = run(&real("models/yolov8n_int8.onnx")).with_code(1);
    assert!(
        refused.err.contains("isn't a vector") && refused.err.contains("re-identification"),
        "{}",
        refused.err
    );
}
