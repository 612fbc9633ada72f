//! Scene files.

use super::super::{Anchor, ClassName, SceneFile, SceneProblem};

const FULL: &str = r##"
note = "kept"
[[lines]]
name = "left"
points = [[0.18, 0.64], [0.45, 0.64]]
colour = "#FF8800"
[[zones]]
name = "门口"
points = [[0.1, 0.2], [0.4, 0.2], [0.4, 0.9], [0.1, 0.9]]
anchor = "bottom-center"
classes = ["car", 7]
capacity = 3
extra = { deep = [1, 2] }
[[exercises]]
name = "curls"
joints = ["left-shoulder", "left_elbow", 9]
[perspective]
points = [[0.4, 0.3], [0.6, 0.3], [0.9, 0.9], [0.1, 0.9]]
width = 7
length = 30.5
[heat_map]
mode = "cumulative"
classes = ["car"]
[distances]
[counting]
results = 3
unknown = true
"##;

#[test]
fn a_scene_file_is_read_and_written_and_read_again() {
    let scene = SceneFile::parse(FULL).expect("valid");
    assert_eq!(&*scene.zones[0].name, "门口");
    assert_eq!(scene.zones[0].look.anchor, Anchor::BottomCentre);
    assert_eq!(scene.zones[0].look.classes, [ClassName::Name("car".into()), ClassName::Id(7)]);
    assert_eq!(scene.lines[0].look.colour, Some([255, 136, 0]));
    assert_eq!(scene.exercises[0].joints, [5, 7, 9]);
    assert_eq!((scene.exercises[0].up, scene.exercises[0].down), (145.0, 90.0));
    let text = scene.to_text();
    assert!(text.contains("0.18") && !text.contains("0.1800"), "{text}");
    assert!(
        text.contains("note = \"kept\"") && text.contains("deep") && text.contains("unknown = true"),
        "{text}"
    );
    assert_eq!(SceneFile::parse(&text).expect("valid again"), scene);
    assert_eq!(SceneFile::parse("").expect("empty"), SceneFile::default());
    assert!(SceneFile::parse("\u{feff}note = 1").expect("with a byte-order mark").is_empty());
}

/// What is wrong and in which line.
fn wrong(text: &str) -> (String, Option<usize>) {
    let (problem, line) = SceneFile::parse(text).expect_err(text);
    (problem.to_string(), line)
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let zone = |points: &str| format!("# A comment\n[[zones]]\nname = \"gate\"\npoints = {points}\n");
    let cases = [
        (zone("[[0.1, 0.2], [0.4, 0.2]]"), 4, "has 2 points and needs at least three"),
        (zone("[[0.1, 0.2], [0.4, 0.9], [0.4, 0.2], [0.1, 0.9]]"), 4, "cross each other"),
        (zone("[[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]"), 4, "in a row"),
        (
            zone("[[0.1, 0.2],\n [0.4, 0.2],\n [1.4, 0.9]]"),
            6,
            "[1.4, 0.9] of zone \u{201c}gate\u{201d} lies outside",
        ),
        (zone("[[0.1, 0.2], [0.4, nan], [0.4, 0.9]]"), 4, "isn\u{2019}t two numbers"),
        (zone("[[0.1, 0.2], [0.4], [0.4, 0.9]]"), 4, "isn\u{2019}t two numbers"),
        (zone("3"), 4, "a list of points"),
        (zone("[[0, 0], [1, 0], [1, 1]]\ncolour = 'red'"), 5, "#rrggbb"),
        (zone("[[0, 0], [1, 0], [1, 1]]\nanchor = 'middle'"), 5, "bottom-centre"),
        (zone("[[0, 0], [1, 0], [1, 1]]\ncapacity = 0"), 5, "from 1 to 100000"),
        (zone("[[0, 0], [1, 0], [1, 1]]\ncapacity = 1.5"), 5, "a whole number"),
        (zone("[[0, 0], [1, 0], [1, 1]]\nclasses = 'car'"), 5, "a list of class names"),
        (
            zone("[[0, 0], [1, 0], [1, 1]]") + &zone("[[0, 0], [1, 0], [1, 1]]"),
            7,
            "two of the name \u{201c}gate\u{201d}",
        ),
        ("[[zones]]\npoints = [[0, 0], [1, 0], [1, 1]]".into(), 1, "zone 1 lacks \u{201c}name\u{201d}"),
        ("[[lines]]\nname = 'a'\npoints = [[0.1, 0.1], [0.1, 0.1]]".into(), 3, "are the same"),
        ("[[lines]]\nname = 'a'\n\n".into(), 1, "lacks \u{201c}points\u{201d}"),
        ("[[lines]]\nname = 5\npoints = [[0, 0], [1, 1]]".into(), 2, "1 to 80 characters"),
        ("[lines]\nname = 'a'".into(), 1, "each under a line [[name]]"),
        (
            "\n\n[perspective]\npoints = [[0, 0], [1, 0], [0, 1], [1, 1]]\nwidth = 3\nlength = 3".into(),
            4,
            "rectangle",
        ),
        (
            "[perspective]\npoints = [[0, 0], [1, 0], [1, 1], [0, 1]]\nwidth = -3\nlength = 3".into(),
            3,
            "must be from",
        ),
        ("[perspective]\npoints = [[0, 0], [1, 0], [1, 1], [0, 1]]".into(), 1, "lacks \u{201c}width\u{201d}"),
        ("[heat_map]\nmode = 'hot'".into(), 2, "decaying, cumulative"),
        ("[[exercises]]\nname = 'a'\njoints = ['left-foot', 1, 2]".into(), 3, "left-ankle"),
        ("[[exercises]]\nname = 'a'\njoints = [0, 1, 2]\nup = 80".into(), 1, "must be larger"),
        ("a = 1\nb = = 2".into(), 2, "isn\u{2019}t valid TOML"),
    ];
    for (text, line, part) in cases {
        let (message, found) = wrong(&text);
        assert!(message.contains(part) && found == Some(line), "{text}\n→ line {found:?}: {message}");
        assert!(message.ends_with(['.', ']', '"', '}', ')']) || message.contains("like:"), "{message}");
    }
}

