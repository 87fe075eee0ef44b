//! Dictionaries: each distinct value once, rows hold its number.
//!
//! A dictionary lives as long as its batch, so memory is bounded by the batch and never by the file.

use crate::travel::{Reader, Travel};
use core::net::{IpAddr, Ipv4Addr};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Distinct addresses, numbered in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    values: Vec<IpAddr>,
    v4_codes: HashMap<u32, u32, FixedState>,
    v6_codes: HashMap<u128, u32, FixedState>,
}

impl Addresses {
    /// The code of that address, new or known.
    pub fn intern(&mut self, address: IpAddr) -> u32 {
        let next = self.values.len() as u32;
        let code = match address {
            IpAddr::V4(v4) => *self.v4_codes.entry(v4.to_bits()).or_insert(next),
            IpAddr::V6(v6) => *self.v6_codes.entry(v6.to_bits()).or_insert(next),
        };
        if code == next {
            self.values.push(address);
        }
        code
    }

    /// The code of that address, new or known; `hint` is a guess of it, which costs less if it is right.
    #[inline(always)]
    pub(crate) fn intern_v4(&mut self, address: Ipv4Addr, hint: u32) -> u32 {
        let address = IpAddr::V4(address);
        if self.values.get(hint as usize) == Some(&address) { hint } else { self.intern(address) }
    }

    /// The address of a code that this dictionary gave out; `0.0.0.0` for any other.
    #[must_use]
    pub fn get(&self, code: u32) -> IpAddr {
        self.values.get(code as usize).copied().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// The code of an address that is in here.
    #[must_use]
    pub fn code(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(v4) => self.v4_codes.get(&v4.to_bits()).copied(),
            IpAddr::V6(v6) => self.v6_codes.get(&v6.to_bits()).copied(),
        }
    }

    /// All addresses, by code.
    #[must_use]
    pub fn values(&self) -> &[IpAddr] {
        &self.values
    }

    /// How many distinct addresses there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Distinct strings (rules, ACLs, NICs, resources, files), numbered in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    values: Vec<String>,
    codes: HashMap<String, u32, FixedState>,
}

impl Texts {
    /// The code of that string, new or known.
    pub fn intern(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let code = self.values.len() as u32;
        self.values.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        code
    }

    /// The string of a code that this dictionary gave out; empty for any other.
    #[must_use]
    pub fn get(&self, code: u32) -> &str {
        self.values.get(code as usize).map_or("", String::as_str)
    }

    /// All strings, by code.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

/// As its values; the codes are their places.
impl Travel for Addresses {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.values.write(bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> Addresses {
        let mut addresses = Addresses::default();
        for address in Vec::<IpAddr>::read(bytes) {
            addresses.intern(address);
        }
        addresses
    }
}

/// As its values; the codes are their places.
impl Travel for Texts {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.values.write(bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> Texts {
        let mut texts = Texts::default();
        for text in Vec::<String>::read(bytes) {
            texts.intern(&text);
        }
        texts
    }
}
