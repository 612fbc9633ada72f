use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn grey(value: u8) -> Frame {
    Frame::filled(8, 8, [value, value, value, 255])
}

/// Makes `ROOT/CLASS/NAME` for each.
fn images(root: &Path, files: &[&str]) {
    let bytes = encode_frame(&grey(9), ImageFormat::Png, 95).expect("a PNG");
    for file in files {
        let path = root.join(file);
        std::fs::create_dir_all(folder_of(&path)).expect("a folder");
        std::fs::write(path, &bytes).expect("written");
    }
}

#[test]
fn hostile_and_chinese_names_stay_inside_and_come_back() {
    let folder = folder();
    let root = folder.path().join("project");
    let mut project = Project::create(&root).expect("a project");
    let names = ["../x", "猫", "a/b\\c", "CON", "train", "car", "Car", "..", "a\u{202e}b"];
    for name in names {
        let class = project.add_class(name).expect(name);
        let path = project.add_frame(class, &grey(7), ImageFormat::Png, &mut Take::now()).expect("written");
        assert!(path.starts_with(&root) && path.parent().and_then(Path::parent) == Some(&root), "{path:?}");
    }
    let opened = Project::open(&root).expect("opens");
    assert_eq!(opened.project.names(), names);
    assert!(opened.notes.is_empty(), "{:?}", opened.notes);
    assert!(opened.project.classes().iter().all(|class| class.examples.len() == 1));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing beside the project");
}

#[test]
fn a_taken_or_empty_name_and_a_class_too_many_are_refused() {
    let folder = folder();
    let mut project = Project::create(&folder.path().join("p")).expect("a project");
    project.add_class("a").expect("a class");
    assert!(matches!(project.add_class(" a "), Err(TeachError::NameTaken { .. })));
    assert!(matches!(project.add_class("  "), Err(TeachError::NoName)));
    for index in 1..MAX_CLASSES {
        project.add_class(&format!("c{index}")).expect("a class");
    }
    let error = project.add_class("one more").expect_err("too many").to_string();
    assert!(error.contains("more classes than 20"), "{error}");
}

#[test]
fn a_name_may_be_so_long_and_no_longer() {
    let folder = folder();
    let root = folder.path().join("p");
    let mut project = Project::create(&root).expect("a project");
    project.add_class(&"猫".repeat(MAX_NAME)).expect("a class");
    let error = project.add_class(&"x".repeat(MAX_NAME + 1)).expect_err("too long");
    assert!(matches!(error, TeachError::NameTooLong { count: 101 }), "{error}");
    assert!(error.to_string().contains("101 characters, and 100") && !error.fix().is_empty(), "{error}");
    assert_eq!(Project::open(&root).expect("opens").project.names(), project.names());
    std::fs::write(
        root.join("teach.toml"),
        format!("[[classes]]\nname = '{}'\nfolder = 'a'", "x".repeat(401)),
    )
    .expect("written");
    let error = Project::open(&root).expect_err("too long").to_string();
    assert!(error.contains("a name of more than 400 bytes"), "{error}");
}

#[test]
fn a_folder_of_class_folders_is_a_project() {
    let folder = folder();
    images(folder.path(), &["dog/2.png", "dog/10.png", "cat/deep/a.png", ".git/x.png", "cat/notes.txt"]);
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    let project = Project::open(folder.path()).expect("opens").project;
    assert_eq!(project.names(), ["cat", "dog"], "in torchvision's order");
    let names: Vec<_> =
        project.classes()[1].examples.iter().map(|e| e.path.file_name().expect("a name")).collect();
    assert_eq!(names, ["2.png", "10.png"], "natural order");
    assert_eq!(project.classes()[0].examples.len(), 1);
    assert!(!folder.path().join("teach.toml").exists(), "opening writes nothing");
}

#[test]
fn train_and_val_are_told_apart() {
    let folder = folder();
    images(folder.path(), &["train/a/1.png", "train/a/2.png", "train/b/1.png", "val/a/9.png", "val/b/9.png"]);
    let mut project = Project::open(folder.path()).expect("opens").project;
    assert_eq!(project.names(), ["a", "b"]);
    assert_eq!(project.classes()[0].examples.len(), 2);
    assert_eq!(project.classes()[1].held_out.len(), 1);
    let class = project.add_class("c").expect("a class");
    let path = project.add_frame(class, &grey(1), ImageFormat::Jpeg, &mut Take::now()).expect("written");
    assert!(path.starts_with(folder.path().join("train")), "{path:?}");
}

