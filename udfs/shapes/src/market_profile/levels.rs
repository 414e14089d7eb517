//! Levels of the profile of the last bars.

use super::histogram::{Histogram, Ranges, Weight};
use super::{FAMILY, SOURCE, bins, period, share};
use crate::bars::Bars;
use crate::bind::{Describe, each, over, over_bar_rules};
use quantlake_core::{Function, FunctionSpec, Stability};
use std::ops::Range;

impl Bars {
    pub(super) fn ranges(&self) -> Ranges<'_> {
        Ranges {
            high: &self.high,
            low: &self.low,
            volume: &self.volume,
        }
    }
}

/// A function of the histogram of `period` bars, `N` numbers a row.
fn of_profile<const N: usize>(
    spec: FunctionSpec,
    weight: Weight,
    read: fn(&Histogram, f64) -> [f64; N],
) -> Function {
    let has_share = spec.params.iter().any(|p| p.name == "share");
    over_bar_rules(spec, move |args| {
        let (n, n_steps) = (args.count("period")?, args.count("bins")?);
        let share = if has_share {
            args.number("share")?
        } else {
            1.0
        };
        Ok(each(n - 1, move |bars, t| {
            let window: Range<usize> = t + 1 - n..t + 1;
            Histogram::of(bars.ranges(), window, n_steps, weight)
                .map_or([f64::NAN; N], |histogram| read(&histogram, share))
        }))
    })
}

fn area(histogram: &Histogram, share: f64) -> [f64; 3] {
    let (first, last) = histogram.value_area(share);
    [
        histogram.middle(histogram.point_of_control()),
        histogram.edge(last + 1),
        histogram.edge(first),
    ]
}

const AREA_FIELDS: [(&str, &str); 3] = [
    (
        "poc",
        "point of control: middle of the heaviest price step; of equal steps the one nearest to the middle of the profile, then the lower one",
    ),
    ("vah", "upper edge of the value area"),
    ("val", "lower edge of the value area"),
];

const AREA_RULE: &str = "the value area grows from the point of control by the heavier of the next steps above and below (above if equal)";

fn value_area() -> Function {
    let spec = over("value_area", FAMILY, &["high", "low", "volume"], "Point of control and value area of the volume of `period` bars, as prices; the volume of a bar is spread evenly over the price steps from its low to its high.")
        .constants(vec![period(20), bins(1), share()])
        .numbers(&AREA_FIELDS)
        .facts("period - 1", Stability::Exact, &format!("{SOURCE}; {AREA_RULE}"))
        .shown("5, 10", "poc");
    of_profile(spec, Weight::Volume, area)
}

fn tpo_value_area() -> Function {
    let spec = over("tpo_value_area", FAMILY, &["high", "low"], "Point of control and value area of the time of `period` bars (time-price opportunities), as prices; a bar counts once at each price step from its low to its high.")
        .constants(vec![period(30), bins(1), share()])
        .numbers(&AREA_FIELDS)
        .facts("period - 1", Stability::Exact, &format!("{SOURCE}; {AREA_RULE}"))
        .shown("5, 10", "poc");
    of_profile(spec, Weight::Time, area)
}

fn volume_nodes() -> Function {
    let spec = over("volume_nodes", FAMILY, &["high", "low", "volume"], "High and low volume node: middle of the price step with the most volume of `period` bars and of the traded one with the least, as prices.")
        .constants(vec![period(20), bins(1)])
        .numbers(&[("hvn", "price of most volume, chosen like the point of control"), ("lvn", "price of least volume above 0, the lowest of equals")])
        .facts("period - 1", Stability::Exact, SOURCE)
        .shown("5, 10", "lvn");
    of_profile(spec, Weight::Volume, nodes)
}

fn nodes(histogram: &Histogram, _share: f64) -> [f64; 2] {
    let traded = histogram
        .steps
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.0);
    let lightest = traded
        .min_by(|a, b| a.1.total_cmp(b.1))
        .map_or(0, |(step, _)| step);
    [
        histogram.middle(histogram.point_of_control()),
        histogram.middle(lightest),
    ]
}

fn profile_shape() -> Function {
    let spec = over("profile_shape", FAMILY, &["high", "low", "volume"], "Shape of the volume profile of `period` bars by the place of its point of control: +1 in the upper third (P), -1 in the lower third (b), 0 between (D).")
        .constants(vec![period(20), bins(3)])
        .integer()
        .facts("period - 1", Stability::Exact, SOURCE)
        .shown("5, 9", "");
    of_profile(spec, Weight::Volume, shape)
}

fn shape(histogram: &Histogram, _share: f64) -> [f64; 1] {
    let third = histogram.steps.len() / 3;
    [match histogram.point_of_control() {
        control if control < third => -1.0,
        control if control >= histogram.steps.len() - third => 1.0,
        _ => 0.0,
    }]
}

fn single_prints() -> Function {
    let spec = over("single_prints", FAMILY, &["high", "low"], "Single prints: how many price steps of the profile of `period` bars exactly one bar touched.")
        .constants(vec![period(20), bins(1)])
        .integer()
        .facts("period - 1", Stability::Exact, SOURCE)
        .shown("5, 10", "");
    of_profile(spec, Weight::Time, singles)
}

fn singles(histogram: &Histogram, _share: f64) -> [f64; 1] {
    [histogram
        .steps
        .iter()
        .filter(|marks| **marks == 1.0)
        .count() as f64]
}

pub(super) fn functions() -> Vec<Function> {
    vec![
        value_area(),
        tpo_value_area(),
        volume_nodes(),
        profile_shape(),
        single_prints(),
    ]
}
