//! A part of the day: `22:00-06:00`.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

/// From one time of the day to another, over midnight if the second is earlier. Two equal times mean the whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    /// Included.
    pub from: NaiveTime,
    /// Not included.
    pub to: NaiveTime,
}

impl Hours {
    /// Whether a time of the day lies between.
    #[must_use]
    pub fn contains(&self, time: NaiveTime) -> bool {
        match self.from.cmp(&self.to) {
            std::cmp::Ordering::Less => self.from <= time && time < self.to,
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Greater => self.from <= time || time < self.to,
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.format("%H:%M"), self.to.format("%H:%M"))
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

impl FromStr for Hours {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "hours are written as \"22:00-06:00\"";
        let (from, to) = text.split_once(['-', '\u{2013}']).ok_or(WRONG)?;
        let time = |text: &str| match text.trim() {
            // As clocks in Europe and China show the end of the day.
            "24:00" => Ok(NaiveTime::MIN),
            text => NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| WRONG),
        };
        Ok(Self { from: time(from)?, to: time(to)? })
    }
}

impl TryFrom<String> for Hours {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).expect("a time of the day")
    }

    #[test]
    fn hours_run_over_midnight() {
        let night: Hours = "22:00-06:00".parse().expect("valid");
        let inside = [(22, 0), (23, 59), (0, 0), (5, 59)];
        let outside = [(21, 59), (6, 0), (12, 0)];
        assert!(inside.iter().all(|&(h, m)| night.contains(at(h, m))));
        assert!(!outside.iter().any(|&(h, m)| night.contains(at(h, m))));
        let day: Hours = "08:30 \u{2013} 17:00".parse().expect("valid");
        assert!(day.contains(at(8, 30)) && !day.contains(at(17, 0)) && !day.contains(at(0, 0)));
        let evening: Hours = "18:00-24:00".parse().expect("valid");
        assert!(evening.contains(at(23, 59)) && !evening.contains(at(0, 0)));
        assert_eq!(
            (night.to_string().as_str(), evening.to_string().as_str()),
            ("22:00-06:00", "18:00-00:00")
        );
        assert!("6:00-6:00".parse::<Hours>().expect("valid").contains(at(3, 0)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in ["", "22", "22:00", "25:00-26:00", "a-b", "22:00-"] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }
}
