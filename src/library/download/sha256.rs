//! A SHA-256 as a value that is written, read and compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The SHA-256 of a file, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(pub [u8; 32]);

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 is written as 64 hexadecimal digits")]
pub struct InvalidSha256;

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256 {
    type Err = InvalidSha256;

    /// Reads 64 hexadecimal digits, upper or lower case, with or without `sha256:` in front.
    fn from_str(text: &str) -> Result<Self, InvalidSha256> {
        let digits = text.trim();
        let digits = digits.strip_prefix("sha256:").unwrap_or(digits);
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidSha256);
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(2 * i..2 * i + 2).ok_or(InvalidSha256)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidSha256)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = InvalidSha256;

    fn try_from(text: String) -> Result<Self, InvalidSha256> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_sha256sum_is_read() {
        // The SHA-256 of nothing, from FIPS 180-4's examples.
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let hash: Sha256 = text.parse().unwrap();
        assert_eq!(hash.to_string(), text);
        assert_eq!(format!("sha256:{}", text.to_uppercase()).parse(), Ok(hash));
        for bad in ["", "e3b0", &text[1..], &format!("{text}0"), &text.replace('e', "g"), &"é".repeat(32)] {
            assert_eq!(bad.parse::<Sha256>(), Err(InvalidSha256), "{bad}");
        }
    }
}
