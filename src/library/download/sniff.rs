//! Whether the first bytes are the file, or one of the things that servers and networks send in its place.

use std::path::Path;

use crate::library::names::excerpt;

/// How many bytes are checked before any is written.
pub(super) const HEAD: usize = 2048;

/// What came instead of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WrongBody {
    /// A page or a message: which kind, and its text.
    Page { what: &'static str, says: Option<String> },
    /// A Git LFS pointer.
    LfsPointer,
}

/// Checks the first bytes (up to [`HEAD`]) of a body of `total` bytes. Models and archives begin with bytes that aren't
/// text; if the target is a text file itself, only HTML and LFS pointers are wrong.
pub(super) fn wrong_body(
    content_type: Option<&str>,
    head: &[u8],
    total: Option<u64>,
    target: &Path,
) -> Option<WrongBody> {
    if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Some(WrongBody::LfsPointer);
    }
    let text = as_text(head)?;
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).to_ascii_lowercase();
    let kind = content_type.and_then(|c| c.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    let page = |what, says| Some(WrongBody::Page { what, says });
    let html = ["<!doctype html", "<html", "<head", "<body", "<script", "<title", "<meta", "<!--"];
    if html.iter().any(|tag| start.starts_with(tag)) || (kind.ends_with("html") && start.starts_with('<')) {
        return page("a web page", between(text, "<title", "</title"));
    }
    if is_text_file(target) {
        return None;
    }
    if start.starts_with("<?xml") || start.starts_with("<error") {
        return page("an XML message", between(text, "<message", "</message"));
    }
    let says = Some(excerpt(text.trim_start_matches('\u{feff}'), 80));
    let json = start.starts_with(['{', '[']) && start[1..].trim_start().starts_with(['"', '}', ']', '{']);
    if json {
        return page("a JSON message", says);
    }
    let short = total.is_some_and(|total| total <= HEAD as u64) && !start.is_empty();
    if short { page("a text", says) } else { None }
}

/// Returns the head as text if it is one: plain characters only, or a page in whatever encoding. A character cut by the
/// end, and everything after a byte that isn't UTF-8, is left out.
fn as_text(head: &[u8]) -> Option<&str> {
    let (valid, is_utf8) = match std::str::from_utf8(head) {
        Ok(text) => (text.len(), true),
        Err(error) => (error.valid_up_to(), error.error_len().is_none()),
    };
    let text = std::str::from_utf8(head.get(..valid)?).ok()?;
    let plain = is_utf8 && text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\r' | '\n' | '\u{c}'));
    let page =
        text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('<') && !head.contains(&0);
    (plain || page).then_some(text)
}

/// Returns the text between `<tag …>` and `</tag`, safe to show.
fn between(text: &str, open: &str, close: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let tag = lower.find(open)?;
    let start = tag + lower[tag..].find('>')? + 1;
    let end = lower[start..].find(close).map_or(text.len(), |e| start + e);
    Some(excerpt(&text[start..end], 80)).filter(|words| !words.is_empty())
}

/// Whether a file of that name is a text.
fn is_text_file(target: &Path) -> bool {
    let ending = target.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    ["txt", "json", "toml", "yaml", "yml", "names", "csv", "md", "labels", "prototxt", "cfg", "xml"]
        .contains(&ending.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, head: &[u8], target: &str) -> Option<WrongBody> {
        wrong_body(Some(kind), head, Some(head.len() as u64), Path::new(target))
    }

    fn what(kind: &str, head: &[u8]) -> Option<&'static str> {
        check(kind, head, "m.onnx").map(|i| match i {
            WrongBody::Page { what, .. } => what,
            WrongBody::LfsPointer => "lfs",
        })
    }

    #[test]
    fn a_page_instead_of_a_model_is_named() {
        let page = b"\xef\xbb\xbf \n<!DOCTYPE html><html><head><title>404 \xe2\x80\xae Not\nFound</title>";
        let Some(WrongBody::Page { what: "a web page", says: Some(says) }) =
            check("application/octet-stream", page, "m.onnx")
        else {
            panic!("the page isn't recognised")
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
    fn models_are_accepted_whatever_content_type_the_server_sends() {
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
    fn a_text_file_may_hold_text() {
        assert_eq!(check("text/plain", b"cat\ndog\n", "coco.names"), None);
        assert_eq!(check("application/json", b"{\"a\": 1}", "preprocessor.json"), None);
        assert!(check("text/html", b"<html>", "coco.names").is_some());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_checked_without_a_panic(
            head in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), text in "(<|\\{|<title>)?.{0,40}"
        ) {
            let _ = check("text/html", &head, "m.onnx");
            let _ = check("text/html", text.as_bytes(), "m.onnx");
            let _ = check("application/json", text.as_bytes(), "m.onnx");
        }
    }
}
