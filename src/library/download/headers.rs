//! What the headers of an answer say. Everything here comes from strangers: it is read strictly or not at all.

use std::time::{Duration, SystemTime};

/// `Content-Range: bytes FIRST-LAST/TOTAL` (RFC 9110, section 14.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentRange {
    /// Bytes `first..=last` of a file of `total` bytes, where that is said.
    Part { first: u64, last: u64, total: Option<u64> },
    /// `bytes */TOTAL`: no such part; the file has `total` bytes.
    Unsatisfied { total: u64 },
}

/// Reads a `Content-Range`; `None` where it isn't one of bytes, or contradicts itself.
pub(super) fn content_range(text: &str) -> Option<ContentRange> {
    let text = text.trim();
    let (unit, rest) = text.split_once(' ')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (range, total) = rest.trim().split_once('/')?;
    let total = match total.trim() {
        "*" => None,
        digits => Some(number(digits)?),
    };
    if range.trim() == "*" {
        return total.map(|total| ContentRange::Unsatisfied { total });
    }
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first.trim())?, number(last.trim())?);
    let fits = first <= last && total.is_none_or(|total| last < total);
    fits.then_some(ContentRange::Part { first, last, total })
}

/// Digits and nothing else: no sign, no space.
pub(super) fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `Retry-After`: seconds, or a date of HTTP. A date that has passed is no wait.
pub(super) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Some(seconds) = number(text) {
        return Some(Duration::from_secs(seconds));
    }
    // More digits than a number holds: as long as can be.
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::MAX);
    }
    let date = http_date(text)?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The one form of date that servers may send today: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<SystemTime> {
    let date =
        chrono::NaiveDateTime::parse_from_str(text.strip_suffix(" GMT")?, "%a, %d %b %Y %H:%M:%S").ok()?;
    let seconds = u64::try_from(date.and_utc().timestamp()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// What `If-Range` may say: a strong `ETag`, else the date of the last change. A weak `ETag` promises no equal bytes.
pub(super) fn validator(etag: Option<&str>, last_modified: Option<&str>) -> Option<String> {
    let etag = etag.map(str::trim).filter(|e| {
        e.len() > 2 && e.len() < 512 && e.starts_with('"') && e.ends_with('"') && e.bytes().all(visible)
    });
    let date = last_modified.map(str::trim).filter(|d| http_date(d).is_some());
    etag.or(date).map(str::to_owned)
}

fn visible(byte: u8) -> bool {
    (0x21..0x7f).contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn content_ranges_of_the_standard() {
        let part = |first, last, total| Some(ContentRange::Part { first, last, total });
        assert_eq!(content_range("bytes 42-1233/1234"), part(42, 1233, Some(1234)));
        assert_eq!(content_range("bytes 42-1233/*"), part(42, 1233, None));
        assert_eq!(content_range("bytes */1234"), Some(ContentRange::Unsatisfied { total: 1234 }));
        assert_eq!(content_range("Bytes 0-0/1"), part(0, 0, Some(1)));
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
    fn only_what_promises_equal_bytes_is_a_validator() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(validator(Some("\"abc\""), Some(date)).as_deref(), Some("\"abc\""));
        assert_eq!(validator(Some("W/\"abc\""), Some(date)).as_deref(), Some(date));
        assert_eq!(validator(Some("W/\"abc\""), None), None);
        assert_eq!(validator(Some("\"a\r\nb\""), None), None);
        assert_eq!(validator(Some("\""), Some("yesterday")), None);
    }

    proptest! {
        #[test]
        fn any_words_are_read_without_a_panic(text in ".{0,60}", digits in "bytes [0-9*/ -]{0,60}") {
            for text in [&text, &digits] {
                let _ = retry_after(text, SystemTime::now());
                let _ = validator(Some(text), Some(text));
                if let Some(ContentRange::Part { first, last, total }) = content_range(text) {
                    prop_assert!(first <= last && total.is_none_or(|t| last < t));
                }
            }
        }

        #[test]
        fn a_range_that_is_written_is_read(first in 0..u64::MAX / 2, more in 0..u64::MAX / 4, rest in 1..u64::MAX / 8) {
            let (last, total) = (first + more, first + more + rest);
            let text = format!("bytes {first}-{last}/{total}");
            prop_assert_eq!(content_range(&text), Some(ContentRange::Part { first, last, total: Some(total) }));
        }
    }
}
