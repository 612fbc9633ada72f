//! Headers of a response. They come from strangers: each is read strictly or not at all.

use std::time::{Duration, SystemTime};

/// `Content-Range: bytes FIRST-LAST/TOTAL` (RFC 9110, section 14.4), for a file of `total` bytes if that is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub first: u64,
    pub last: u64,
    pub total: Option<u64>,
}

/// Reads a `Content-Range`; `None` if it isn't one of bytes, or contradicts itself.
pub(super) fn content_range(text: &str) -> Option<ContentRange> {
    let (unit, rest) = text.trim().split_once(' ')?;
    let (range, total) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let total = if total == "*" { None } else { Some(number(total)?) };
    let valid = unit.eq_ignore_ascii_case("bytes") && first <= last && total.is_none_or(|total| last < total);
    valid.then_some(ContentRange { first, last, total })
}

/// Reads digits and nothing else: no sign, no space.
pub(super) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `Retry-After`: seconds, or a date. A date in the past is no wait.
pub(crate) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(number(text).map_or(Duration::MAX, Duration::from_secs));
    }
    Some(http_date(text)?.duration_since(now).unwrap_or_default())
}

/// The form of date that servers may send today: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<SystemTime> {
    let date = chrono::DateTime::parse_from_rfc2822(text).ok().filter(|_| text.ends_with(" GMT"))?;
    Some(date.into())
}

/// What `If-Range` can send: a strong `ETag`, or the date of the last change. A weak `ETag` doesn't promise equal
/// bytes.
pub(super) fn validator(etag: Option<&str>, last_modified: Option<&str>) -> Option<String> {
    let etag = etag.map(str::trim).filter(|e| {
        let quoted = e.len() > 2 && e.starts_with('"') && e.ends_with('"');
        quoted && e.len() < 512 && e.bytes().all(|b| b.is_ascii_graphic())
    });
    let date = last_modified.map(str::trim).filter(|d| http_date(d).is_some());
    etag.or(date).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn content_ranges_of_the_standard() {
        let range = |first, last, total| Some(ContentRange { first, last, total });
        assert_eq!(content_range("bytes 42-1233/1234"), range(42, 1233, Some(1234)));
        assert_eq!(content_range("bytes 42-1233/*"), range(42, 1233, None));
        assert_eq!(content_range("bytes */1234"), None, "no such range");
        assert_eq!(content_range("Bytes 0-0/1"), range(0, 0, Some(1)));
    }

    #[test]
    fn contradictions_are_no_range() {
        for bad in [
            "",
            "bytes",
            "bytes 0-1",
            "bytes 5-4/10",
            "bytes 0-10/10",
            "bytes -5/10",
            "bytes +0-+1/2",
            "bytes */*",
            "lines 0-1/2",
            "bytes 0-99999999999999999999/*",
            "bytes 0-1/2/3",
            "bytes 0x0-0x1/2",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }

    #[test]
    fn waits_in_seconds_and_as_dates() {
        // The date that RFC 9110 gives as its example is 784111777 s after 1970.
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let at = |s| SystemTime::UNIX_EPOCH + Duration::from_secs(s);
        assert_eq!(retry_after("120", at(0)), Some(Duration::from_mins(2)));
        assert_eq!(retry_after(date, at(784_111_777 - 30)), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(date, at(784_111_777 + 30)), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999999999999999999", at(0)), Some(Duration::MAX));
        for bad in ["", "-1", "1.5", "soon", "Sun, 06 Nov 1994", "Mon, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(retry_after(bad, at(0)), None, "{bad}");
        }
    }

    #[test]
    fn only_a_promise_of_equal_bytes_is_a_validator() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(validator(Some("\"abc\""), Some(date)).as_deref(), Some("\"abc\""));
        assert_eq!(validator(Some("W/\"abc\""), Some(date)).as_deref(), Some(date));
        assert_eq!(validator(Some("W/\"abc\""), None), None);
        assert_eq!(validator(Some("\"a\r\nb\""), None), None);
        assert_eq!(validator(Some("\""), Some("yesterday")), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,60}", digits in "bytes [0-9*/ -]{0,60}") {
            for text in [&text, &digits] {
                let _ = retry_after(text, SystemTime::now());
                let _ = validator(Some(text), Some(text));
                if let Some(ContentRange { first, last, total }) = content_range(text) {
                    prop_assert!(first <= last && total.is_none_or(|t| last < t));
                }
            }
        }

        #[test]
        fn a_range_that_is_written_is_read(first in 0..u64::MAX / 2, more in 0..u64::MAX / 4, rest in 1..u64::MAX / 8) {
            let (last, total) = (first + more, first + more + rest);
            let text = format!("bytes {first}-{last}/{total}");
            prop_assert_eq!(content_range(&text), Some(ContentRange { first, last, total: Some(total) }));
        }
    }
}
