//! From weights to whole units.

/// What is to be held of one symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holding {
    /// Value that the weight asks for, not negative.
    pub value: f64,
    /// Price of a unit, above 0.
    pub price: f64,
}

impl Holding {
    fn whole_units(&self) -> f64 {
        (self.value / self.price).floor()
    }

    fn shortfall(&self, units: f64) -> f64 {
        (self.value - units * self.price).max(0.0)
    }
}

/// The sum of what the values differ from the wanted ones, plus the cash that is left of the sum
/// of the wanted values: what [`exact`] minimises.
pub fn cost(holdings: &[Holding], units: &[f64]) -> f64 {
    let pairs = || holdings.iter().zip(units);
    let distance: f64 = pairs().map(|(h, u)| (h.value - u * h.price).abs()).sum();
    let left: f64 = pairs().map(|(h, u)| h.value - u * h.price).sum();
    distance + left
}

/// Whole units by buying: first as many of each as fit into its value, then one at a time of the
/// symbol whose weight among what is bought lacks most, of those that the cash still buys (as
/// PyPortfolioOpt's `greedy_portfolio`, which however gives up once ten symbols in a row are too
/// dear, with cash left for an eleventh). Ties go to the larger value, then to the earlier symbol.
pub fn greedy(holdings: &[Holding]) -> Vec<f64> {
    let mut units: Vec<f64> = holdings.iter().map(Holding::whole_units).collect();
    let total: f64 = holdings.iter().map(|h| h.value).sum();
    let mut order: Vec<usize> = (0..holdings.len()).collect();
    order.sort_by(|a, b| holdings[*b].value.total_cmp(&holdings[*a].value));
    let spent: f64 = holdings.iter().zip(&units).map(|(h, u)| h.price * u).sum();
    let mut cash = total - spent;
    while let Some(next) = most_wanted(holdings, &units, &order, cash, total) {
        units[next] += 1.0;
        cash -= holdings[next].price;
    }
    units
}

fn most_wanted(
    holdings: &[Holding],
    units: &[f64],
    order: &[usize],
    cash: f64,
    total: f64,
) -> Option<usize> {
    let bought: f64 = holdings.iter().zip(units).map(|(h, u)| h.price * u).sum();
    let mut best = None;
    for &i in order {
        let share = if bought > 0.0 {
            holdings[i].price * units[i] / bought
        } else {
            0.0
        };
        let lack = holdings[i].value / total - share;
        let is_better = best.is_none_or(|(_, most)| lack > most);
        if lack > 0.0 && holdings[i].price <= cash && is_better {
            best = Some((i, lack));
        }
    }
    best.map(|(i, _)| i)
}

/// Nodes of the search before it gives up.
const MAX_NODES: usize = 2_000_000;
/// A plan has to be better by this share of the total to count as better.
const NEGLIGIBLE: f64 = 1e-13;

/// The whole units with the smallest [`cost`] among those that cost at most the sum of the wanted
/// values; none when the search has too many branches.
///
/// With the sum of the values as the budget, cost is twice the sum of what positions fall short
/// of their values, so a symbol gets at most one unit above its value. Branch and bound over the
/// symbols, dearest first; the bound lets the last unit of each be a fraction.
pub fn exact(holdings: &[Holding]) -> Option<Vec<f64>> {
    let mut order: Vec<usize> = (0..holdings.len()).collect();
    order.sort_by(|a, b| holdings[*b].price.total_cmp(&holdings[*a].price));
    let sorted: Vec<Holding> = order.iter().map(|i| holdings[*i]).collect();
    let start = greedy(&sorted);
    let total: f64 = sorted.iter().map(|h| h.value).sum();
    let mut search = Search {
        density: by_density(&sorted),
        best: sorted
            .iter()
            .zip(&start)
            .map(|(h, u)| h.shortfall(*u))
            .sum(),
        best_units: start,
        units: vec![0.0; sorted.len()],
        nodes_left: MAX_NODES,
        negligible: NEGLIGIBLE * total,
        holdings: &sorted,
    };
    search.descend(0, total, 0.0)?;
    let mut units = vec![0.0; holdings.len()];
    order
        .iter()
        .zip(&search.best_units)
        .for_each(|(i, u)| units[*i] = *u);
    Some(units)
}

