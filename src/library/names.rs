//! File names from outside: shown so that they can't deceive, and stored so that they can't leave their folder.

use std::borrow::Cow;

/// File systems allow 255 bytes; a number and an ending may be added.
const MAX_BYTES: usize = 200;
/// Names that Windows reserves for devices.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Whether a character is invisible or changes the direction of the text around it.
#[must_use]
pub fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The text with deceptive characters made visible (`\u{202e}`).
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(deceives) {
        return text.into();
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if deceives(c) {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean.into()
}

/// The text on one line, cut after `max` characters, with deceptive characters made visible: for text from outside in
/// messages.
#[must_use]
pub fn excerpt(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = shown(&line);
    match shown.char_indices().nth(max).and_then(|(end, _)| shown.get(..end)) {
        Some(start) => format!("{start}…"),
        None => shown.into_owned(),
    }
}

/// A size as disks are sold: `873 B`, `4.2 MB`, `1.3 GB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

/// A name for a file in the library: without folders and characters that are deceptive or that a file system refuses, not
/// hidden, not too long.
#[must_use]
pub fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !deceives(*c))
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    let clean = clean.trim_matches([' ', '.']).to_owned();
    let (stem, ending) = match clean.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 && !stem.is_empty() => {
            (stem.to_owned(), format!(".{ending}"))
        }
        _ => (clean, String::new()),
    };
    let mut stem = stem;
    while stem.len() + ending.len() > MAX_BYTES {
        stem.pop();
    }
    let bare: String = stem.chars().take_while(char::is_ascii_alphabetic).collect();
    let is_device = DEVICES.contains(&bare.to_ascii_lowercase().as_str()) && stem.len() <= bare.len() + 1;
    if stem.is_empty() || is_device {
        stem.insert_str(0, "model");
    }
    stem + &ending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_deceptive_characters_and_folders() {
        assert_eq!(safe("../../etc/passwd.onnx"), "passwd.onnx");
        assert_eq!(safe("..\\x.onnx"), "x.onnx");
        assert_eq!(safe("a\u{202e}xnno.exe"), "axnno.exe");
        assert_eq!(safe("\u{7}"), "model");
        assert_eq!(safe("con.onnx"), "modelcon.onnx");
        assert_eq!(safe("猫.onnx"), "猫.onnx");
        assert!(safe(&("x".repeat(400) + ".onnx")).len() <= MAX_BYTES);
        assert_eq!(safe("..."), "model");
    }

    #[test]
    fn deceptive_characters_are_shown() {
        assert_eq!(shown("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(shown("人.onnx"), "人.onnx");
    }

    #[test]
    fn sizes_are_in_powers_of_a_thousand() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1000), "1.0 kB");
        assert_eq!(size(4_250_000), "4.2 MB");
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!(size(u64::MAX), "18.4 EB");
    }

    #[test]
    fn an_excerpt_is_one_harmless_line() {
        assert_eq!(excerpt("a\u{1b}[31mred", 40), "a\\u{1b}[31mred");
        assert_eq!(excerpt("abc\u{202e}fed", 40), "abc\\u{202e}fed");
        assert_eq!(excerpt("  two\r\n\t lines ", 40), "two lines");
        assert_eq!(excerpt(&"x".repeat(500), 10), format!("{}…", "x".repeat(10)));
    }

    proptest::proptest! {
        #[test]
        fn a_safe_name_stays_in_its_folder(name in ".*") {
            let safe = safe(&name);
            let path = std::path::Path::new(&safe);
            proptest::prop_assert_eq!(path.components().count(), 1);
            proptest::prop_assert!(path.file_name().is_some_and(|n| n == safe.as_str()));
            proptest::prop_assert!(!safe.contains(deceives) && safe.len() <= MAX_BYTES + 5);
            proptest::prop_assert_eq!(super::safe(&safe), safe);
        }
    }
}
