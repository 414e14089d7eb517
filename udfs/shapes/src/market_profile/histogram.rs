//! The histogram over price that all profiles are read from.

use std::ops::Range;

/// What a bar adds to the price steps that it touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Its volume, in equal parts.
    Volume,
    /// One mark on each.
    Time,
}

/// A histogram over equal price steps.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    low: f64,
    width: f64,
    /// The weight of each step, the lowest price first.
    pub steps: Vec<f64>,
}

/// Bars as a histogram needs them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranges<'a> {
    pub high: &'a [f64],
    pub low: &'a [f64],
    pub volume: &'a [f64],
}

impl Histogram {
    /// The histogram of the bars in `window`; `None` where nothing was traded.
    pub(super) fn of(
        bars: Ranges,
        window: Range<usize>,
        n_steps: usize,
        weight: Weight,
    ) -> Option<Self> {
        let low = bars.low[window.clone()]
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let high = bars.high[window.clone()]
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let width = (high - low) / n_steps as f64;
        let mut histogram = Self {
            low,
            width,
            steps: vec![0.0; n_steps],
        };
        for t in window {
            histogram.add(bars.low[t], bars.high[t], bars.volume[t], weight);
        }
        histogram
            .steps
            .iter()
            .any(|weight| *weight > 0.0)
            .then_some(histogram)
    }

    /// Takes in one more bar, which has to lie within the profile.
    pub(super) fn add(&mut self, low: f64, high: f64, volume: f64, weight: Weight) {
        let (first, last) = (self.step_of(low), self.step_of(high));
        let n_touched = (last + 1).saturating_sub(first).max(1);
        let part = match weight {
            Weight::Volume => volume / n_touched as f64,
            Weight::Time => 1.0,
        };
        for step in self.steps.iter_mut().skip(first).take(n_touched) {
            *step += part;
        }
    }

    /// The step that a price lies in; the highest price belongs to the last one.
    pub(super) fn step_of(&self, price: f64) -> usize {
        // A profile without height gives NaN, which becomes 0.
        let step = ((price - self.low) / self.width).floor() as usize;
        step.min(self.steps.len().saturating_sub(1))
    }

    /// The lower edge of a step.
    pub(super) fn edge(&self, step: usize) -> f64 {
        self.low + step as f64 * self.width
    }

    /// The middle of a step.
    pub(super) fn middle(&self, step: usize) -> f64 {
        self.low + (step as f64 + 0.5) * self.width
    }

    /// The heaviest step; of equal ones the nearest to the middle of the profile, then the lower.
    pub(super) fn point_of_control(&self) -> usize {
        let centre = (self.steps.len() as f64 - 1.0) / 2.0;
        let distance = |step: usize| (step as f64 - centre).abs();
        let mut best = 0;
        for (step, weight) in self.steps.iter().enumerate() {
            let is_equal = *weight == self.steps[best];
            if *weight > self.steps[best] || (is_equal && distance(step) < distance(best)) {
                best = step;
            }
        }
        best
    }

    /// First and last step of the value area: from the point of control outwards, always the
    /// heavier neighbour next (the upper one of equals), until it holds `share` of the whole.
    pub(super) fn value_area(&self, share: f64) -> (usize, usize) {
        let target = share * self.steps.iter().sum::<f64>();
        let control = self.point_of_control();
        let (mut first, mut last) = (control, control);
        let mut held = self.steps[control];
        while held < target {
            let above = self.steps.get(last + 1).copied();
            let below = first.checked_sub(1).map(|step| self.steps[step]);
            match (above, below) {
                (Some(above), below) if below.is_none_or(|below| above >= below) => {
                    last += 1;
                    held += above;
                }
                (_, Some(below)) => {
                    first -= 1;
                    held += below;
                }
                _ => break,
            }
        }
        (first, last)
    }
}
