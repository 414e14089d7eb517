//! Functions of a partition: the order of its rows, and partitions of few or equal rows.

use proptest::prelude::*;
use quantlake_alpha::cross::{buckets, groups, rank, regress, scale, winsorize};

type Run = Box<dyn Fn(&[f64], &[f64], &mut [f64])>;

/// Every kernel, over x and a second series that is also the group.
fn kernels() -> Vec<(&'static str, Run)> {
    vec![
        ("rank", Box::new(|x, _, out| rank::rank(x, true, out))),
        ("demean", Box::new(|x, _, out| scale::demean(x, out))),
        ("zscore", Box::new(|x, _, out| scale::zscore(x, 1, out))),
        ("scale", Box::new(|x, _, out| scale::scale(x, 1.0, out))),
        (
            "minmax_scale",
            Box::new(|x, _, out| scale::minmax_scale(x, out)),
        ),
        (
            "winsorize",
            Box::new(|x, _, out| winsorize::winsorize(x, winsorize::Bounds::Deviations(1.0), out)),
        ),
        (
            "buckets",
            Box::new(|x, _, out| buckets::quantile_buckets(x, 4, out)),
        ),
        (
            "neutralize",
            Box::new(|x, g, out| groups::by_group(x, g, scale::demean, out)),
        ),
        (
            "regress_out",
            Box::new(|x, y, out| regress::regress_out(x, &[y], out)),
        ),
    ]
}

fn run(kernel: &Run, x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; x.len()];
    kernel(x, y, &mut out);
    out
}

proptest! {
    #[test]
    fn the_order_of_the_rows_changes_no_bit(
        rows in prop::collection::vec((-1e6f64..1e6, 0i32..5), 1..60),
        turn in 0usize..60,
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = rows.iter().map(|(x, y)| (*x, f64::from(*y))).unzip();
        let turn = turn % x.len();
        for (name, kernel) in kernels() {
            let (mut turned_x, mut turned_y) = (x.clone(), y.clone());
            turned_x.rotate_left(turn);
            turned_y.rotate_left(turn);
            let mut expected = run(&kernel, &x, &y);
            expected.rotate_left(turn);
            let got = run(&kernel, &turned_x, &turned_y);
            let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&got), bits(&expected), "{}", name);
        }
    }
}

#[test]
fn of_equal_rows_nothing_but_the_rank_is_known() {
    let (x, y) = ([5.1; 4], [1.0, 2.0, 1.0, 2.0]);
    for (name, kernel) in kernels() {
        let got = run(&kernel, &x, &y);
        let expected = match name {
            "rank" => Some(0.625),
            "demean" | "neutralize" | "regress_out" => Some(0.0),
            "scale" => Some(0.25),
            "winsorize" => Some(5.1),
            "buckets" => Some(1.0),
            _ => None,
        };
        match expected {
            Some(value) => assert_eq!(got, [value; 4], "{name}"),
            None => assert!(got.iter().all(|v| v.is_nan()), "{name}"),
        }
    }
}

#[test]
fn an_empty_partition_and_a_single_row_are_no_accident() {
    for (name, kernel) in kernels() {
        assert!(run(&kernel, &[], &[]).is_empty(), "{name}");
        assert_eq!(run(&kernel, &[3.0], &[1.0]).len(), 1, "{name}");
    }
}

#[test]
fn a_regression_without_a_row_to_spare_is_unknown() {
    let mut out = [f64::NAN; 2];
    regress::regress_out(&[1.0, 2.0], &[&[3.0, 5.0]], &mut out);
    assert!(out.iter().all(|v| v.is_nan()));
    let mut out = [f64::NAN; 3];
    regress::regress_out(&[1.0, 2.0, 6.0], &[&[7.0, 7.0, 7.0]], &mut out);
    assert_eq!(out, [-2.0, -1.0, 3.0]);
}

#[test]
fn every_sector_has_its_own_mean() {
    let mut out = [f64::NAN; 4];
    groups::by_group(
        &[1.0, 10.0, 3.0, 30.0],
        &[0.0, 1.0, 0.0, 1.0],
        scale::demean,
        &mut out,
    );
    assert_eq!(out, [-1.0, -10.0, 1.0, 10.0]);
}
