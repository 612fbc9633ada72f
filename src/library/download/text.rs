//! Words of strangers, made fit to be shown: short, in one line, without control or direction characters.

/// `text` with control characters, line ends and invisible direction marks escaped or turned into spaces, and cut to
/// about `most` characters.
pub(super) fn shown(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for c in text.trim().chars() {
        if count >= most {
            out.push('…');
            break;
        }
        if c.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
                count += 1;
            }
        } else if hides(c) {
            let escaped = c.escape_unicode().to_string();
            count += escaped.len();
            out.push_str(&escaped);
        } else {
            out.push(c);
            count += 1;
        }
    }
    out
}

/// Control characters and those that are invisible or turn the direction of text.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A size in the units of disks: `873 B`, `4.2 MB`, `1.3 GB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_become_harmless() {
        assert_eq!(shown("a\u{1b}[31mred", 40), "a\\u{1b}[31mred");
        assert_eq!(shown("abc\u{202e}fed", 40), "abc\\u{202e}fed");
        assert_eq!(shown("  two\r\n\t lines ", 40), "two lines");
        assert_eq!(shown(&"x".repeat(500), 10), format!("{}…", "x".repeat(10)));
    }

    #[test]
    fn sizes_read_as_disks_do() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1000), "1.0 kB");
        assert_eq!(size(4_250_000), "4.2 MB");
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!(size(u64::MAX), "18.4 EB");
    }
}