#[test]
fn a_scene_file_has_a_limit() {
    let many = "[[lines]]\nname = 'a'\npoints = [[0, 0], [1, 1]]\n".repeat(257);
    assert!(matches!(SceneFile::parse(&many), Err((SceneProblem::TooMany { limit: 256, .. }, Some(1)))));
    let long = format!("[[zones]]\nname = 'a'\npoints = [{}]", "[0.5, 0.5],".repeat(129));
    assert!(matches!(SceneFile::parse(&long), Err((SceneProblem::Count { count: 129, .. }, Some(3)))));
    let large = "# x\n".repeat(300_000);
    assert!(matches!(SceneFile::parse(&large), Err((SceneProblem::TooLarge { .. }, None))));
}

#[test]
fn a_file_is_saved_whole_and_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scenes/road.toml");
    let scene = SceneFile::parse(FULL).expect("valid");
    scene.save(&path).expect("saved");
    assert_eq!(SceneFile::load(&path).expect("loaded"), scene);
    std::fs::write(&path, "[[lines]]\nname = 'a'\n").expect("written");
    let message = SceneFile::load(&path).expect_err("no points").to_string();
    assert!(message.contains("road.toml\u{201d}, line 1: line \u{201c}a\u{201d} lacks"), "{message}");
    std::fs::write(&path, [0xff, 0xfe]).expect("written");
    assert!(SceneFile::load(&path).expect_err("not a text").to_string().contains("isn\u{2019}t a text file"));
    let missing = SceneFile::load(&folder.path().join("no.toml")).expect_err("missing").to_string();
    assert!(missing.contains("can\u{2019}t be read"), "{missing}");
}

#[cfg(unix)]
#[test]
fn what_is_no_scene_file_is_never_waited_for() {
    use super::super::SceneFileError;
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe.toml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    let error = SceneFile::load(&pipe).expect_err("no file");
    assert!(error.to_string().contains("it is a named pipe, not a file"), "{error}");
    let large = folder.path().join("large.toml");
    std::fs::File::create(&large).and_then(|file| file.set_len(1 << 30)).expect("a sparse file");
    let error = SceneFile::load(&large).expect_err("too large");
    assert!(matches!(error, SceneFileError::Wrong { problem: SceneProblem::TooLarge { .. }, .. }), "{error}");
}
