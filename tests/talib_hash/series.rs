//! Series out of (shape, seed, number of bars), as `tests/golden/indicators_hash.py` makes them.

/// What a series has.
pub const COLUMNS: [&str; 7] = ["open", "high", "low", "close", "volume", "periods", "unit"];
/// Prices are whole numbers of ticks, divided once: the division rounds alike everywhere.
const TICKS_PER_UNIT: f64 = 10_000.0;
const START: u64 = 1_000_000;
const FLOOR: u64 = 10_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }
}

/// The close after `last`, in ticks.
fn next_close(shape: &str, row: usize, last: u64, random: &mut Random) -> u64 {
    let draw = random.bits();
    let moved = |up: u64, down: u64| (last + up).saturating_sub(down).max(FLOOR);
    match shape {
        "walk" => moved(draw % 20_001, 10_000),
        "growth" => (last * (9_800 + draw % 401) / 10_000).max(FLOOR),
        "trend_chop" => {
            let (up, down) = [(4_000, 0), (0, 0), (0, 4_000), (0, 0)][row / 50 % 4];
            moved(up + draw % 8_001, down + 4_000)
        }
        "monotone" => last + 1 + draw % 997,
        _ => last,
    }
}

/// The columns of one series, in the order of [`COLUMNS`].
pub fn bars(shape: &str, seed: u64, n_rows: usize) -> [Vec<f64>; 7] {
    let mut random = Random(seed);
    let is_flat = shape == "constant";
    let mut columns: [Vec<f64>; 7] = Default::default();
    let mut close = START;
    for row in 0..n_rows {
        let open = match is_flat {
            true => close,
            false => (close + random.below(2_001))
                .saturating_sub(1_000)
                .max(FLOOR),
        };
        close = next_close(shape, row, close, &mut random);
        let (above, below, volume) = match is_flat {
            true => (0, 0, 1_000),
            false => (
                random.below(3_000),
                random.below(3_000),
                1_000 + random.below(9_000),
            ),
        };
        let price = |ticks: u64| ticks as f64 / TICKS_PER_UNIT;
        let values = [
            price(open),
            price(open.max(close) + above),
            price(open.min(close) - below),
            price(close),
            volume as f64,
            2.0 + (row % 20) as f64,
            close as f64 / 1_048_576.0,
        ];
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    columns
}
