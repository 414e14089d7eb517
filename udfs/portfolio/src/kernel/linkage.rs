//! Agglomerative clustering of a distance matrix, with the numbering of scipy's `linkage`.

use super::matrix::Matrix;

/// How the distance of two clusters follows from those of their parts (Lance and Williams 1967).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    /// The smallest distance between members.
    Single,
    /// The largest distance between members.
    Complete,
    /// The mean distance between members.
    Average,
    /// The growth of the within-cluster sum of squares.
    Ward,
}

impl Linkage {
    /// The distance from cluster k to the union of i and j; `sizes` and `distances` in the order
    /// (i, j, k) and (ik, jk, ij).
    fn distance(self, sizes: [f64; 3], distances: [f64; 3]) -> f64 {
        let [i, j, k] = sizes;
        let [ik, jk, ij] = distances;
        match self {
            Self::Single => ik.min(jk),
            Self::Complete => ik.max(jk),
            Self::Average => (i * ik + j * jk) / (i + j),
            Self::Ward => {
                let squares = (i + k) * ik * ik + (j + k) * jk * jk - k * ij * ij;
                (squares / (i + j + k)).max(0.0).sqrt()
            }
        }
    }
}

/// A binary tree over leaves `0..n`; merge number m makes node `n + m`, in order of distance.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    n: usize,
    /// Children of each inner node, the smaller number first.
    merges: Vec<(usize, usize)>,
}

impl Tree {
    /// Joins the nearest clusters of a distance matrix until one is left.
    pub fn new(distances: &Matrix, linkage: Linkage) -> Self {
        let n = distances.n;
        let mut clusters = Clusters::new(distances);
        let mut merges = Vec::with_capacity(n.saturating_sub(1));
        for m in 0..n.saturating_sub(1) {
            let (a, b) = clusters.nearest_pair();
            let (left, right) = (clusters.node[a], clusters.node[b]);
            merges.push((left.min(right), left.max(right)));
            clusters.merge(a, b, n + m, linkage);
        }
        Self { n, merges }
    }

    /// The node that holds all leaves.
    pub fn root(&self) -> usize {
        self.n + self.merges.len() - 1
    }

    /// The two parts of an inner node; none for a leaf.
    pub fn children(&self, node: usize) -> Option<(usize, usize)> {
        self.merges.get(node.checked_sub(self.n)?).copied()
    }

    /// The leaves below a node, from left to right: for the root, the order that puts similar
    /// symbols side by side.
    pub fn leaves(&self, node: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut pending = vec![node];
        while let Some(node) = pending.pop() {
            match self.children(node) {
                Some((left, right)) => pending.extend([right, left]),
                None => found.push(node),
            }
        }
        found
    }

    /// The nodes of `count` clusters: what is left when the last merges are undone.
    pub fn cut(&self, count: usize) -> Vec<usize> {
        let first_undone = (self.root() + 1)
            .saturating_sub(count.saturating_sub(1))
            .max(self.n);
        let mut clusters = Vec::new();
        let mut pending = vec![self.root()];
        while let Some(node) = pending.pop() {
            match self.children(node) {
                Some((left, right)) if node >= first_undone => pending.extend([right, left]),
                _ => clusters.push(node),
            }
        }
        clusters
    }
}

/// Clusters that are left, each in the slot of one of its leaves.
struct Clusters {
    n: usize,
    distances: Vec<f64>,
    is_active: Vec<bool>,
    node: Vec<usize>,
    size: Vec<f64>,
    /// The nearest other slot of each active one.
    nearest: Vec<usize>,
}

impl Clusters {
    fn new(distances: &Matrix) -> Self {
        let n = distances.n;
        let mut clusters = Self {
            n,
            distances: distances.data.clone(),
            is_active: vec![true; n],
            node: (0..n).collect(),
            size: vec![1.0; n],
            nearest: vec![0; n],
        };
        for slot in 0..n {
            clusters.nearest[slot] = clusters.find_nearest(slot);
        }
        clusters
    }

    fn distance(&self, a: usize, b: usize) -> f64 {
        self.distances[a * self.n + b]
    }

    fn others(&self, slot: usize) -> impl Iterator<Item = usize> {
        (0..self.n).filter(move |k| *k != slot && self.is_active[*k])
    }

    fn find_nearest(&self, slot: usize) -> usize {
        self.others(slot)
            .min_by(|a, b| self.distance(slot, *a).total_cmp(&self.distance(slot, *b)))
            .unwrap_or(slot)
    }

    fn nearest_pair(&self) -> (usize, usize) {
        let closeness = |slot: &usize| self.distance(*slot, self.nearest[*slot]);
        let first = (0..self.n)
            .filter(|slot| self.is_active[*slot])
            .min_by(|a, b| closeness(a).total_cmp(&closeness(b)))
            .unwrap_or(0);
        (first, self.nearest[first])
    }

    /// Puts the cluster in slot b to the one in slot a.
    fn merge(&mut self, a: usize, b: usize, node: usize, linkage: Linkage) {
        let between = self.distance(a, b);
        self.is_active[b] = false;
        let others: Vec<usize> = self.others(a).collect();
        for &k in &others {
            let sizes = [self.size[a], self.size[b], self.size[k]];
            let joined =
                linkage.distance(sizes, [self.distance(a, k), self.distance(b, k), between]);
            self.distances[a * self.n + k] = joined;
            self.distances[k * self.n + a] = joined;
        }
        self.size[a] += self.size[b];
        self.node[a] = node;
        self.nearest[a] = self.find_nearest(a);
        for k in others {
            if self.nearest[k] == a || self.nearest[k] == b {
                self.nearest[k] = self.find_nearest(k);
            } else if self.distance(k, a) < self.distance(k, self.nearest[k]) {
                self.nearest[k] = a;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_line(points: &[f64]) -> Matrix {
        Matrix::from_fn(points.len(), |i, j| (points[i] - points[j]).abs())
    }

    #[test]
    fn near_points_come_to_stand_side_by_side() {
        let tree = Tree::new(&on_a_line(&[0.0, 10.0, 1.0, 12.5, 5.0]), Linkage::Average);
        assert_eq!(tree.leaves(tree.root()), vec![1, 3, 4, 0, 2]);
    }

    #[test]
    fn a_cut_undoes_the_last_merges() {
        let tree = Tree::new(&on_a_line(&[0.0, 10.0, 1.0, 12.5, 30.0]), Linkage::Single);
        let members = |count| {
            let mut sizes: Vec<usize> = tree
                .cut(count)
                .iter()
                .map(|c| tree.leaves(*c).len())
                .collect();
            sizes.sort_unstable();
            sizes
        };
        assert_eq!(members(1), vec![5]);
        assert_eq!(members(2), vec![1, 4]);
        assert_eq!(members(3), vec![1, 2, 2]);
        assert_eq!(members(5), vec![1; 5]);
    }
}
