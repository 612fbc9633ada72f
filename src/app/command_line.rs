//! The command line that does what the window does now: the same source, model and thresholds.

use std::fmt::Write as _;
use std::path::Path;

use super::view::View;
use crate::model::spec::Size;
use crate::settings::Tracking;
use crate::source::Address;

/// Returns the command; `None` without a source or a model.
#[must_use]
pub fn of(view: &View<'_>) -> Option<String> {
    let model = view.model.current.as_deref()?;
    let mut command = format!("sightline predict {}", source(view.source.address()?));
    let mut add = |option: &str, value: &str| {
        let _ = write!(command, " {option} {}", quoted(value));
    };
    add("--model", &model.path.display().to_string());
    let thresholds = view.thresholds;
    add("--conf", &number(thresholds.conf));
    add("--iou", &number(thresholds.iou));
    if thresholds.max_det != crate::model::Thresholds::default().max_det {
        add("--max-det", &thresholds.max_det.to_string());
    }
    if !thresholds.classes.is_empty() {
        let classes: Vec<String> = thresholds.classes.iter().map(u32::to_string).collect();
        add("--classes", &classes.join(","));
    }
    if let Size::Dynamic { width, height, .. } = model.spec.input.size {
        add("--imgsz", &format!("{width}x{height}"));
    }
    let settings = view.settings;
    if let Some(device) = &settings.device {
        add("--device", device);
    }
    if let Some(adapter) = &model.adapter {
        add("--adapter", &adapter.display().to_string());
    }
    match model.spec.task {
        crate::model::Task::Action => {
            if let Some(pose) = &settings.pose {
                add("--pose", &pose.display().to_string());
            }
        }
        crate::model::Task::Stylize => {
            if let Some(matte) = &settings.matte {
                add("--person-only", &matte.display().to_string());
            }
        }
        _ => {}
    }
    let tracker = match settings.tracking {
        Tracking::Off => None,
        Tracking::ByteTrack => Some("bytetrack"),
        Tracking::OcSort => Some("ocsort"),
    };
    if let Some(tracker) = tracker {
        let _ = write!(command, " --track={tracker}");
    }
    if let Some(scene) = view.scene_path.filter(|_| !view.zones.is_empty()) {
        let _ = write!(command, " --scene {}", quoted(&scene.display().to_string()));
    }
    Some(command)
}

fn source(address: &Address) -> String {
    let path = |path: &Path| quoted(&path.display().to_string());
    match address {
        Address::Images(paths) => paths.iter().map(|of| path(of)).collect::<Vec<_>>().join(" "),
        other => quoted(&other.to_string()),
    }
}

/// At most three decimals: that is what records hold.
fn number(value: f32) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A word that a shell takes for nothing else.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c) || !c.is_ascii() && c.is_alphanumeric()
    };
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if cfg!(windows) {
        format!("\"{}\"", word.replace('"', "\\\""))
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::Bench;
    use crate::source::Pace;

    #[test]
    fn the_command_names_source_model_and_what_was_changed() {
        let mut bench =
            Bench::default().with_model().playing(Address::Video("/v/my car's.mp4".into()), Pace::Video);
        bench.thresholds.conf = 0.35;
        bench.thresholds.classes = vec![2, 7];
        bench.settings.tracking = Tracking::ByteTrack;
        let command = of(&bench.view()).expect("there is a model");
        assert_eq!(
            command,
            "sightline predict '/v/my car'\\''s.mp4' --model /models/yolox_nano.onnx --conf 0.35 --iou 0.7 \
             --classes 2,7 --track=bytetrack"
        );
        assert_eq!(of(&Bench::default().view()), None);
    }

    #[test]
    fn a_shell_reads_a_quoted_word_as_it_was() {
        for word in ["a b", "$(touch x)", "`x`", "a'b", "a\"b", "*", "", "汽车", "~", "a;b", "!1"] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(word))])
                .output();
            let output = output.expect("there is a shell");
            assert_eq!(String::from_utf8_lossy(&output.stdout), word);
        }
    }
}