/// Symbols in the order in which a last unit saves most shortfall per money.
fn by_density(holdings: &[Holding]) -> Vec<usize> {
    let density =
        |i: &usize| holdings[*i].shortfall(holdings[*i].whole_units()) / holdings[*i].price;
    let mut order: Vec<usize> = (0..holdings.len()).collect();
    order.sort_by(|a, b| density(b).total_cmp(&density(a)));
    order
}

struct Search<'a> {
    holdings: &'a [Holding],
    density: Vec<usize>,
    best: f64,
    best_units: Vec<f64>,
    units: Vec<f64>,
    nodes_left: usize,
    negligible: f64,
}

impl Search<'_> {
    /// Tries all units of symbol `i` and those after it, with `cash` left and `shortfall` so far.
    fn descend(&mut self, i: usize, cash: f64, shortfall: f64) -> Option<()> {
        self.nodes_left = self.nodes_left.checked_sub(1)?;
        let Some(holding) = self.holdings.get(i).copied() else {
            if shortfall < self.best - self.negligible {
                self.best = shortfall;
                self.best_units.clone_from(&self.units);
            }
            return Some(());
        };
        let mut units = holding.whole_units() + 1.0;
        while units >= 0.0 {
            let missing = shortfall + holding.shortfall(units);
            if missing >= self.best - self.negligible {
                break;
            }
            let left = cash - units * holding.price;
            if left >= 0.0 && missing + self.bound(i + 1, left) < self.best - self.negligible {
                self.units[i] = units;
                self.descend(i + 1, left, missing)?;
            }
            units -= 1.0;
        }
        Some(())
    }

    /// The shortfall that the symbols from `first` on have at least.
    fn bound(&self, first: usize, cash: f64) -> f64 {
        let rest = self.holdings.get(first..).unwrap_or_default();
        let floor: f64 = rest.iter().map(|h| h.whole_units() * h.price).sum();
        let mut shortfall: f64 = rest.iter().map(|h| h.shortfall(h.whole_units())).sum();
        let mut spare = cash - floor;
        if spare < 0.0 {
            return shortfall - spare;
        }
        for &i in self.density.iter().filter(|i| **i >= first) {
            let holding = self.holdings[i];
            let share = (spare / holding.price).min(1.0);
            shortfall -= share * holding.shortfall(holding.whole_units());
            spare -= share * holding.price;
            if spare <= 0.0 {
                break;
            }
        }
        shortfall
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holdings() -> impl Strategy<Value = Vec<Holding>> {
        let one =
            (0.0..400.0_f64, 5.0..90.0_f64).prop_map(|(value, price)| Holding { value, price });
        proptest::collection::vec(one, 1..5)
    }

    /// The smallest cost by trying every number of units.
    fn tried(holdings: &[Holding], chosen: &mut Vec<f64>, budget: f64) -> f64 {
        let Some(holding) = holdings.get(chosen.len()) else {
            return cost(holdings, chosen);
        };
        let mut best = f64::INFINITY;
        let mut units = 0.0;
        while units * holding.price <= budget && units <= holding.whole_units() + 1.0 {
            chosen.push(units);
            best = best.min(tried(holdings, chosen, budget - units * holding.price));
            chosen.pop();
            units += 1.0;
        }
        best
    }

    proptest! {
        #[test]
        fn nothing_beats_the_exact_plan(holdings in holdings()) {
            let units = exact(&holdings).unwrap();
            let budget: f64 = holdings.iter().map(|h| h.value).sum();
            let spent: f64 = holdings.iter().zip(&units).map(|(h, u)| h.price * u).sum();
            prop_assert!(spent <= budget * (1.0 + 1e-12));
            let best = tried(&holdings, &mut Vec::new(), budget);
            prop_assert!((cost(&holdings, &units) - best).abs() <= 1e-9 * budget.max(1.0));
        }

        #[test]
        fn the_greedy_plan_is_affordable_and_never_better(holdings in holdings()) {
            let units = greedy(&holdings);
            let budget: f64 = holdings.iter().map(|h| h.value).sum();
            let spent: f64 = holdings.iter().zip(&units).map(|(h, u)| h.price * u).sum();
            prop_assert!(spent <= budget * (1.0 + 1e-12));
            let best = cost(&holdings, &exact(&holdings).unwrap());
            prop_assert!(cost(&holdings, &units) >= best - 1e-9 * budget.max(1.0));
        }
    }
}
