//! What weights may be: bounds, net and gross exposure, groups, turnover.

use super::program::{Program, Unsolved};

/// A weight closer to a bound than this is at the bound.
const AT_BOUND: f64 = 1e-11;

/// Symbols whose weights together have bounds: a sector.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Positions of the members.
    pub members: Vec<usize>,
    /// Smallest sum of their weights.
    pub min: f64,
    /// Largest sum of their weights.
    pub max: f64,
}

/// What weights may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Smallest weight of each symbol.
    pub lower: Vec<f64>,
    /// Largest weight of each symbol.
    pub upper: Vec<f64>,
    /// The sum of all weights.
    pub net: f64,
    /// Largest sum of absolute weights.
    pub gross: Option<f64>,
    /// Sums of some of the weights.
    pub groups: Vec<Group>,
    /// Weights before, and the largest sum of absolute changes from them.
    pub turnover: Option<(Vec<f64>, f64)>,
}

/// A limit that makes a portfolio impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// Lower bounds that sum to more than the net exposure, or lie above the upper ones.
    MinWeight,
    /// Upper bounds that sum to less than the net exposure.
    MaxWeight,
    /// The turnover limit.
    Turnover,
    /// The gross limit.
    Gross,
    /// The limits of groups.
    Groups,
}

impl Limits {
    /// Weights between 0 and 1 that sum to 1.
    pub fn long_only(n: usize) -> Self {
        Self {
            lower: vec![0.0; n],
            upper: vec![1.0; n],
            net: 1.0,
            gross: None,
            groups: Vec::new(),
            turnover: None,
        }
    }

    /// Number of symbols.
    pub fn n(&self) -> usize {
        self.lower.len()
    }

    /// A program over weights within these limits, the first variables.
    pub fn program(&self) -> Program {
        let mut program = Program::default();
        program.add_variables(self.n());
        Form {
            program,
            scale: None,
        }
        .with_limits(self)
    }

    /// A program over weights times a positive scale, with the index of the scale: what ratios
    /// are optimised over (Charnes and Cooper 1962).
    pub fn scaled_program(&self) -> (Program, usize) {
        let mut program = Program::default();
        program.add_variables(self.n());
        let scale = program.add_variables(1);
        program.add_inequality(vec![(scale, -1.0)], 0.0);
        let form = Form {
            program,
            scale: Some(scale),
        };
        (form.with_limits(self), scale)
    }

    /// The weights of an optimum, exactly within their bounds.
    pub fn weights(&self, x: &[f64]) -> Vec<f64> {
        let bounds = self.lower.iter().zip(&self.upper);
        x.iter()
            .zip(bounds)
            .map(|(w, (l, u))| snap(*w, *l, *u))
            .collect()
    }

    /// The limit without which there would be a portfolio; none when there is one.
    pub fn culprit(&self) -> Option<Culprit> {
        let sum = |bounds: &[f64]| bounds.iter().sum::<f64>();
        let slack = AT_BOUND * self.net.abs().max(1.0);
        let crossed = self.lower.iter().zip(&self.upper).any(|(l, u)| l > u);
        if crossed || sum(&self.lower) > self.net + slack {
            return Some(Culprit::MinWeight);
        }
        if sum(&self.upper) < self.net - slack {
            return Some(Culprit::MaxWeight);
        }
        if self.is_feasible() {
            return None;
        }
        let without = |change: fn(&mut Self)| {
            let mut relaxed = self.clone();
            change(&mut relaxed);
            relaxed.is_feasible()
        };
        if without(|l| l.turnover = None) {
            Some(Culprit::Turnover)
        } else if without(|l| l.gross = None) {
            Some(Culprit::Gross)
        } else {
            Some(Culprit::Groups)
        }
    }

    fn is_feasible(&self) -> bool {
        !matches!(self.program().solve(), Err(Unsolved::Infeasible))
    }
}

fn snap(weight: f64, lower: f64, upper: f64) -> f64 {
    if weight - lower < AT_BOUND {
        lower
    } else if upper - weight < AT_BOUND {
        upper
    } else {
        weight
    }
}

/// A program that is being given its rows; with a scale, every bound is a multiple of it.
struct Form {
    program: Program,
    scale: Option<usize>,
}

impl Form {
    fn with_limits(mut self, limits: &Limits) -> Program {
        let n = limits.n();
        for i in 0..n {
            self.at_most(vec![(i, -1.0)], -limits.lower[i]);
            self.at_most(vec![(i, 1.0)], limits.upper[i]);
        }
        let (terms, bound) = self.homogeneous((0..n).map(|i| (i, 1.0)).collect(), limits.net);
        self.program.add_equality(terms, bound);
        for group in &limits.groups {
            let sum = |sign: f64| group.members.iter().map(|i| (*i, sign)).collect();
            if group.min.is_finite() {
                self.at_most(sum(-1.0), -group.min);
            }
            if group.max.is_finite() {
                self.at_most(sum(1.0), group.max);
            }
        }
        if let Some(gross) = limits.gross {
            self.limit_distance(&vec![0.0; n], gross);
        }
        if let Some((previous, largest)) = &limits.turnover {
            self.limit_distance(previous, *largest);
        }
        self.program
    }

    /// Limits the sum of absolute differences from `centre`.
    fn limit_distance(&mut self, centre: &[f64], largest: f64) {
        let first = self.program.add_variables(centre.len());
        for (i, from) in centre.iter().enumerate() {
            self.at_most(vec![(i, 1.0), (first + i, -1.0)], *from);
            self.at_most(vec![(i, -1.0), (first + i, -1.0)], -from);
        }
        let sum = (first..first + centre.len()).map(|i| (i, 1.0)).collect();
        self.at_most(sum, largest);
    }

    fn at_most(&mut self, terms: Vec<(usize, f64)>, bound: f64) {
        let (terms, bound) = self.homogeneous(terms, bound);
        self.program.add_inequality(terms, bound);
    }

    fn homogeneous(&self, mut terms: Vec<(usize, f64)>, bound: f64) -> (Vec<(usize, f64)>, f64) {
        match self.scale {
            None => (terms, bound),
            Some(scale) => {
                terms.push((scale, -bound));
                (terms, 0.0)
            }
        }
    }
}
