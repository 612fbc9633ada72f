use super::*;
use crate::frame::PixelFormat;

fn full() -> Settings {
    let mut settings = Settings {
        language: Some(Language::Chinese),
        theme: Theme::Dark,
        window: Some((1280.0, 800.0)),
        onnxruntime: Some("/opt/onnxruntime/libonnxruntime.so".into()),
        ..Settings::default()
    };
    settings.remember_model(Path::new("/data/models/yolox_nano.onnx"));
    settings.remember_source(&Address::Video("/data/traffic.mp4".into()));
    settings.remember_source(&Address::Pattern { width: 640, height: 480, fps: 15 });
    settings.remember_source(&Address::Camera { name: "UVC Camera".into(), bus: Some("usb-1".into()) });
    settings.cameras.insert(
        "UVC Camera".into(),
        CameraRequest { format: Some(PixelFormat::Mjpeg), size: Some((1280, 720)), fps: Some(30) },
    );
    settings
}

#[test]
fn saved_settings_are_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deeper/settings.toml");
    assert_eq!(load(&path), (Settings::default(), None));
    save(&path, &full()).unwrap();
    assert_eq!(load(&path), (full(), None));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn damaged_files_are_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    for (name, text) in [("settings.toml.bak", "conf = ["), ("settings.toml.bak-2", "iou = [")] {
        std::fs::write(&path, text).unwrap();
        let (settings, error) = load(&path);
        assert_eq!(settings, Settings::default());
        let Some(SettingsError::Damaged { kept_as, .. }) = error else { panic!("{error:?}") };
        assert_eq!(kept_as, folder.path().join(name));
        assert_eq!(std::fs::read_to_string(kept_as).unwrap(), text);
    }
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert!(matches!(load(&path).1, Some(SettingsError::Damaged { .. })));
    assert_eq!(load(&path), (Settings::default(), None));
}

#[test]
fn unknown_fields_survive_and_values_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let text = "conf = 0.5\namount = 7.5\nwindow = [1.0, 1.0]\nfrom-the-future = true\n[future]\na = 1\n\
         [source.pattern]\nwidth = 64\nheight = 48\nfps = 5\nnoise = 2\n\
         [snapshot]\nwith-sound = true\n[cameras.Webcam]\nfps = 30\nhdr = true\n[cameras.Other]\nhdr = true\n[limits]\na = { conf = 7.5, iou = 0.4 }\nb = { conf = 0.2, iou = nan }\n";
    std::fs::write(&path, text).unwrap();
    let (mut settings, error) = load(&path);
    assert_eq!((settings.amount, settings.window, error), (1.0, None, None));
    assert_eq!(settings.limits, BTreeMap::from([("a".to_owned(), Limits { conf: 1.0, iou: 0.4 })]));
    save(&path, &settings).unwrap();
    let read = || std::fs::read_to_string(&path).unwrap().parse::<toml::Table>().unwrap();
    assert_eq!(read()["from-the-future"], toml::Value::from(true));
    assert_eq!(read()["future"]["a"], toml::Value::from(1));
    assert_eq!(read()["snapshot"]["with-sound"], toml::Value::from(true));
    assert_eq!(read()["source"]["pattern"]["noise"], toml::Value::from(2));
    assert_eq!(read()["cameras"]["Webcam"]["hdr"], toml::Value::from(true));
    assert!(!read().contains_key("conf"), "a field of an older version isn't unknown");
    assert_eq!(load(&path), (settings.clone(), None));
    // What is removed or replaced takes its unknown fields along.
    settings.cameras.remove("Webcam");
    settings.source = Some(Address::Video("/v/a.mp4".into()));
    save(&path, &settings).unwrap();
    let cameras = read()["cameras"].as_table().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((cameras, load(&path).1), (vec!["Other".to_owned()], None));
    assert_eq!(load(&path).0.source, settings.source);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_neither_waited_for_nor_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let (settings, error) = load(&path);
    assert_eq!(settings, Settings::default());
    // The window doesn't save after this error.
    assert!(matches!(&error, Some(SettingsError::Unreadable { .. })), "{error:?}");
    assert_eq!(peek_model_folders(&path), Vec::<PathBuf>::new());
    std::fs::remove_file(&path).unwrap();
    std::fs::File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let error = load(&path).1.unwrap();
    assert!(error.to_string().contains("larger than 4 MB"), "{error}");
}