#[test]
fn unknown_keys_stay_and_what_is_wrong_is_named() {
    let folder = folder();
    images(folder.path(), &["a/1.png", "b/1.png"]);
    let file = folder.path().join("teach.toml");
    let text =
        "later = 3\nseed = 5\n[[classes]]\nname = \"A\"\nfolder = \"a\"\ncolour = \"red\"\n[x]\ny = 1\n";
    std::fs::write(&file, text).expect("written");
    let opened = Project::open(folder.path()).expect("opens");
    assert_eq!((opened.project.names(), opened.project.settings.seed), (vec!["A".into(), "b".into()], 5));
    assert_eq!(opened.notes.len(), 1, "{:?}", opened.notes);
    opened.project.save().expect("saved");
    let saved: toml::Table = toml::from_str(&std::fs::read_to_string(&file).expect("read")).expect("TOML");
    assert_eq!(saved["later"].as_integer(), Some(3));
    assert_eq!(saved["x"]["y"].as_integer(), Some(1));
    assert_eq!(saved["classes"][0]["colour"].as_str(), Some("red"));
    assert_eq!(saved["classes"][1]["name"].as_str(), Some("b"));
    for (text, word) in [
        ("[[classes]]\nname = 'a'\nfolder = '../x'", "own folder"),
        ("[[classes]]\nname = 'a'\nfolder = 'x\\y'", "own folder"),
        ("[[classes]]\nname = 'a'\n[[classes]]\nname = 'a'", "two classes"),
        ("[[classes]]\nname = ' '", "no name"),
        ("sightline-teach = 9", "newer"),
        ("c = -1.0", "above zero"),
        ("head = 'forest'", "forest"),
        ("classes = ", "classes"),
    ] {
        std::fs::write(&file, text).expect("written");
        let error = Project::open(folder.path()).expect_err(text).to_string();
        assert!(
            error.contains("teach.toml") && (error.contains(word) || word == "classes"),
            "{text}: {error}"
        );
    }
}

#[test]
fn examples_are_added_and_groups_are_takes() {
    let folder = folder();
    let mut project = Project::create(&folder.path().join("p")).expect("a project");
    let class = project.add_class("a").expect("a class");
    let (mut one, mut two) = (Take::now(), Take { stem: "later".into(), next: 1 });
    for take in [&mut one, &mut two] {
        for value in 0..2 {
            project.add_frame(class, &grey(value), ImageFormat::Jpeg, take).expect("written");
        }
    }
    // A second project that was opened at the same moment must not lose a file.
    let mut again = Take { stem: "later".into(), next: 1 };
    let path = project.add_frame(class, &grey(5), ImageFormat::Jpeg, &mut again).expect("written");
    assert!(path.ends_with("later_0003.jpg"), "{path:?}");
    let examples = &project.classes()[class].examples;
    assert_eq!(examples[0].group, examples[1].group);
    assert_ne!(examples[1].group, examples[2].group);
    assert_eq!(examples.len(), 5);
    let listed = Project::open(project.root()).expect("opens").project;
    assert_eq!(listed.classes()[class].examples.len(), 5);

    let picture = folder.path().join("picture.png");
    images(folder.path(), &["picture.png"]);
    project.add_file(class, &picture).expect("copied");
    let copy = project.add_file(class, &picture).expect("copied again");
    assert!(copy.ends_with("picture (2).png"), "{copy:?}");
    std::fs::write(&picture, "no image").expect("written");
    assert!(matches!(project.add_file(class, &picture), Err(TeachError::Unreadable { .. })));
    assert!(matches!(project.add_file(7, &picture), Err(TeachError::NoClass { index: 7 })));
}

#[test]
fn unequal_classes_and_a_missing_nothing_are_told() {
    let folder = folder();
    images(folder.path(), &["a/1.png", "a/2.png", "a/3.png", "a/4.png", "b/1.png"]);
    let mut project = Project::open(folder.path()).expect("opens").project;
    assert_eq!(project.imbalance(), Some((0, 1)));
    assert!(project.wants_nothing());
    project.add_class("Nothing").expect("a class");
    assert!(!project.wants_nothing());
}

