//! `datetime.datetime` ⇄ [`UtcTime`]; the one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::errors::ConfigurationError;
use crate::time::UtcTime;

/// The instant passed in, or now.
pub(super) fn instant_or_now(now: Option<&Bound<'_, PyAny>>) -> PyResult<UtcTime> {
    if let Some(value) = now {
        return utc_time(value, "now");
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(UtcTime::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

/// The instant of an aware datetime, cut to milliseconds. `name` is the argument's, for the message.
pub(super) fn utc_time(value: &Bound<'_, PyAny>, name: &str) -> PyResult<UtcTime> {
    let fault = |found: &str| {
        let message = format!("{name} is {found}, expected a datetime with a time zone");
        let hint = "datetime.now(UTC) has one, datetime.now() and datetime.utcnow() have none";
        ConfigurationError::new_err((message, "config.naive_datetime", hint))
    };
    let py = value.py();
    let Ok(offset) = value.call_method0("utcoffset") else { return Err(fault("no datetime")) };
    if offset.is_none() {
        return Err(fault("a datetime without a time zone"));
    }
    let since = value.sub(epoch(py)?)?;
    let part = |name: &str| since.getattr(name)?.extract::<i64>();
    let seconds = part("days")?.saturating_mul(86_400).saturating_add(part("seconds")?);
    let millis = seconds.saturating_mul(1_000).saturating_add(part("microseconds")? / 1_000);
    Ok(UtcTime::from_unix_millis(millis))
}

/// An aware datetime in UTC.
pub(super) fn datetime(py: Python<'_>, instant: UtcTime) -> PyResult<Bound<'_, PyAny>> {
    let millis = instant.unix_millis();
    let class = py.import("datetime")?.getattr("timedelta")?;
    let delta = class.call1((0, millis.div_euclid(1_000), millis.rem_euclid(1_000) * 1_000))?;
    epoch(py)?.add(delta)
}

fn epoch(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(py, || {
        let module = py.import("datetime")?;
        let utc = module.getattr("timezone")?.getattr("utc")?;
        Ok::<_, PyErr>(module.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?.unbind())
    })?;
    Ok(epoch.bind(py))
}