#[test]
fn one_unknown_value_loses_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let text = "theme = \"sepia\"\namount = 0.4\nlooping = \"twice\"\n\
        recent = [\"AnyCamera\", { hologram = 1 }, { video = \"/v/a.mp4\" }]\n\
        [cameras.Webcam]\nfps = 30\nformat = \"Raw12\"\n[cameras.Other]\nfps = 15\n";
    std::fs::write(&path, text).unwrap();
    let (settings, error) = load(&path);
    assert_eq!((settings.theme, settings.amount, settings.looping), (Theme::System, 0.4, true));
    assert!(settings.recent.contains(&Address::Video("/v/a.mp4".into())), "{:?}", settings.recent);
    assert_eq!(settings.cameras["Webcam"].fps, Some(30));
    assert_eq!(settings.cameras["Other"].fps, Some(15));
    let error = error.unwrap();
    let SettingsError::Partly { kept_as, .. } = &error else { panic!("{error}") };
    for value in ["theme", "looping", "recent", "cameras.Webcam.format"] {
        assert!(error.to_string().contains(value), "{error}");
    }
    assert_eq!(std::fs::read_to_string(kept_as).unwrap(), text);
    assert!(path.exists());
    // Two programs that start with the same file keep one copy.
    assert!(matches!(load(&path).1, Some(SettingsError::Partly { kept_as: again, .. }) if again == *kept_as));
}

#[cfg(unix)]
#[test]
fn a_path_that_cannot_be_written_loses_nothing_else() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let odd = || PathBuf::from(std::ffi::OsStr::from_bytes(b"/m/\xff.onnx"));
    let mut settings = full();
    settings.compare_models = vec![odd(), "/m/a.onnx".into()];
    settings.model_folders = vec![odd()];
    settings.snapshot.folder = Some(odd());
    settings.pose = Some(odd());
    save(&path, &settings).unwrap();
    let expected = Settings { compare_models: vec!["/m/a.onnx".into()], ..full() };
    assert_eq!(load(&path), (expected, None));
}

#[test]
fn values_that_are_known_are_used_where_no_copy_can_be_made() {
    let folder = tempfile::tempdir().unwrap();
    // The name of the copy would be too long for the file system.
    let path = folder.path().join(format!("{}.toml", "s".repeat(248)));
    std::fs::write(&path, "theme = \"sepia\"\namount = 0.4\n").unwrap();
    let (settings, error) = load(&path);
    assert_eq!(settings.amount, 0.4);
    // The window doesn't save after this error.
    let Some(SettingsError::Unreadable { reason, .. }) = error else { panic!("{error:?}") };
    assert!(reason.contains("theme"), "{reason}");
}

#[test]
fn recent_sources_are_few_newest_first_and_each_once() {
    let mut settings = Settings::default();
    for n in [1, 2, 3, 2] {
        settings.remember_source(&Address::Pattern { width: n, height: 1, fps: 1 });
    }
    let widths: Vec<_> = settings.recent.iter().map(ToString::to_string).collect();
    assert_eq!(widths, ["pattern:2x1@1", "pattern:3x1@1", "pattern:1x1@1"]);
    for n in 0..20 {
        settings.remember_source(&Address::Pattern { width: n, height: 2, fps: 1 });
    }
    assert_eq!(settings.recent.len(), RECENT_LIMIT);
}