#[test]
fn the_backbone_is_remembered_so_that_the_folder_can_be_moved() {
    let folder = folder();
    let root = folder.path().join("p");
    let mut project = Project::create(&root).expect("a project");
    project.set_backbone(&root.join("models/net.onnx"), "00");
    assert_eq!(project.settings.backbone.as_deref(), Some(Path::new("models/net.onnx")));
    project.save().expect("saved");
    let moved = folder.path().join("moved");
    std::fs::rename(&root, &moved).expect("moved");
    let project = Project::open(&moved).expect("opens").project;
    assert_eq!(project.backbone(), Some(moved.join("models/net.onnx")));
    let mut project = project;
    project.set_backbone(Path::new("/elsewhere/net.onnx"), "00");
    assert_eq!(project.settings.backbone.as_deref(), Some(Path::new("/elsewhere/net.onnx")));
}

/// Two windows with one project: what the other one wrote stays, and so does what is on the disk.
#[test]
fn what_another_window_wrote_is_not_overwritten() {
    let folder = folder();
    let root = folder.path().join("p");
    let mut one = Project::create(&root).expect("a project");
    let mut other = Project::open(&root).expect("opens").project;
    other.add_class("theirs").expect("a class");
    let error = one.add_class("ours").expect_err("refused");
    assert!(matches!(error, TeachError::ChangedOutside { .. }), "{error}");
    assert!(error.to_string().contains("teach.toml") && error.fix().contains("again"), "{error}");
    assert!(one.names().is_empty() && !root.join("ours").exists(), "as it was");
    assert_eq!(Project::open(&root).expect("opens").project.names(), ["theirs"]);
    // Read again, it can be changed; and what it writes itself is no stranger's.
    let mut one = Project::open(&root).expect("opens").project;
    one.add_class("ours").expect("a class");
    one.rename_class(0, "his").expect("renamed");
    one.clone().save().expect("a copy is the same project");
    assert!(matches!(other.rename_class(0, "hers"), Err(TeachError::ChangedOutside { .. })));
    assert_eq!(other.names(), ["theirs"]);
    assert_eq!(Project::open(&root).expect("opens").project.names(), ["his", "ours"]);
}

#[test]
fn a_class_whose_removal_cannot_be_written_keeps_its_images() {
    let folder = folder();
    let mut project = Project::create(&folder.path().join("p")).expect("a project");
    let class = project.add_class("a").expect("a class");
    project.add_class("b").expect("a class");
    let image = project.add_frame(class, &grey(1), ImageFormat::Png, &mut Take::now()).expect("written");
    // Nothing can be written over a folder.
    let file = project.root().join("teach.toml");
    std::fs::remove_file(&file).expect("removed");
    std::fs::create_dir(&file).expect("a folder");
    let error = project.remove_class(class).expect_err("can't be written");
    assert!(matches!(error, TeachError::Unwritable { .. }), "{error}");
    assert_eq!(project.names(), ["a", "b"]);
    assert!(image.is_file(), "nothing is in the trash without a way back");
}

#[test]
fn opening_a_folder_of_anything_ends_soon() {
    let folder = folder();
    for class in 0..30 {
        images(folder.path(), &[&format!("c{class:02}/a.png")]);
    }
    assert!(matches!(Project::open(folder.path()), Err(TeachError::TooManyClasses { count: 21 })));
    let cancel = CancelToken::default();
    cancel.cancel();
    assert!(matches!(Project::open_until(folder.path(), &cancel), Err(TeachError::Stopped)));
}

#[cfg(unix)]
#[test]
fn folders_that_are_links_are_not_followed() {
    let folder = folder();
    let (root, outside) = (folder.path().join("p"), folder.path().join("outside"));
    images(&root, &["cat/1.png", "dog/1.png"]);
    images(&outside, &["x.png"]);
    let link = |to: &Path, at: &str| std::os::unix::fs::symlink(to, root.join(at)).expect("a link");
    link(&root, "cat/all");
    link(&outside, "linked");
    link(&outside.join("x.png"), "dog/2.png");
    let Opened { project, notes } = Project::open(&root).expect("opens");
    assert_eq!(project.names(), ["cat", "dog"]);
    assert_eq!(project.classes()[0].examples.len(), 1, "it doesn't lead back into itself");
    assert_eq!(project.classes()[1].examples.len(), 2, "a link to an image is one");
    assert!(notes.len() == 1 && notes[0].contains("linked"), "{notes:?}");
    std::fs::write(root.join("teach.toml"), "[[classes]]\nname = 'x'\nfolder = 'linked'").expect("written");
    let project = Project::open(&root).expect("opens").project;
    assert!(project.classes()[0].examples.is_empty(), "not by its name in teach.toml either");
    let mut project = project;
    let error = project.add_frame(0, &grey(1), ImageFormat::Png, &mut Take::now()).expect_err("refused");
    assert!(matches!(error, TeachError::Linked { .. }) && !error.fix().is_empty(), "{error}");
    let error = project.add_file(0, &outside.join("x.png")).expect_err("refused");
    assert!(matches!(error, TeachError::Linked { .. }), "{error}");
    assert_eq!(std::fs::read_dir(&outside).expect("a folder").count(), 1, "nothing is written through it");
}

