//! Streams give the bits of a run over everything, wherever they are opened.

use crate::describe::describe;
use crate::kernel::TaLibKernel;
use crate::names::builtin_names;
use crate::stream_table;
use datafusion::common::ScalarValue;
use proptest::prelude::*;
use quantlake_core::series::SeriesKernel;
use quantlake_core::{Args, FunctionSpec, ParamKind};
use std::sync::LazyLock;
use ta_lib::abstract_api::{FUNCS, FuncInfo};

static SPECS: LazyLock<Vec<(&'static FuncInfo, FunctionSpec)>> = LazyLock::new(|| {
    let builtins = builtin_names();
    let specs = FUNCS.iter().map(|f| (f, describe(f, &builtins)));
    specs.collect()
});

/// SplitMix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}

/// Open, high, low, close and volume; some stretches do not move at all.
fn bars(random: &mut Random, n_rows: usize) -> [Vec<f64>; 5] {
    let mut columns: [Vec<f64>; 5] = std::array::from_fn(|_| Vec::new());
    let mut close = 100.0;
    let is_still = random.below(3) == 0;
    for row in 0..n_rows {
        let still = is_still && (row < 20 || row % 50 > 35);
        let step = if still { 0.0 } else { 1.0 };
        let open = close;
        close *= 1.0 + step * 0.04 * (random.unit() - 0.5);
        let spread = step * random.unit();
        let bar = [
            open,
            open.max(close) + spread,
            open.min(close) - spread * random.unit(),
            close,
            (1e6 * random.unit()).floor(),
        ];
        for (column, value) in columns.iter_mut().zip(bar) {
            column.push(value);
        }
    }
    columns
}

/// The columns that a function takes, found by the names of its parameters.
fn inputs<'a>(spec: &FunctionSpec, bars: &'a [Vec<f64>; 5]) -> Vec<&'a [f64]> {
    let series = spec.params.iter().filter(|p| !p.kind.is_option());
    let column = |(i, name): (usize, &str)| match name {
        "open" => 0,
        "high" => 1,
        "low" => 2,
        "volume" => 4,
        "close" => 3,
        _ => 3 - i % 3,
    };
    let names = series.map(|p| p.name.as_str()).enumerate();
    names.map(|i| bars[column(i)].as_slice()).collect()
}

/// A call with constants in the lower part of their range that go together.
fn kernel(function: &'static FuncInfo, spec: &FunctionSpec, random: &mut Random) -> TaLibKernel {
    loop {
        let options = spec.params.iter().filter(|p| p.kind.is_option());
        let given: Vec<_> = options
            .filter_map(|p| Some((p.name.clone(), constant(&p.name, &p.kind, random)?)))
            .collect();
        let args = Args::bind_named(spec, &given);
        let kernel = args.and_then(|args| TaLibKernel::try_new(function, &args));
        if let Ok(kernel) = kernel {
            return kernel;
        }
    }
}

/// A random value; none for the default.
fn constant(name: &str, kind: &ParamKind, random: &mut Random) -> Option<ScalarValue> {
    match kind {
        ParamKind::Integer { min, max } => {
            let value = min + random.below(20) as i64;
            Some(ScalarValue::Int64(Some(value.min(*max))))
        }
        ParamKind::Choice(choices) => {
            let (name, _) = &choices[random.below(choices.len())];
            Some(ScalarValue::Utf8(Some(name.clone())))
        }
        ParamKind::Flag => Some(ScalarValue::Boolean(Some(random.below(2) == 1))),
        ParamKind::Number { .. } if name == "flat" => Some(ScalarValue::Float64(Some(
            [0.0, 50.0, 100.0][random.below(3)],
        ))),
        _ => None,
    }
}

/// The results of a run over everything.
fn whole(kernel: &TaLibKernel, inputs: &[&[f64]], n_outputs: usize) -> Vec<Vec<f64>> {
    let n_rows = inputs[0].len();
    let mut results = vec![vec![f64::NAN; n_rows]; n_outputs];
    let mut slots: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
    kernel.run(inputs, &mut slots).expect("a run");
    results
}

/// Opens over the first `n_first` rows, pushes the others, and compares every bit. Half-way the
/// state is forked, and the fork goes on.
fn check(
    name: &str,
    kernel: &TaLibKernel,
    inputs: &[&[f64]],
    expected: &[Vec<f64>],
    n_first: usize,
) {
    let first: Vec<&[f64]> = inputs.iter().map(|c| &c[..n_first]).collect();
    let mut state = kernel
        .open(&first)
        .unwrap_or_else(|| panic!("{name} does not open"));
    let n_rows = inputs[0].len();
    for row in n_first..n_rows {
        if row == (n_first + n_rows) / 2 {
            state = state.fork();
        }
        let bar: Vec<f64> = inputs.iter().map(|c| c[row]).collect();
        let mut out = vec![f64::NAN; expected.len()];
        state.push(&bar, &mut out).expect("a step");
        for (found, column) in out.iter().zip(expected) {
            let same = found.to_bits() == column[row].to_bits()
                || (found.is_nan() && column[row].is_nan());
            assert!(
                same,
                "{name} {kernel:?} opened at {n_first}, row {row}: {found} instead of {}",
                column[row]
            );
        }
    }
}

#[test]
fn every_function_of_the_library_has_a_stream() {
    let names: Vec<&str> = FUNCS.iter().map(|f| f.name).collect();
    let missing: Vec<&&str> = names
        .iter()
        .filter(|n| !stream_table::is_there(n))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!stream_table::is_there("NONE"));
}

#[test]
fn a_state_accounts_for_the_rows_it_waits_with() {
    let (function, spec) = SPECS.iter().find(|(f, _)| f.name == "SMA").expect("sma");
    let args = Args::bind_named(spec, &[("period".into(), ScalarValue::Int64(Some(1000)))]);
    let kernel = TaLibKernel::try_new(function, &args.expect("args")).expect("a kernel");
    let rows = vec![1.0; 999];
    let (few, many) = (kernel.open(&[&rows[..1]]), kernel.open(&[&rows]));
    let (few, many) = (few.expect("waits"), many.expect("waits"));
    assert!(many.memory() >= few.memory() + 998 * 8);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn streams_give_the_bits_of_a_run_over_everything(seed in any::<u64>(), n_rows in 2usize..320) {
        let mut random = Random(seed);
        let bars = bars(&mut random, n_rows);
        for (function, spec) in SPECS.iter() {
            let inputs = inputs(spec, &bars);
            let kernel = kernel(function, spec, &mut random);
            let expected = whole(&kernel, &inputs, function.outputs.len());
            for n_first in [0, n_rows / 8, random.below(n_rows), n_rows - 1] {
                check(function.name, &kernel, &inputs, &expected, n_first);
            }
        }
    }
}
