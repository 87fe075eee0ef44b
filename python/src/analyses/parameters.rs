//! An analysis' own parameters, as Python passes them in a dict.

use crate::errors::InputError;
use core::net::IpAddr;
use ipnet::IpNet;
use pyo3::conversion::FromPyObjectOwned;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vnetflow_core::aggregate::{Key, Metric};

/// What was passed and not taken yet.
pub(super) struct Parameters<'py> {
    left: Bound<'py, PyDict>,
}

impl<'py> Parameters<'py> {
    pub(super) fn new(given: &Bound<'py, PyDict>) -> PyResult<Parameters<'py>> {
        Ok(Parameters { left: given.copy()? })
    }

    /// A parameter, or what stands for it where it was not given or is None.
    pub(super) fn or<T>(&self, name: &str, default: T) -> PyResult<T>
    where
        T: FromPyObjectOwned<'py>,
    {
        Ok(self.maybe(name)?.unwrap_or(default))
    }

    /// A parameter; `None` where it was not given or is None.
    pub(super) fn maybe<T>(&self, name: &str) -> PyResult<Option<T>>
    where
        T: FromPyObjectOwned<'py>,
    {
        let Some(value) = self.left.get_item(name)? else { return Ok(None) };
        self.left.del_item(name)?;
        if value.is_none() {
            return Ok(None);
        }
        value.extract::<T>().map(Some).map_err(|error| {
            let error: PyErr = error.into();
            InputError::new_err(format!("can't use `{value}` as `{name}`: {}", error.value(value.py())))
        })
    }

    /// A parameter that must be there.
    pub(super) fn required<T>(&self, name: &str) -> PyResult<T>
    where
        T: FromPyObjectOwned<'py>,
    {
        self.maybe(name)?.ok_or_else(|| InputError::new_err(format!("the parameter `{name}` is missing")))
    }

    /// An address.
    pub(super) fn address(&self, name: &str) -> PyResult<IpAddr> {
        let text: String = self.required(name)?;
        text.trim().parse().map_err(|_| {
            InputError::new_err(format!("expected an address such as `10.1.2.3` in `{name}`, found `{text}`"))
        })
    }

    /// Networks and addresses.
    pub(super) fn networks(&self, name: &str) -> PyResult<Vec<IpNet>> {
        let texts: Vec<String> = self.or(name, Vec::new())?;
        let network = |text: &String| {
            let text = text.trim();
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| {
                InputError::new_err(format!(
                    "expected a network such as `10.1.0.0/16` or an address in `{name}`, found `{text}`"
                ))
            })
        };
        texts.iter().map(network).collect()
    }

    /// Keys to group by.
    pub(super) fn keys(&self, default: &[&str]) -> PyResult<Vec<Key>> {
        let texts: Option<Vec<String>> = self.maybe("by")?;
        parsed_keys(&texts.unwrap_or_else(|| default.iter().map(|key| (*key).to_owned()).collect()))
    }

    /// The counter that decides.
    pub(super) fn metric(&self) -> PyResult<Metric> {
        parsed_metric(&self.or("metric", "bytes".to_owned())?)
    }

    /// Fails where something was passed that the analysis does not know.
    pub(super) fn check_all_taken(&self, analysis: &str) -> PyResult<()> {
        match self.left.keys().get_item(0) {
            Ok(unknown) => Err(InputError::new_err(format!("`{analysis}` has no parameter `{unknown}`"))),
            Err(_) => Ok(()),
        }
    }
}

/// Keys of the core.
pub(super) fn parsed_keys(texts: &[String]) -> PyResult<Vec<Key>> {
    let keys = texts.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>();
    Ok(keys.map_err(|error| InputError::new_err(error.to_string()))?.into_iter().flatten().collect())
}

/// A metric of the core.
pub(super) fn parsed_metric(name: &str) -> PyResult<Metric> {
    Metric::from_name(name).ok_or_else(|| {
        let known = metric_names().join(", ");
        InputError::new_err(format!("unknown metric `{name}`: expected one of {known}"))
    })
}

/// What `top` can rank by.
pub(crate) fn metric_names() -> Vec<&'static str> {
    Metric::ALL.iter().map(|metric| metric.name()).collect()
}