#[test]
fn a_source_is_remembered_by_its_whole_path_and_listed_once() {
    let here = std::env::current_dir().unwrap();
    let mut settings = Settings::default();
    for path in ["traffic.mp4".into(), "./traffic.mp4".into(), here.join("traffic.mp4")] {
        settings.remember_source(&Address::Video(path));
    }
    let whole = Address::Video(here.join("traffic.mp4"));
    assert_eq!((&settings.source, &settings.recent), (&Some(whole.clone()), &vec![whole]));
    settings.remember_source(&Address::Glob("images/*.jpg".into()));
    assert_eq!(settings.source, Some(Address::Glob(here.join("images/*.jpg").to_str().unwrap().into())));
    settings.remember_model(Path::new("yolo.onnx"));
    assert_eq!(settings.model, Some(here.join("yolo.onnx")));
}

#[test]
fn relative_paths_of_an_older_file_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let text = "source = { video = \"a.mp4\" }\nrecent = [{ video = \"a.mp4\" }, { video = \"/v/a.mp4\" }]\n";
    std::fs::write(&path, text).unwrap();
    let settings = load(&path).0;
    assert_eq!((settings.source, settings.recent), (None, vec![Address::Video("/v/a.mp4".into())]));
}

#[test]
fn the_saver_writes_pending_settings_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let saver = Saver::start(path.clone()).unwrap();
    saver.set(Settings::default());
    saver.set(full());
    drop(saver);
    assert_eq!(load(&path), (full(), None));
}

#[test]
fn a_folder_that_cannot_be_created_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = save(&file.join("settings.toml"), &full()).unwrap_err();
    assert!(error.to_string().contains("can't be saved"), "{error}");
}

/// Files of every released version must load. `settings-0.1.toml` is what version 0.1 wrote for [`full`].
#[test]
fn the_files_of_older_versions_load() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/settings-0.1.toml");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("settings.toml");
    std::fs::copy(path, &copy).unwrap();
    assert_eq!(load(&copy), (full(), None));
}

/// The order of the list of models is written as in version 0.1.
#[test]
fn the_order_of_models_keeps_its_names() {
    for (order, name) in SortOrder::ALL.into_iter().zip(["recent", "name", "task", "speed", "size"]) {
        let settings: Settings = toml::from_str(&format!("model-order = \"{name}\"")).unwrap();
        assert_eq!(settings.model_order, order);
    }
}

/// Somebody who hid people must not see them shown because of a slip of the hand in the file.
#[test]
fn privacy_stays_on_where_its_settings_cannot_be_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    for (text, on) in [
        ("[privacy]\non = \"yes\"\n", true),
        ("[privacy]\non = true\ncover = \"paint\"\n", true),
        ("theme = dark\n[privacy]\non = true\n", true),
        ("theme = dark\n[privacy]\nclasses = [\"person\"]\n", true),
        ("theme = dark\n[privacy]\non = false\n", false),
        ("theme = dark\n", false),
        ("theme = \"sepia\"\n", false),
    ] {
        std::fs::write(&path, text).unwrap();
        let (settings, error) = load(&path);
        assert!(error.is_some(), "{text}");
        assert_eq!(settings.privacy.on, on, "{text}");
    }
}

#[test]
fn what_the_snapshot_button_does_is_kept_within_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let text = "[snapshot]\nformat = \"webp\"\nquality = 0\n[shutter]\ntake = \"lapse\"\ntimer-s = 9000\n\
        burst = 1000000\nburst-every-s = nan\nlapse-every-s = 0.0\nat-least = 0\n";
    std::fs::write(&path, text).unwrap();
    let (settings, error) = load(&path);
    assert_eq!(error, None);
    let shutter = &settings.shutter;
    assert_eq!((shutter.take, shutter.timer_s, shutter.burst), (crate::save::Take::Lapse, 60, 50));
    assert_eq!((shutter.burst_every_s, shutter.lapse_every_s, shutter.at_least), (0.2, 1.0, 1));
    assert_eq!((settings.snapshot.format, settings.snapshot.quality), (crate::save::ImageFormat::WebP, 1));
}
