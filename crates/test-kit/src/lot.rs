//! Numbers by chance, the same on every machine and in every run.

/// A sequence of numbers that depends on nothing but where it starts.
#[derive(Debug, Clone)]
pub struct Lot(u64);

impl Lot {
    /// The sequence that starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, which is less than `end`.
    ///
    /// # Panics
    ///
    /// If `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        // Knuth's multiplier (MMIX); the upper bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        usize::try_from(self.0 >> 33).expect("31 bits are few") % end
    }

    /// A piece of `text` of so many characters, or all of it if it is shorter.
    ///
    /// # Panics
    ///
    /// If `text` is empty.
    pub fn piece(&mut self, text: &str, length: usize) -> String {
        let chars = text.chars().count();
        let start = self.below((chars + 1).saturating_sub(length).max(1));
        text.chars().skip(start).take(length).collect()
    }
}
