//! A comparison in words, in both languages: agreement, speed, and the figures of one model.

use crate::model::Results;
use crate::model::agreement::Agreement;
use crate::model::labels::Language;

/// Below this ratio two models count as equally fast.
const AS_FAST: f32 = 1.05;

/// Returns how far two models agree, in words: "86% agree · 6 matched (IoU 0.91) · 1 only A · 2 only B".
#[must_use]
pub fn agreement_text(agreement: &Agreement, letters: (&str, &str), language: Language) -> String {
    let zh = language == Language::Chinese;
    let percent = |share: f32| format!("{:.0}%", share * 100.0);
    let (a, b) = letters;
    match *agreement {
        Agreement::Found { matched: 0, only_a: 0, only_b: 0, .. } => {
            if zh {
                "两者均未检出目标".into()
            } else {
                "neither found anything".into()
            }
        }
        Agreement::Found { matched, only_a, only_b, mean_iou } => {
            let share = percent(agreement.share().unwrap_or(0.0));
            let iou = match (matched, zh) {
                (0, _) => String::new(),
                (_, true) => format!("（IoU {mean_iou:.2}）·"),
                (_, false) => format!(" (IoU {mean_iou:.2})"),
            };
            if zh {
                let gap = if matched == 0 { " ·" } else { "" };
                format!("一致 {share} · 匹配 {matched}{iou}{gap} 仅 {a} {only_a} · 仅 {b} {only_b}")
            } else {
                format!("{share} agree · {matched} matched{iou} · {only_a} only {a} · {only_b} only {b}")
            }
        }
        Agreement::Top { same, shared, of } => match (zh, same) {
            (false, true) => format!("same top class · {shared} of the top {of} shared"),
            (false, false) => format!("different top class · {shared} of the top {of} shared"),
            (true, true) => format!("首选类别相同 · 前 {of} 名中 {shared} 个相同"),
            (true, false) => format!("首选类别不同 · 前 {of} 名中 {shared} 个相同"),
        },
        Agreement::Pixels(share) => {
            let share = percent(share);
            if zh { format!("{share} 的像素一致") } else { format!("{share} of pixels agree") }
        }
        Agreement::Depth(correlation) => {
            if zh {
                format!("深度相关系数 {correlation:.2}")
            } else {
                format!("depth correlation {correlation:.2}")
            }
        }
        Agreement::NoCommonClasses => {
            if zh {
                "没有共同的类别：只比较速度".into()
            } else {
                "No common classes: only speed is compared".into()
            }
        }
        Agreement::Incomparable => {
            if zh {
                "结果无法比较".into()
            } else {
                "results can't be compared".into()
            }
        }
    }
}

/// Returns which of two models is faster, from their median times in milliseconds: "B is 1.4× as fast". `None` until both are
/// known.
#[must_use]
pub fn speed_text(letters: (&str, &str), medians: (f32, f32), language: Language) -> Option<String> {
    let ratio = speed_ratio(medians)?;
    let zh = language == Language::Chinese;
    let (letter, times) = if ratio >= 1.0 { (letters.1, ratio) } else { (letters.0, 1.0 / ratio) };
    Some(if times < AS_FAST {
        if zh { "速度相同".into() } else { "equally fast".into() }
    } else if zh {
        let other = if letter == letters.1 { letters.0 } else { letters.1 };
        format!("{letter} 的速度是 {other} 的 {times:.1} 倍")
    } else {
        format!("{letter} is {times:.1}× as fast")
    })
}

/// Returns how many times as fast as the first model the second one is; `None` until both times are known.
#[must_use]
pub fn speed_ratio((a, b): (f32, f32)) -> Option<f32> {
    (a > 0.0 && b > 0.0).then(|| a / b)
}

/// Returns the figures of one model: "62.7 ms · 15.9 fps alone · 12 found".
#[must_use]
pub fn figures_text(median_ms: f32, results: Option<&Results>, language: Language) -> String {
    use std::fmt::Write as _;
    let zh = language == Language::Chinese;
    let mut text = String::new();
    if median_ms > 0.0 {
        let rate = 1000.0 / median_ms;
        let rate = if rate < 99.5 { format!("{rate:.1}") } else { format!("{rate:.0}") };
        let _ = if zh {
            write!(text, "{median_ms:.1} ms · 单独运行 {rate} fps")
        } else {
            write!(text, "{median_ms:.1} ms · {rate} fps alone")
        };
    }
    if let Some(results) = results.filter(|r| r.task.finds_objects()) {
        let gap = if text.is_empty() { "" } else { " · " };
        let n = results.detections.len();
        let _ = if zh { write!(text, "{gap}检出 {n} 个") } else { write!(text, "{gap}{n} found") };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_described_in_both_languages() {
        let found = Agreement::Found { matched: 6, only_a: 1, only_b: 2, mean_iou: 0.914 };
        let letters = ("A", "B");
        assert_eq!(
            agreement_text(&found, letters, Language::English),
            "80% agree · 6 matched (IoU 0.91) · 1 only A · 2 only B"
        );
        assert!(agreement_text(&found, letters, Language::Chinese).starts_with("一致 80%"));
        assert_eq!(
            speed_text(letters, (28.0, 20.0), Language::English).as_deref(),
            Some("B is 1.4× as fast")
        );
        assert_eq!(
            speed_text(letters, (20.0, 28.0), Language::English).as_deref(),
            Some("A is 1.4× as fast")
        );
        assert_eq!(speed_text(letters, (20.0, 20.4), Language::English).as_deref(), Some("equally fast"));
        assert_eq!(speed_text(letters, (20.0, 0.0), Language::English), None);
        assert_eq!(figures_text(62.5, None, Language::English), "62.5 ms · 16.0 fps alone");
        assert_eq!(figures_text(0.0, Some(&Results::default()), Language::English), "0 found");
    }

    #[test]
    fn every_character_is_in_the_font() {
        use crate::scene::fonts;
        let all = [
            Agreement::Found { matched: 0, only_a: 0, only_b: 0, mean_iou: 0.0 },
            Agreement::Found { matched: 1, only_a: 0, only_b: 0, mean_iou: 1.0 },
            Agreement::Top { same: true, shared: 1, of: 5 },
            Agreement::Top { same: false, shared: 1, of: 5 },
            Agreement::Pixels(0.5),
            Agreement::Depth(0.5),
            Agreement::Incomparable,
        ];
        let mut text = String::new();
        for agreement in &all {
            fonts::push_shown(&agreement_text(agreement, ("A", "B"), Language::Chinese), &mut text);
        }
        for medians in [(1.0, 1.0), (1.0, 2.0)] {
            text.extend(speed_text(("A", "B"), medians, Language::Chinese));
        }
        fonts::push_shown(&figures_text(5.0, Some(&Results::default()), Language::Chinese), &mut text);
        assert!(!text.contains('□'), "{text}");
    }
}
