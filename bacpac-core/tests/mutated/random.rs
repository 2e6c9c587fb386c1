//! Numbers that look random and are the same in every run, and what they do to an input.

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: &str) -> Self {
        // FNV-1a, so that every target has numbers of its own.
        Self(seed.bytes().fold(0xcbf2_9ce4_8422_2325, |n, b| (n ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `most`; 0 where that is nothing.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        if most == 0 { 0 } else { (self.next() % most as u64) as usize }
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    pub(crate) fn chance(&mut self, in_: u64) -> bool {
        self.next().is_multiple_of(in_)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// One of the seeds with a few changes, or with a piece of another.
    pub(crate) fn mutate(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.one(seeds).clone();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes, seeds);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        const EXTREMES: [u64; 12] = [
            0,
            1,
            0x7f,
            0xff,
            0x7fff,
            0xffff,
            0x7fff_ffff,
            0xffff_fffe,
            0xffff_ffff,
            0x7fff_ffff_ffff_ffff,
            0xffff_ffff_ffff_fffe,
            u64::MAX,
        ];
        let at = self.below(bytes.len() + 1);
        let most = if self.chance(4) { 200 } else { 8 };
        let length = 1 + self.below(most);
        let end = (at + length).min(bytes.len());
        match self.below(9) {
            0 => bytes.get_mut(at..at + 1).into_iter().flatten().for_each(|b| *b ^= 1 << self.below(8)),
            1 => bytes.get_mut(at..end).into_iter().flatten().for_each(|b| *b = self.next() as u8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                let times = 1 + self.below(20);
                drop(bytes.splice(at..at, piece.repeat(times)));
            }
            4 => {
                let more = self.bytes(length);
                drop(bytes.splice(at..at, more));
            }
            5 => bytes.truncate(at),
            6 => {
                let extreme = self.one(&EXTREMES).to_le_bytes();
                let width = *self.one(&[1, 2, 4, 8]);
                if let Some(place) = bytes.get_mut(at..at + width) {
                    place.copy_from_slice(&extreme[..width]);
                }
            }
            7 => {
                let other = self.one(seeds);
                let from = self.below(other.len() + 1);
                let to = (from + length * 4).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                // Two pieces change places.
                let middle = self.below(end - at + 1) + at;
                bytes[at..end].rotate_left(middle - at);
            }
        }
    }
}
