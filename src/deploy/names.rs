//! Names of models that every server, shell and address takes as they are.

use pinyin::ToPinyin as _;

/// Longer names are cut: Kubernetes takes 63 characters, and adds some of its own.
const LONGEST: usize = 48;

/// The name with letters, digits, `_`, `-` and `.` only. Chinese characters become their pinyin, anything else a `_`; if nothing is
/// left, the name is made of the file's hash.
pub(super) fn safe(name: &str, sha256: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    let mut after_chinese = false;
    for c in name.chars() {
        if let Some(sound) = c.to_pinyin() {
            if !safe.is_empty() && !safe.ends_with('_') {
                safe.push('_');
            }
            safe.push_str(&sound.plain().replace('\u{fc}', "v"));
            after_chinese = true;
            continue;
        }
        let kept = c.is_ascii_alphanumeric() || "_-.".contains(c);
        let c = if kept { c } else { '_' };
        if (after_chinese && c.is_ascii_alphanumeric()) || (c == '_' && !kept && safe.ends_with('_')) {
            safe.push_str(if c == '_' { "" } else { "_" });
        }
        if kept || !safe.ends_with('_') {
            safe.push(c);
        }
        after_chinese = false;
    }
    let safe: String = safe.chars().take(LONGEST).collect();
    let safe = safe.trim_matches(|c| "_-.".contains(c));
    if safe.is_empty() {
        return format!("model-{}", sha256.get(..8).unwrap_or_default());
    }
    safe.to_owned()
}

/// The name as Kubernetes takes it: lower case letters, digits and `-`, a letter first.
pub(super) fn of_resource(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.starts_with(|c: char| c.is_ascii_lowercase()) { name.to_owned() } else { format!("model-{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe_and_stay_recognisable() {
        for (name, expected) in [
            ("yolox_nano", "yolox_nano"),
            ("YOLOv5n-0.5", "YOLOv5n-0.5"),
            ("my best  model (3)", "my_best_model_3"),
            ("../../etc/passwd", "etc_passwd"),
            ("行人检测v2", "xing_ren_jian_ce_v2"),
            ("女", "nv"),
            ("моль", "model-0123abcd"),
            ("", "model-0123abcd"),
            ("..", "model-0123abcd"),
            ("a\nb\"c'd", "a_b_c_d"),
        ] {
            assert_eq!(safe(name, "0123abcd4567"), expected, "{name}");
        }
        assert_eq!(safe(&"a".repeat(300), "").len(), LONGEST);
    }

    #[test]
    fn kubernetes_takes_the_name_of_a_resource() {
        assert_eq!(of_resource("yolox_nano"), "yolox-nano");
        assert_eq!(of_resource("YOLOv5n-0.5"), "yolov5n-0-5");
        assert_eq!(of_resource("3d"), "model-3d");
    }
}
