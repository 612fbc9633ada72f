//! Whether the first bytes are the file, or one of the things that servers and networks send in its place.

use std::path::Path;

use super::text::shown;

/// How many bytes are looked at before anything is written.
pub(super) const HEAD: usize = 2048;

/// Something that came instead of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Impostor {
    /// A page, a message: what it is, and what it says.
    Page { what: &'static str, says: Option<String> },
    /// A Git LFS pointer.
    LfsPointer,
}

/// Looks at the first bytes (up to [`HEAD`]) of a body of `total` bytes, where that is known, on its way to `target`.
/// Models, archives and weights begin with other bytes than text; where the target is a text itself, only HTML and LFS
/// pointers are impostors.
pub(super) fn impostor(
    content_type: Option<&str>,
    head: &[u8],
    total: Option<u64>,
    target: &Path,
) -> Option<Impostor> {
    if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Some(Impostor::LfsPointer);
    }
    let text = as_text(head)?;
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let kind =
        content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let begins = |with: &str| start.get(..with.len()).is_some_and(|s| s.eq_ignore_ascii_case(with));
    let html_starts = ["<!doctype html", "<html", "<head", "<body", "<script", "<title", "<meta", "<!--"];
    if html_starts.iter().any(|s| begins(s)) || (kind.ends_with("html") && start.starts_with('<')) {
        return Some(Impostor::Page { what: "a web page", says: between(text, "<title", "</title") });
    }
    if is_text(target) {
        return None;
    }
    if begins("<?xml") || (kind.ends_with("xml") && start.starts_with('<')) || begins("<error") {
        return Some(Impostor::Page { what: "an XML message", says: between(text, "<message", "</message") });
    }
    let json = start.starts_with(['{', '[']) && start[1..].trim_start().starts_with(['"', '}', ']', '{']);
    if json || (kind.ends_with("json") && start.starts_with(['{', '['])) {
        return Some(Impostor::Page { what: "a JSON message", says: Some(shown(start, 80)) });
    }
    let short = total.is_some_and(|total| total <= HEAD as u64) && !start.is_empty();
    short.then(|| Impostor::Page { what: "a text", says: Some(shown(start, 80)) })
}

/// The head as text, where it is one: plain characters only, or a page in whatever encoding. A character cut by the
/// end, and what follows a byte that isn't UTF-8, is left out.
fn as_text(head: &[u8]) -> Option<&str> {
    let (valid, cut) = match std::str::from_utf8(head) {
        Ok(text) => (text.len(), true),
        Err(error) => (error.valid_up_to(), error.error_len().is_none()),
    };
    let text = std::str::from_utf8(&head[..valid]).ok()?;
    let plain = cut && text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\r' | '\n' | '\u{c}'));
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let page = start.starts_with('<') && !head.contains(&0);
    ((plain || page) && !text.is_empty()).then_some(text)
}

/// What stands between `<tag …>` and `</tag`, to be shown.
fn between(text: &str, open: &str, close: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let tag = lower.find(open)?;
    let start = tag + lower[tag..].find('>')? + 1;
    let end = lower[start..].find(close).map_or(text.len(), |e| start + e);
    let words = shown(&text[start..end], 80);
    (!words.is_empty()).then_some(words)
}

/// Whether a file of that name is a text.
fn is_text(target: &Path) -> bool {
    let ending = target.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    ["txt", "json", "toml", "yaml", "yml", "names", "csv", "md", "labels", "prototxt", "cfg", "xml"]
        .contains(&ending.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(kind: &str, head: &[u8], target: &str) -> Option<Impostor> {
        impostor(Some(kind), head, Some(head.len() as u64), Path::new(target))
    }

    fn what(kind: &str, head: &[u8]) -> Option<&'static str> {
        look(kind, head, "m.onnx").map(|i| match i {
            Impostor::Page { what, .. } => what,
            Impostor::LfsPointer => "lfs",
        })
    }

    #[test]
    fn what_comes_instead_of_a_model_is_named() {
        let page = b"\xef\xbb\xbf \n<!DOCTYPE html><html><head><title>404 \xe2\x80\xae Not\nFound</title>";
        let Some(Impostor::Page { what: "a web page", says: Some(says) }) =
            look("application/octet-stream", page, "m.onnx")
        else {
            panic!("the page isn't seen")
        };
        assert_eq!(says, "404 \\u{202e} Not Found");
        assert_eq!(what("text/html", b"<p>sorry"), Some("a web page"));
        assert_eq!(what("text/html", b"<p>d\xe9sol\xe9"), Some("a web page"));
        assert_eq!(what("", b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code>"), Some("an XML message"));
        assert_eq!(what("", b"{\"error\": \"Invalid username\"}"), Some("a JSON message"));
        assert_eq!(what("text/plain", b"Not Found"), Some("a text"));
        assert_eq!(
            what("", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
            Some("lfs")
        );
    }

    #[test]
    fn models_are_no_impostors_whatever_the_server_calls_them() {
        let onnx = b"\x08\x08\x12\x07pytorch\x1a\x052.4.0:\x80";
        for kind in ["", "text/html", "application/json", "text/plain"] {
            assert_eq!(what(kind, onnx), None);
            assert_eq!(what(kind, b"PK\x03\x04\x14\x00"), None);
            assert_eq!(what(kind, b"{\x00\x80\x3f binary weights"), None);
            assert_eq!(what(kind, b"<\x00\x80\x3f binary weights"), None);
            assert_eq!(what(kind, b""), None);
        }
    }

    #[test]
    fn a_text_may_be_a_text() {
        assert_eq!(look("text/plain", b"cat\ndog\n", "coco.names"), None);
        assert_eq!(look("application/json", b"{\"a\": 1}", "preprocessor.json"), None);
        assert!(look("text/html", b"<html>", "coco.names").is_some());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_a_panic(
            head in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), text in "(<|\\{|<title>)?.{0,40}"
        ) {
            let _ = look("text/html", &head, "m.onnx");
            let _ = look("text/html", text.as_bytes(), "m.onnx");
            let _ = look("application/json", text.as_bytes(), "m.onnx");
        }
    }
}
