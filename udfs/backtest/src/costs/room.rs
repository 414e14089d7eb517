//! How much of an order the account can pay for when costs are not in proportion to its size.

/// Halvings after which the bounds are neighbours for any two doubles of one sign.
const MAX_STEPS: usize = 1100;

/// The largest quantity in `0..=wanted` whose order leaves `spare` at 0 or above.
///
/// `spare(q)` must not rise with q: `max_leverage · (equity − cost(q)) − gross − q · unit value`.
/// At 0 it is asked for an order as small as can be, fixed commission included; below 0 there, or
/// where it is unknown, the answer is 0. The answer is exact to the last place.
pub fn largest_within(wanted: f64, spare: impl Fn(f64) -> f64) -> f64 {
    if spare(wanted) >= 0.0 {
        return wanted;
    }
    let at_zero = spare(0.0);
    if at_zero.is_nan() || at_zero <= 0.0 {
        return 0.0;
    }
    let (mut within, mut beyond) = (0.0, wanted);
    for _ in 0..MAX_STEPS {
        let middle = within + (beyond - within) / 2.0;
        if middle <= within || middle >= beyond {
            break;
        }
        if spare(middle) >= 0.0 {
            within = middle;
        } else {
            beyond = middle;
        }
    }
    within
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_the_account_can_pay_for_is_whole() {
        assert_eq!(largest_within(10.0, |q| 100.0 - q), 10.0);
    }

    #[test]
    fn a_cut_order_spends_everything_to_the_last_place() {
        let spare = |q: f64| 1000.0 - q * 7.0 - 3.0 - 0.1 * q.powf(1.5);
        let most = largest_within(1e9, spare);
        assert!(spare(most) >= 0.0 && spare(most.next_up()) < 0.0, "{most}");
    }

    #[test]
    fn nothing_fits_where_the_smallest_order_does_not_or_is_unknown() {
        assert_eq!(largest_within(10.0, |q| -1.0 - q), 0.0);
        assert_eq!(largest_within(10.0, |_| f64::NAN), 0.0);
    }

    #[test]
    fn a_step_in_the_costs_is_found() {
        let spare = |q: f64| if q < 4.0 { 1.0 } else { -1.0 };
        assert_eq!(largest_within(100.0, spare), 4.0_f64.next_down());
    }
}
