//! Prices on a grid.

/// How far from a multiple, as a fraction of it, a price is still that multiple: a decimal price
/// divided by a decimal tick is off by a few units in the last place.
const ON_GRID: f64 = 1e-9;

/// Rounds a price to a multiple of `tick` against the order: a buy (`side` 1) up, a sale (-1)
/// down. A tick of 0 is no grid.
pub fn round_against(price: f64, side: f64, tick: f64) -> f64 {
    if tick <= 0.0 {
        return price;
    }
    let ticks = price / tick;
    let nearest = ticks.round();
    let rounded = if (ticks - nearest).abs() <= ON_GRID * nearest.abs().max(1.0) {
        nearest
    } else if side > 0.0 {
        ticks.ceil()
    } else {
        ticks.floor()
    };
    rounded * tick
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buy_is_rounded_up_and_a_sale_down() {
        assert_eq!(round_against(10.012, 1.0, 0.01), 10.02);
        assert_eq!(round_against(10.018, -1.0, 0.01), 10.01);
        assert_eq!(round_against(10.012, 1.0, 0.0), 10.012);
    }

    #[test]
    fn a_price_on_the_grid_stays_although_its_quotient_is_not_whole() {
        for cents in 1..20_000_i32 {
            let price = f64::from(cents) / 100.0;
            for side in [1.0, -1.0] {
                let rounded = round_against(price, side, 0.01);
                assert!((rounded - price).abs() < 1e-12, "{price} became {rounded}");
            }
        }
    }
}
