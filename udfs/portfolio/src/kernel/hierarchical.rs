//! Weights from a tree of similar symbols: hierarchical risk parity and equal risk contribution.
//!
//! Distances are `sqrt((1 - correlation) / 2)`. Nothing is inverted, so these work where there
//! are fewer rows than symbols. Long only, with sum 1; every variance has to be above 0.

use super::linkage::{Linkage, Tree};
use super::matrix::{Matrix, part};
use super::simple::inverse_risk;

/// Hierarchical risk parity: the symbols in the order of the tree are halved again and again, and
/// each half gets weight in inverse proportion to its variance (Lopez de Prado 2016, "Building
/// Diversified Portfolios that Outperform Out of Sample"; as in PyPortfolioOpt).
///
/// None when a symbol has no variance.
pub fn hrp(covariance: &Matrix, linkage: Linkage) -> Option<Vec<f64>> {
    let tree = Tree::new(&distances(covariance)?, linkage);
    let order = tree.leaves(tree.root());
    let mut weights = vec![1.0; covariance.n];
    let mut pending = vec![order.as_slice()];
    while let Some(cluster) = pending.pop() {
        if cluster.len() < 2 {
            continue;
        }
        let (first, second) = cluster.split_at(cluster.len() / 2);
        let (v1, v2) = (variance(covariance, first)?, variance(covariance, second)?);
        split(&mut weights, (first, second), (v1, v2));
        pending.extend([first, second]);
    }
    Some(weights)
}

/// Hierarchical equal risk contribution: the tree is cut into clusters, weight goes down its
/// branches in inverse proportion to the sum of their clusters' variances, and within a cluster
/// by inverse variance (Raffinot 2018; as in skfolio). The number of clusters, where it is not
/// given, is that of the largest second difference of the dispersion within clusters (Yue, Wang
/// and Wei 2009).
///
/// None when a symbol has no variance.
pub fn herc(covariance: &Matrix, linkage: Linkage, clusters: Option<usize>) -> Option<Vec<f64>> {
    let distances = distances(covariance)?;
    let tree = Tree::new(&distances, linkage);
    let count = clusters.unwrap_or_else(|| number_of_clusters(&tree, &distances));
    let cut = tree.cut(count.clamp(1, covariance.n));
    let mut risk = vec![0.0; tree.root() + 1];
    let mut weights = vec![1.0; covariance.n];
    for cluster in &cut {
        let members = tree.leaves(*cluster);
        risk[*cluster] = variance(covariance, &members)?;
        let inside = inverse_risk(&part(covariance, &members), 2)?;
        members
            .iter()
            .zip(inside)
            .for_each(|(i, w)| weights[*i] = w);
    }
    let inner: Vec<usize> = branches_above(&tree, &cut);
    for node in inner.iter().rev() {
        if let Some((left, right)) = tree.children(*node) {
            risk[*node] = risk[left] + risk[right];
        }
    }
    for node in inner {
        if let Some((left, right)) = tree.children(node) {
            let (first, second) = (tree.leaves(left), tree.leaves(right));
            split(&mut weights, (&first, &second), (risk[left], risk[right]));
        }
    }
    Some(weights)
}

/// The nodes above the clusters of a cut, parents before children.
fn branches_above(tree: &Tree, cut: &[usize]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut pending = vec![tree.root()];
    while let Some(node) = pending.pop() {
        if cut.contains(&node) {
            continue;
        }
        found.push(node);
        if let Some((left, right)) = tree.children(node) {
            pending.extend([left, right]);
        }
    }
    found
}

/// Shares weight between two sets in inverse proportion to their risk.
fn split(weights: &mut [f64], (first, second): (&[usize], &[usize]), risk: (f64, f64)) {
    let to_second = risk.0 / (risk.0 + risk.1);
    first.iter().for_each(|i| weights[*i] *= 1.0 - to_second);
    second.iter().for_each(|i| weights[*i] *= to_second);
}

/// The variance of a cluster weighted by inverse variance.
fn variance(covariance: &Matrix, members: &[usize]) -> Option<f64> {
    let inside = part(covariance, members);
    let weights = inverse_risk(&inside, 2)?;
    Some(inside.quadratic(&weights))
}

fn distances(covariance: &Matrix) -> Option<Matrix> {
    if covariance.n < 2 || covariance.diagonal().iter().any(|v| *v <= 0.0) {
        return None;
    }
    let correlation = covariance.correlation();
    Some(Matrix::from_fn(covariance.n, |i, j| {
        ((1.0 - correlation.get(i, j)) / 2.0).clamp(0.0, 1.0).sqrt()
    }))
}

/// At least 2 and at most max(8, root of n) clusters.
fn number_of_clusters(tree: &Tree, distances: &Matrix) -> usize {
    let n = distances.n;
    let most = n.min(8.max((n as f64).sqrt().round_ties_even() as usize));
    let dispersion: Vec<f64> = (1..=most)
        .map(|count| {
            let clusters = tree.cut(count);
            clusters
                .iter()
                .map(|c| mean_distance(distances, &tree.leaves(*c)))
                .sum()
        })
        .collect();
    let mut best = (2, f64::NEG_INFINITY);
    for (i, w) in dispersion.windows(3).enumerate() {
        let gap = w[2] + w[0] - 2.0 * w[1];
        if gap > best.1 {
            best = (i + 2, gap);
        }
    }
    best.0
}

/// The mean over pairs; 0 for a single member.
fn mean_distance(distances: &Matrix, members: &[usize]) -> f64 {
    let pairs = members.len() * members.len().saturating_sub(1) / 2;
    let total: f64 = members
        .iter()
        .enumerate()
        .flat_map(|(k, i)| members[..k].iter().map(|j| distances.get(*i, *j)))
        .sum();
    if pairs == 0 {
        0.0
    } else {
        total / pairs as f64
    }
}
