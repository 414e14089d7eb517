//! Lines of characters: each braille character has two by four dots.

/// A grid of dots.
#[derive(Debug, Clone, PartialEq)]
pub struct Dots {
    columns: usize,
    rows: usize,
    cells: Vec<u8>,
}

/// The first braille character; the dots are the bits above it.
const BLANK: u32 = 0x2800;
/// The bit of each dot, by row and column inside a character.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Dots {
    /// An empty grid of so many characters.
    pub fn new(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            cells: vec![0; columns * rows],
        }
    }

    /// Sets a dot, counted from the top left; outside nothing happens.
    pub fn set(&mut self, x: usize, y: usize) {
        let (column, row) = (x / 2, y / 4);
        if column < self.columns
            && let Some(cell) = self.cells.get_mut(row * self.columns + column)
        {
            *cell |= BITS[y % 4][x % 2];
        }
    }

    /// Draws values from left to right between `low` and `high`; each column of dots shows the
    /// range of its values, so that nothing is lost.
    pub fn trace(&mut self, values: &[f64], low: f64, high: f64) {
        let (width, height) = (self.columns * 2, self.rows * 4);
        let span = if high > low { high - low } else { 1.0 };
        let level = |v: f64| ((high - v) / span * (height as f64 - 1.0)).round().max(0.0) as usize;
        let mut last: Option<usize> = None;
        for x in 0..width {
            let from = x * values.len() / width;
            let to = ((x + 1) * values.len() / width)
                .max(from + 1)
                .min(values.len());
            let part = values.get(from..to).unwrap_or_default();
            let levels = part.iter().filter(|v| v.is_finite()).map(|v| level(*v));
            // From where the last column ended, so that the line has no holes.
            let reached = levels.chain(last);
            if let Some((top, bottom)) = reached.fold(None, |range, y| match range {
                None => Some((y, y)),
                Some((a, b)) => Some((y.min(a), y.max(b))),
            }) {
                (top..=bottom).for_each(|y| self.set(x, y));
            }
            last = part.iter().rev().find(|v| v.is_finite()).map(|v| level(*v));
        }
    }

    /// The lines, from the top.
    pub fn lines(&self) -> Vec<String> {
        let show = |cell: &u8| char::from_u32(BLANK + u32::from(*cell)).unwrap_or(' ');
        self.cells
            .chunks(self.columns.max(1))
            .map(|row| row.iter().map(show).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_line_goes_from_bottom_left_to_top_right() {
        let mut dots = Dots::new(2, 1);
        dots.trace(&[0.0, 1.0, 2.0, 3.0], 0.0, 3.0);
        let bits: Vec<u32> = dots.lines()[0].chars().map(|c| c as u32 - BLANK).collect();
        assert_eq!(bits[0] & 0x40, 0x40, "the first dot is at the bottom");
        assert_eq!(bits[1] & 0x08, 0x08, "the last dot is at the top");
    }

    #[test]
    fn gaps_and_single_values_are_no_fault() {
        let mut dots = Dots::new(4, 2);
        dots.trace(&[f64::NAN, 1.0, f64::NAN], 1.0, 1.0);
        dots.trace(&[], 0.0, 1.0);
        dots.set(99, 99);
        assert_eq!(dots.lines().len(), 2);
    }
}