/// `train -> /` would list the whole disk, and a class that is removed would move its images to the trash.
#[cfg(unix)]
#[test]
fn train_and_val_that_are_links_are_not_followed() {
    let folder = folder();
    let (root, outside) = (folder.path().join("p"), folder.path().join("outside"));
    images(&outside, &["cat/1.png", "dog/1.png"]);
    images(&root, &["own/1.png"]);
    let link = |at: &str| std::os::unix::fs::symlink(&outside, root.join(at)).expect("a link");
    link("train");
    let Opened { project, notes } = Project::open(&root).expect("opens");
    assert_eq!(project.names(), ["own"]);
    assert!(notes.len() == 1 && notes[0].contains("train"), "{notes:?}");

    std::fs::remove_file(root.join("train")).expect("removed");
    images(&root, &["train/cat/2.png"]);
    link("val");
    let Opened { mut project, notes } = Project::open(&root).expect("opens");
    assert_eq!(project.names(), ["cat"]);
    assert!(project.classes()[0].held_out.is_empty());
    assert!(notes.len() == 1 && notes[0].contains("val"), "{notes:?}");

    // It became a link while the project was open.
    std::fs::remove_dir_all(root.join("train")).expect("removed");
    link("train");
    let error = project.add_frame(0, &grey(1), ImageFormat::Png, &mut Take::now()).expect_err("refused");
    assert!(matches!(error, TeachError::Linked { .. }), "{error}");
    assert!(matches!(project.add_class("new"), Err(TeachError::Linked { .. })));
    assert!(!outside.join("new").exists());
}

#[test]
fn images_of_strange_endings_are_still_there_when_it_is_opened_again() {
    let folder = folder();
    let mut project = Project::create(&folder.path().join("p")).expect("a project");
    let class = project.add_class("a").expect("a class");
    images(folder.path(), &["photo.v2", "photo", "small.PNG"]);
    for (name, want) in [("photo.v2", "photo.v2.png"), ("photo", "photo.png"), ("small.PNG", "small.PNG")] {
        let copy = project.add_file(class, &folder.path().join(name)).expect("copied");
        assert!(copy.ends_with(want), "{copy:?}");
    }
    let again = Project::open(project.root()).expect("opens").project;
    assert_eq!(again.classes()[class].examples.len(), 3);
}

#[test]
fn a_copy_belongs_to_the_take_of_its_original() {
    let group = |name: &str| group_of(Path::new(name));
    for name in ["a/clip_0013.png", "a/clip_0012 (2).png", "a/clip_0012(2).png", "a/clip_0012 (2) (3).png"] {
        assert_eq!(group(name), group("a/clip_0012.png"), "{name}");
    }
    assert_eq!(group("a/photo (1).jpg"), group("a/photo (12).jpg"));
    for (a, b) in
        [("a/x (left).png", "a/x (right).png"), ("a/1.png", "b/1.png"), ("a/clip.png", "a/clap.png")]
    {
        assert_ne!(group(a), group(b));
    }
}

#[cfg(unix)]
#[test]
fn a_backbone_whose_path_is_no_text_does_not_keep_the_project_from_being_saved() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = folder();
    let root = folder.path().join("p");
    let mut project = Project::create(&root).expect("a project");
    let path = Path::new(std::ffi::OsStr::from_bytes(b"/models/net\xff.onnx"));
    project.set_backbone(path, "00");
    project.add_class("a").expect("a class");
    assert_eq!(project.backbone().as_deref(), Some(path), "it is used");
    let again = Project::open(&root).expect("opens").project;
    assert_eq!((again.names(), again.backbone()), (vec!["a".to_owned()], None));
}
