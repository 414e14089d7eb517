//! A compiled expression over doubles: a list of operations on registers.
//!
//! NULL is NaN, a condition is 1 or 0. Conditions follow SQL's three-valued logic, and an
//! operation whose result is not finite (1 / 0, ln 0, an overflow) gives NULL.

/// What one operation computes from up to three registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// a + b
    Add,
    /// a - b
    Subtract,
    /// a * b
    Multiply,
    /// a / b
    Divide,
    /// Remainder of a / b with the sign of a.
    Remainder,
    /// a to the power of b.
    Power,
    /// -a
    Negate,
    /// Absolute value.
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// Square root.
    Sqrt,
    /// e to the power of a.
    Exp,
    /// Natural logarithm.
    Ln,
    /// Logarithm to base 10.
    Log10,
    /// Largest whole number up to a.
    Floor,
    /// Smallest whole number from a on.
    Ceil,
    /// Nearest whole number, halves away from 0.
    Round,
    /// Hyperbolic tangent.
    Tanh,
    /// The smaller of those that are not NULL.
    Least,
    /// The larger of those that are not NULL.
    Greatest,
    /// a = b
    Equal,
    /// a <> b
    NotEqual,
    /// a < b
    Less,
    /// a <= b
    LessOrEqual,
    /// a AND b
    And,
    /// a OR b
    Or,
    /// NOT a
    Not,
    /// a IS NULL
    IsNull,
    /// a, or b where a is NULL.
    Coalesce,
    /// a, or NULL where it equals b.
    NullIf,
    /// b where a is true, otherwise c.
    Select,
}

impl Op {
    #[inline(always)]
    fn apply(self, a: f64, b: f64, c: f64) -> f64 {
        match self {
            Self::Add => finite(a + b),
            Self::Subtract => finite(a - b),
            Self::Multiply => finite(a * b),
            Self::Divide => finite(a / b),
            Self::Remainder => a % b,
            // The C rule that 1 to any power is 1 holds for NaN too; NULL to a power is NULL.
            Self::Power if a.is_nan() || b.is_nan() => f64::NAN,
            Self::Power => finite(a.powf(b)),
            Self::Negate => -a,
            Self::Abs => a.abs(),
            Self::Sign if a == 0.0 => 0.0,
            Self::Sign => a.signum(),
            Self::Sqrt => a.sqrt(),
            Self::Exp => finite(a.exp()),
            Self::Ln => finite(a.ln()),
            Self::Log10 => finite(a.log10()),
            Self::Floor => a.floor(),
            Self::Ceil => a.ceil(),
            Self::Round => a.round(),
            Self::Tanh => a.tanh(),
            Self::Least => a.min(b),
            Self::Greatest => a.max(b),
            Self::Equal => known(a, b, a == b),
            Self::NotEqual => known(a, b, a != b),
            Self::Less => known(a, b, a < b),
            Self::LessOrEqual => known(a, b, a <= b),
            Self::And if a == 0.0 || b == 0.0 => 0.0,
            Self::And => a * b,
            Self::Or if a == 1.0 || b == 1.0 => 1.0,
            Self::Or => a + b,
            Self::Not => 1.0 - a,
            Self::IsNull => truth(a.is_nan()),
            Self::Coalesce if a.is_nan() => b,
            Self::Coalesce => a,
            Self::NullIf if a == b => f64::NAN,
            Self::NullIf => a,
            Self::Select if a == 1.0 => b,
            Self::Select => c,
        }
    }
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

fn truth(is_true: bool) -> f64 {
    f64::from(u8::from(is_true))
}

fn known(a: f64, b: f64, is_true: bool) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        truth(is_true)
    }
}

/// Where a value is kept.
pub type Register = usize;

/// One operation: reads three registers, of which it may need fewer, and writes one.
#[derive(Debug, Clone, Copy)]
struct Step {
    op: Op,
    from: [Register; 3],
    into: Register,
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Program {
    n_inputs: usize,
    /// What the registers hold before a run: constants, after one place for each input.
    first: Vec<f64>,
    steps: Vec<Step>,
    result: Register,
}

impl Program {
    /// A program without steps over this many inputs, which are its first registers.
    pub fn new(n_inputs: usize) -> Self {
        Self {
            n_inputs,
            first: vec![f64::NAN; n_inputs],
            steps: Vec::new(),
            result: 0,
        }
    }

    /// Adds a constant.
    pub fn constant(&mut self, value: f64) -> Register {
        self.first.push(value);
        self.first.len() - 1
    }

    /// Adds an operation on registers that there are already.
    pub fn step(&mut self, op: Op, from: [Register; 3]) -> Register {
        let into = self.constant(f64::NAN);
        self.steps.push(Step { op, from, into });
        into
    }

    /// Says where the result is.
    #[must_use]
    pub fn returning(mut self, result: Register) -> Self {
        self.result = result;
        self
    }

    /// Registers for runs.
    pub fn registers(&self) -> Vec<f64> {
        self.first.clone()
    }

    /// Computes the expression of the inputs; NaN for NULL.
    pub fn run(&self, registers: &mut [f64], inputs: &[f64]) -> f64 {
        registers[..self.n_inputs].copy_from_slice(inputs);
        for step in &self.steps {
            let [a, b, c] = step.from.map(|r| registers[r]);
            registers[step.into] = step.op.apply(a, b, c);
        }
        registers[self.result]
    }
}
