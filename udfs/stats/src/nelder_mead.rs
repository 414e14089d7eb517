//! The simplex search of Nelder and Mead (Computer Journal 7 (1965), pp. 308-313) for a few
//! parameters without derivatives.

/// Evaluations before a search gives up.
const MAX_STEPS: usize = 4000;

type Point = (f64, Vec<f64>);

/// Searches a minimum from `start` with first steps of `step`, and once more from what it found,
/// because a simplex may collapse early.
///
/// `None` when it does not settle, or finds no finite value.
pub(crate) fn minimise(
    f: impl Fn(&[f64]) -> f64,
    start: &[f64],
    step: f64,
    tolerance: f64,
) -> Option<Vec<f64>> {
    let mut found = search(&f, start, step, tolerance)?;
    loop {
        let again = search(&f, &found.1, step / 2.0, tolerance)?;
        let gain = found.0 - again.0;
        found = again;
        if gain <= tolerance * found.0.abs() {
            return found.0.is_finite().then_some(found.1);
        }
    }
}

fn search(f: &impl Fn(&[f64]) -> f64, start: &[f64], step: f64, tolerance: f64) -> Option<Point> {
    let value = |x: Vec<f64>| {
        let y = f(&x);
        (if y.is_nan() { f64::INFINITY } else { y }, x)
    };
    let mut simplex: Vec<Point> = vec![value(start.to_vec())];
    for i in 0..start.len() {
        let mut corner = start.to_vec();
        corner[i] += step;
        simplex.push(value(corner));
    }
    for _ in 0..MAX_STEPS {
        simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (best, worst) = (simplex.first()?.0, simplex.last()?.0);
        if is_settled(&simplex, worst - best, tolerance * best.abs()) {
            return Some(simplex.swap_remove(0));
        }
        improve(&mut simplex, &value)?;
    }
    None
}

/// Whether values and corners lie together; equal values alone may lie on both sides of a minimum.
fn is_settled(simplex: &[Point], spread: f64, allowed: f64) -> bool {
    let Some(((_, best), rest)) = simplex.split_first() else {
        return true;
    };
    let is_near = |corner: &Point| {
        let pairs = best.iter().zip(&corner.1);
        pairs
            .into_iter()
            .all(|(a, b)| (a - b).abs() <= 1e-7 * (1.0 + a.abs()))
    };
    spread <= allowed && rest.iter().all(is_near)
}

/// Replaces the worst corner by a better one, or draws all corners to the best.
fn improve(simplex: &mut Vec<Point>, value: &impl Fn(Vec<f64>) -> Point) -> Option<()> {
    let worst = simplex.pop()?;
    let n = simplex.len() as f64;
    let center: Vec<f64> = (0..worst.1.len())
        .map(|i| simplex.iter().map(|p| p.1[i]).sum::<f64>() / n)
        .collect();
    let along = |t: f64| {
        let pairs = center.iter().zip(&worst.1);
        value(pairs.map(|(c, w)| c + t * (c - w)).collect())
    };
    let (best, second) = (simplex.first()?.0, simplex.last()?.0);
    let mirrored = along(1.0);
    let new = if mirrored.0 < best {
        let farther = along(2.0);
        if farther.0 < mirrored.0 {
            farther
        } else {
            mirrored
        }
    } else if mirrored.0 < second {
        mirrored
    } else if mirrored.0 < worst.0 {
        let near = along(0.5);
        if near.0 <= mirrored.0 { near } else { mirrored }
    } else {
        along(-0.5)
    };
    if new.0 < worst.0 {
        simplex.push(new);
        return Some(());
    }
    simplex.push(worst);
    shrink(simplex, value)
}

fn shrink(simplex: &mut [Point], value: &impl Fn(Vec<f64>) -> Point) -> Option<()> {
    let (best, rest) = simplex.split_first_mut()?;
    for corner in rest {
        let pairs = best.1.iter().zip(&corner.1);
        *corner = value(pairs.map(|(b, c)| (b + c) / 2.0).collect());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_has_its_floor_at_one() {
        let f = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2) + 1.0;
        let found = minimise(f, &[-1.2, 1.0], 0.5, 1e-15).expect("settles");
        assert!((found[0] - 1.0).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_never_a_number_is_given_up() {
        assert!(minimise(|_| f64::NAN, &[0.0], 1.0, 1e-12).is_none());
    }
}
