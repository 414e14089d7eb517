//! The downhill simplex method for functions of two parameters.
//!
//! Nelder and Mead, Computer Journal 7 (1965), pp. 308-313, with the coefficients and the stopping
//! rule of scipy.optimize.minimize(method='Nelder-Mead'): steps of 5 % for the first simplex,
//! reflection 1, expansion 2, contraction and shrinking one half; done when points and values both
//! lie within the tolerance of the best.

type Point = [f64; 2];

#[derive(Debug, Clone, Copy)]
struct Vertex {
    at: Point,
    value: f64,
}

/// The point where `f` is smallest, from `start`; `None` if it is not found in 400 steps.
pub(crate) fn minimum(f: impl Fn(Point) -> f64, start: Point, tolerance: f64) -> Option<Point> {
    const MOST_STEPS: usize = 400;
    const FIRST_STEP: f64 = 1.05;
    let vertex = |at: Point| Vertex { at, value: f(at) };
    let [x, y] = start;
    let mut simplex = [[x, y], [x * FIRST_STEP, y], [x, y * FIRST_STEP]].map(vertex);
    sort(&mut simplex);
    for _ in 0..MOST_STEPS {
        if is_within(&simplex, tolerance) {
            return Some(simplex[0].at);
        }
        simplex = next(&simplex, &vertex);
        sort(&mut simplex);
    }
    None
}

fn sort(simplex: &mut [Vertex; 3]) {
    simplex.sort_by(|a, b| a.value.total_cmp(&b.value));
}

fn is_within(simplex: &[Vertex; 3], tolerance: f64) -> bool {
    let [best, others @ ..] = simplex;
    others.iter().all(|v| {
        let near = |a: f64, b: f64| (a - b).abs() <= tolerance;
        near(v.value, best.value) && near(v.at[0], best.at[0]) && near(v.at[1], best.at[1])
    })
}

/// The simplex with its worst corner moved, or drawn together around the best one.
fn next(simplex: &[Vertex; 3], vertex: &impl Fn(Point) -> Vertex) -> [Vertex; 3] {
    let [best, second, worst] = *simplex;
    let centre = [0, 1].map(|i| (best.at[i] + second.at[i]) / 2.0);
    // `t` is how far beyond the centre, seen from the worst corner.
    let along = |t: f64| vertex([0, 1].map(|i| (1.0 + t) * centre[i] - t * worst.at[i]));
    let reflected = along(1.0);
    if reflected.value < best.value {
        let expanded = along(2.0);
        let better = if expanded.value < reflected.value {
            expanded
        } else {
            reflected
        };
        return [best, second, better];
    }
    if reflected.value < second.value {
        return [best, second, reflected];
    }
    let is_outside = reflected.value < worst.value;
    let contracted = along(if is_outside { 0.5 } else { -0.5 });
    let accepted = if is_outside {
        contracted.value <= reflected.value
    } else {
        contracted.value < worst.value
    };
    if accepted {
        return [best, second, contracted];
    }
    let shrunk = |v: Vertex| vertex([0, 1].map(|i| best.at[i] + 0.5 * (v.at[i] - best.at[i])));
    [best, shrunk(second), shrunk(worst)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_a_bowl_is_found() {
        let bowl = |[x, y]: Point| (x - 3.0).powi(2) + 10.0 * (y + 1.0).powi(2);
        let [x, y] = minimum(bowl, [1.0, 1.0], 1e-8).unwrap();
        assert!((x - 3.0).abs() < 1e-6 && (y + 1.0).abs() < 1e-6, "{x} {y}");
    }

    #[test]
    fn a_slope_without_a_bottom_has_no_minimum() {
        assert_eq!(minimum(|[x, y]| -x - y, [1.0, 1.0], 1e-4), None);
    }
}
