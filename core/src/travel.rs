//! How a state travels as bytes: what an aggregate has taken in, written and read field by field.
//!
//! Small code before all: the browser module holds it for every state, and code derived for any format is several times as
//! large. Whole numbers are written seven bits a byte, lists with their length before them. Reading never fails halfway:
//! behind the first damage everything reads as nothing, and the reader tells at the end ([`Reader::is_damaged`]).

#[cfg(test)]
mod tests;

use core::hash::{BuildHasher, Hash};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A value that can be written as bytes and read again.
pub trait Travel: Sized {
    /// Appends it.
    fn write(&self, bytes: &mut Vec<u8>);

    /// Reads what was written; anything where the bytes are damaged.
    fn read(bytes: &mut Reader<'_>) -> Self;
}

/// Bytes that are being read.
#[derive(Debug)]
pub struct Reader<'b> {
    rest: &'b [u8],
    is_damaged: bool,
}

impl<'b> Reader<'b> {
    /// Reads these.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader { rest: bytes, is_damaged: false }
    }

    /// True where something was read that nobody wrote.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// Tells that what was read makes no sense.
    pub(crate) fn tell_damage(&mut self) {
        self.is_damaged = true;
    }

    fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((byte, rest)) => {
                self.rest = rest;
                *byte
            }
            None => {
                self.is_damaged = true;
                0
            }
        }
    }

    fn bytes(&mut self, count: usize) -> &'b [u8] {
        match self.rest.split_at_checked(count) {
            Some((bytes, rest)) => {
                self.rest = rest;
                bytes
            }
            None => {
                self.is_damaged = true;
                &[]
            }
        }
    }

    fn number(&mut self) -> u64 {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return number;
            }
        }
        self.is_damaged = true;
        0
    }

    /// Reads a list's items, and gives how many may be expected: a stated length alone must not take memory.
    fn items<T: Travel>(&mut self, mut take: impl FnMut(T, usize)) {
        for left in (1..=self.number()).rev() {
            let item = T::read(self);
            if self.is_damaged {
                return;
            }
            take(item, self.rest.len().min(left as usize));
        }
    }
}

fn write_number(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn write_items<'t, T: Travel + 't>(items: impl ExactSizeIterator<Item = &'t T>, bytes: &mut Vec<u8>) {
    write_number(items.len() as u64, bytes);
    items.for_each(|item| item.write(bytes));
}

/// Lets a struct travel by its fields; those after `without` stay behind and are made anew.
macro_rules! travels {
    ($type:ident $(<$generic:ident>)? { $($field:ident),* $(,)? } $(without $($left:ident),+)?) => {
        impl $(<$generic: $crate::travel::Travel>)? $crate::travel::Travel for $type $(<$generic>)? {
            fn write(&self, bytes: &mut Vec<u8>) {
                $($crate::travel::Travel::write(&self.$field, bytes);)*
            }

            fn read(bytes: &mut $crate::travel::Reader<'_>) -> Self {
                $(let $field = $crate::travel::Travel::read(bytes);)*
                $type { $($field,)* $($($left: Default::default(),)+)? }
            }
        }
    };
}
pub(crate) use travels;

/// Lets an enum without fields travel by its value's place in `ALL`.
macro_rules! travels_by_place {
    ($type:ident, $first:ident) => {
        impl $crate::travel::Travel for $type {
            fn write(&self, bytes: &mut Vec<u8>) {
                bytes.push(*self as u8);
            }

            fn read(bytes: &mut $crate::travel::Reader<'_>) -> $type {
                bytes.one_of($type::ALL, $type::$first)
            }
        }
    };
}
pub(crate) use travels_by_place;

impl Reader<'_> {
    /// One of these values, by its place.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T], otherwise: T) -> T {
        let place = usize::from(self.byte());
        all.get(place).copied().unwrap_or_else(|| {
            self.is_damaged = true;
            otherwise
        })
    }
}

macro_rules! number_travels {
    ($($type:ident),+) => {$(
        impl Travel for $type {
            fn write(&self, bytes: &mut Vec<u8>) {
                write_number(u64::from(*self), bytes);
            }

            fn read(bytes: &mut Reader<'_>) -> $type {
                $type::try_from(bytes.number()).unwrap_or_else(|_| {
                    bytes.is_damaged = true;
                    0
                })
            }
        }
    )+};
}

number_travels!(u8, u16, u32, u64);

impl Travel for u128 {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }

    fn read(bytes: &mut Reader<'_>) -> u128 {
        bytes.bytes(16).try_into().map_or(0, u128::from_le_bytes)
    }
}

/// Small ones are few bytes, whichever sign they have.
impl Travel for i64 {
    fn write(&self, bytes: &mut Vec<u8>) {
        write_number((*self << 1 ^ *self >> 63) as u64, bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> i64 {
        let number = bytes.number();
        (number >> 1) as i64 ^ -((number & 1) as i64)
    }
}

impl Travel for f64 {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }

    fn read(bytes: &mut Reader<'_>) -> f64 {
        bytes.bytes(8).try_into().map_or(0.0, f64::from_le_bytes)
    }
}

impl Travel for bool {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }

