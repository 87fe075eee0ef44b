//! Which source ports rows have.

use crate::batch::Batch;

/// A set of ports: a bit for each.
#[derive(Clone, Debug)]
pub(crate) struct PortSet {
    words: Vec<u64>,
}

impl PortSet {
    pub(super) fn of_sources(batch: &Batch) -> PortSet {
        let mut words = vec![0_u64; (1 << u16::BITS) / u64::BITS as usize];
        for port in &batch.src_port {
            if let Some(word) = words.get_mut(usize::from(*port) / 64) {
                *word |= 1 << (port % 64);
            }
        }
        PortSet { words }
    }

    /// Takes in all ports of another one.
    pub(super) fn join(&mut self, other: &PortSet) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// How many ports it has.
    pub(crate) fn len(&self) -> u32 {
        self.count(0, u64::MAX)
    }

    /// How many of them lie between two numbers, both included.
    pub(crate) fn count(&self, first: u64, last: u64) -> u32 {
        let words = (0_u64..).step_by(64).zip(&self.words);
        let in_span = words.map(|(start, word)| {
            let from = first.saturating_sub(start).min(64) as u32;
            let to = last.saturating_add(1).saturating_sub(start).min(64) as u32;
            let below = |bits: u32| u64::MAX.checked_shr(64 - bits).unwrap_or(0);
            (word & below(to) & !below(from)).count_ones()
        });
        in_span.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_between_two_are_counted() {
        let ports = [0_u16, 1, 63, 64, 443, 1023, 1024, 50_000, u16::MAX];
        let set = PortSet::of_sources(&Batch { src_port: ports.to_vec(), ..Batch::default() });
        assert_eq!(set.len(), 9);
        for first in ports.iter().flat_map(|port| [*port, port.saturating_sub(1), port.saturating_add(1)]) {
            for last in ports {
                let expected = ports.iter().filter(|port| (first..=last).contains(port)).count();
                assert_eq!(set.count(first.into(), last.into()) as usize, expected, "{first}-{last}");
            }
        }
    }
}
