//! `xs:duration`, as metadata's cacheDuration has it.

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Whole seconds of an `xs:duration` that is not negative (XML Schema part 2, 3.2.6), or None.
///
/// A month counts 28 days and a year 365: what is cached for a month is fetched again a little early, never late.
/// Fractions of a second are dropped; more seconds than 64 bits hold are the most that they hold.
pub fn parse_seconds(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    if date.is_empty() && time.is_none() {
        return None;
    }
    let date_seconds = sum(date, &[('Y', 365 * DAY), ('M', 28 * DAY), ('D', DAY)])?;
    let time_seconds = sum(time.unwrap_or_default(), &[('H', HOUR), ('M', MINUTE), ('S', 1)])?;
    Some(date_seconds.saturating_add(time_seconds))
}

/// Numbers with their units, each unit at most once and in order; only seconds may have a fraction.
fn sum(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut total = 0_u64;
    let mut left = units.iter();
    while !text.is_empty() {
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, rest) = text.split_at_checked(end)?;
        let unit = rest.chars().next()?;
        let (_, seconds) = left.find(|(name, _)| *name == unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let has_fraction = number.contains('.');
        if whole.is_empty() || fraction.is_empty() || fraction.contains('.') || (has_fraction && unit != 'S')
        {
            return None;
        }
        let count = whole.parse::<u64>().unwrap_or(u64::MAX);
        total = total.saturating_add(count.saturating_mul(*seconds));
        text = rest.get(1..)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_whole_seconds() {
        let cases = [
            ("PT0S", 0),
            ("PT1H", 3_600),
            ("PT1H30M", 5_400),
            ("P1D", 86_400),
            ("P1Y2M3DT4H5M6.789S", (365 + 56 + 3) * 86_400 + 4 * 3_600 + 5 * 60 + 6),
            ("P0Y0M0DT6H0M0.000S", 21_600),
            ("P99999999999999999999Y", u64::MAX),
        ];
        for (text, seconds) in cases {
            assert_eq!(parse_seconds(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "", "P", "PT", "P1DT", "-P1D", "1D", "P1H", "PT1D", "P1", "P1M1Y", "P1D1D", "PT1.5H", "PT.5S",
            "PT1.S", "PT1.2.3S", "P 1D", "P+1D", "P1Dé",
        ] {
            assert_eq!(parse_seconds(text), None, "{text}");
        }
    }
}