    fn read(bytes: &mut Reader<'_>) -> bool {
        bytes.one_of(&[false, true], false)
    }
}

impl Travel for String {
    fn write(&self, bytes: &mut Vec<u8>) {
        write_number(self.len() as u64, bytes);
        bytes.extend_from_slice(self.as_bytes());
    }

    fn read(bytes: &mut Reader<'_>) -> String {
        let count = bytes.number();
        let text = bytes.bytes(usize::try_from(count).unwrap_or(usize::MAX));
        String::from_utf8(text.to_vec()).unwrap_or_else(|_| {
            bytes.is_damaged = true;
            String::new()
        })
    }
}

impl Travel for IpAddr {
    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            IpAddr::V4(address) => {
                bytes.push(4);
                bytes.extend_from_slice(&address.octets());
            }
            IpAddr::V6(address) => {
                bytes.push(6);
                bytes.extend_from_slice(&address.octets());
            }
        }
    }

    fn read(bytes: &mut Reader<'_>) -> IpAddr {
        let octets = match bytes.byte() {
            4 => bytes.bytes(4),
            6 => bytes.bytes(16),
            _ => &[],
        };
        let v4 = || <[u8; 4]>::try_from(octets).ok().map(IpAddr::from);
        let v6 = || <[u8; 16]>::try_from(octets).ok().map(IpAddr::from);
        v4().or_else(v6).unwrap_or_else(|| {
            bytes.is_damaged = true;
            IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        })
    }
}

impl Travel for IpNet {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.addr().write(bytes);
        self.prefix_len().write(bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> IpNet {
        let (address, prefix) = (IpAddr::read(bytes), u8::read(bytes));
        IpNet::new(address, prefix).unwrap_or_else(|_| {
            bytes.is_damaged = true;
            IpNet::from(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
        })
    }
}

impl<T: Travel> Travel for Option<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.is_some().write(bytes);
        if let Some(value) = self {
            value.write(bytes);
        }
    }

    fn read(bytes: &mut Reader<'_>) -> Option<T> {
        if bool::read(bytes) { Some(T::read(bytes)) } else { None }
    }
}

impl<T: Travel> Travel for Box<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        T::write(self, bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> Box<T> {
        Box::new(T::read(bytes))
    }
}

impl<T: Travel> Travel for Vec<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        write_items(self.iter(), bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> Vec<T> {
        let mut list = Vec::new();
        bytes.items(|item, expected| {
            if list.is_empty() {
                list.reserve(expected);
            }
            list.push(item);
        });
        list
    }
}

impl<T: Travel, const N: usize> Travel for [T; N] {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.iter().for_each(|item| item.write(bytes));
    }

    fn read(bytes: &mut Reader<'_>) -> [T; N] {
        core::array::from_fn(|_| T::read(bytes))
    }
}

impl<T: Travel + Eq + Hash, S: BuildHasher + Default> Travel for HashSet<T, S> {
    fn write(&self, bytes: &mut Vec<u8>) {
        write_items(self.iter(), bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> HashSet<T, S> {
        let mut set = HashSet::default();
        bytes.items(|item, _| {
            set.insert(item);
        });
        set
    }
}

impl<T: Travel + Ord> Travel for BTreeSet<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        write_items(self.iter(), bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> BTreeSet<T> {
        let mut set = BTreeSet::new();
        bytes.items(|item, _| {
            set.insert(item);
        });
        set
    }
}

impl<K: Travel + Eq + Hash, V: Travel, S: BuildHasher + Default> Travel for HashMap<K, V, S> {
    fn write(&self, bytes: &mut Vec<u8>) {
        write_entries(self.iter(), bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> HashMap<K, V, S> {
        let mut map = HashMap::default();
        bytes.items(|(key, value), _| {
            map.insert(key, value);
        });
        map
    }
}

impl<K: Travel + Ord, V: Travel> Travel for BTreeMap<K, V> {
    fn write(&self, bytes: &mut Vec<u8>) {
        write_entries(self.iter(), bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> BTreeMap<K, V> {
        let mut map = BTreeMap::new();
        bytes.items(|(key, value), _| {
            map.insert(key, value);
        });
        map
    }
}

fn write_entries<'t, K: Travel + 't, V: Travel + 't>(
    entries: impl ExactSizeIterator<Item = (&'t K, &'t V)>,
    bytes: &mut Vec<u8>,
) {
    write_number(entries.len() as u64, bytes);
    for (key, value) in entries {
        key.write(bytes);
        value.write(bytes);
    }
}

macro_rules! tuple_travels {
    ($($name:ident)+) => {
        impl<$($name: Travel),+> Travel for ($($name,)+) {
            #[expect(non_snake_case, reason = "a value is called as its type")]
            fn write(&self, bytes: &mut Vec<u8>) {
                let ($($name,)+) = self;
                $($name.write(bytes);)+
            }

            fn read(bytes: &mut Reader<'_>) -> Self {
                ($($name::read(bytes),)+)
            }
        }
    };
}

tuple_travels!(A B);
tuple_travels!(A B C);
tuple_travels!(A B C D);
