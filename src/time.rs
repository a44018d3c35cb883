//! Instants and windows of time; the clock itself is always passed in.

use std::fmt;

const MILLIS_PER_SECOND: i64 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// An instant in UTC, in milliseconds since 1970-01-01T00:00:00Z. SAML asks for nothing finer (SAML Core 1.3.3).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UtcTime(i64);

impl UtcTime {
    /// The instant so many milliseconds after (or, negative, before) 1970.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// The instant so many seconds later (negative: earlier), at the ends of time if it would pass them.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MILLIS_PER_SECOND)))
    }

    /// Read an `xs:dateTime` with a time zone: `2026-11-24T05:36:31Z`, `…31.123456Z`, `…31+01:00`.
    ///
    /// SAML Core 1.3.3 asks for UTC, which most write as `Z`; an offset says the same instant and is read too. A time
    /// without a zone says no instant and is refused, and so are leap seconds, the hour 24 and years outside 1 to
    /// 9999. Digits beyond milliseconds are cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = Cursor(text.as_bytes());
        let (year, month) = (rest.number(4)?, rest.after(b'-')?.number(2)?);
        let day = rest.after(b'-')?.number(2)?;
        let hour = rest.after(b'T')?.number(2)?;
        let minute = rest.after(b':')?.number(2)?;
        let second = rest.after(b':')?.number(2)?;
        let millis = rest.fraction()?;
        let offset_minutes = rest.zone()?;
        let valid = year >= 1
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60
            && rest.0.is_empty();
        if !valid {
            return None;
        }
        let seconds =
            days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second;
        Some(Self((seconds - offset_minutes * 60) * MILLIS_PER_SECOND + millis))
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(MILLIS_PER_SECOND);
        let millis = self.0.rem_euclid(MILLIS_PER_SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if millis != 0 {
            write!(out, ".{millis:03}")?;
        }
        out.write_str("Z")
    }
}

/// What is left to read of an `xs:dateTime`.
struct Cursor<'t>(&'t [u8]);

impl Cursor<'_> {
    fn after(&mut self, expected: u8) -> Option<&mut Self> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        (*first == expected).then_some(self)
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        head.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    }

    /// Milliseconds of an optional fraction of at least one digit.
    fn fraction(&mut self) -> Option<i64> {
        let Some((b'.', rest)) = self.0.split_first() else { return Some(0) };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (fraction, rest) = rest.split_at_checked(digits)?;
        self.0 = rest;
        let first_three = fraction.iter().chain(b"00").take(3);
        (digits > 0).then(|| first_three.fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0')))
    }

    /// Minutes east of UTC.
    fn zone(&mut self) -> Option<i64> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        let sign = match first {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, minutes) = (self.number(2)?, self.after(b':')?.number(2)?);
        // XML Schema part 2, 3.2.7.3: at most 14:00.
        (minutes < 60 && hours * 60 + minutes <= 14 * 60).then_some(sign * (hours * 60 + minutes))
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; years are counted from March, so that the leap day is the
/// last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        UtcTime::parse(text).map(UtcTime::unix_millis)
    }

    #[test]
    fn known_instants_are_read() {
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(millis("1969-12-31T23:59:59.999Z"), Some(-1));
        assert_eq!(millis("2026-11-24T00:18:38Z"), Some(1_795_479_518_000));
        assert_eq!(millis("2000-02-29T12:00:00.5Z"), Some(951_825_600_500));
        assert_eq!(millis("2026-11-24T01:18:38.123456789+01:00"), Some(1_795_479_518_123));
        assert_eq!(millis("2026-11-23T18:48:38-05:30"), Some(1_795_479_518_000));
    }

    #[test]
    fn what_names_no_instant_is_refused() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T00:18:38",
            "2026-11-24 00:18:38Z",
            "2026-11-24T00:18:60Z",
            "2026-11-24T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-11-24T00:18:38.Z",
            "2026-11-24T00:18:38z",
            "2026-11-24T00:18:38Z ",
            "2026-11-24T00:18:38+15:00",
            "2026-11-24T00:18:38+1:00",
            "+2026-11-24T00:18:38Z",
            "12026-11-24T00:18:38Z",
            "2026-11-24T0٣:18:38Z",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for days in (-719_162_i64..2_932_896).step_by(97) {
            let time = UtcTime::from_unix_millis(days * 86_400_000 + days.rem_euclid(86_400_000));
            assert_eq!(UtcTime::parse(&time.to_string()), Some(time));
        }
    }

    #[test]
    fn seconds_are_added_without_overflow() {
        assert_eq!(UtcTime::from_unix_millis(5).plus_seconds(-2).unix_millis(), -1_995);
        assert_eq!(UtcTime::from_unix_millis(i64::MAX).plus_seconds(1).unix_millis(), i64::MAX);
    }
}
