//! From a lambda's expression to a program, with every mistake found on the way.

use super::NAME;
use super::lambda::{Lambda, name_of};
use super::program::{Op, Program, Register};
use super::vocabulary::{self, Takes};
use datafusion::logical_expr::sqlparser::ast::{
    BinaryOperator, CaseWhen, CeilFloorKind, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, UnaryOperator, Value,
};
use quantlake_core::{QlError, SqlState};

/// What a part of the expression computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Number,
    Condition,
    /// NULL, which is either.
    Any,
}

/// A part that is compiled.
#[derive(Debug, Clone, Copy)]
struct Part {
    register: Register,
    ty: Type,
}

/// Compiles a lambda whose names are checked.
///
/// # Errors
/// 42703 for an unknown name, 42883 for an unknown function, 22023 for anything else that is not
/// allowed.
pub fn compile(lambda: &Lambda) -> Result<Program, QlError> {
    let mut compiler = Compiler {
        names: &lambda.names,
        program: Program::new(lambda.names.len()),
    };
    let result = compiler.number(&lambda.body)?;
    Ok(compiler.program.returning(result))
}

struct Compiler<'a> {
    names: &'a [String],
    program: Program,
}

impl Compiler<'_> {
    fn part(&mut self, expr: &Expr) -> Result<Part, QlError> {
        match expr {
            Expr::Nested(inner) => self.part(inner),
            Expr::Identifier(ident) => self.name(ident),
            Expr::Value(value) => self.value(&value.value, expr),
            Expr::UnaryOp { op, expr: inner } => self.unary(*op, inner, expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, expr),
            Expr::IsNull(inner) => self.is_null(inner),
            Expr::IsNotNull(inner) => {
                let is_null = self.is_null(inner)?;
                Ok(self.condition_step(Op::Not, &[is_null.register]))
            }
            Expr::Between {
                expr: inner,
                negated,
                low,
                high,
            } => self.between(inner, *negated, low, high),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            Expr::Floor {
                expr: inner,
                field: CeilFloorKind::DateTimeField(_),
            } => self.call_unary(Op::Floor, inner),
            Expr::Ceil {
                expr: inner,
                field: CeilFloorKind::DateTimeField(_),
            } => self.call_unary(Op::Ceil, inner),
            Expr::Function(call) => self.call(call, expr),
            other => Err(not_allowed(other)),
        }
    }

    /// Compiles what has to be a number.
    fn number(&mut self, expr: &Expr) -> Result<Register, QlError> {
        match self.part(expr)? {
            Part {
                ty: Type::Condition,
                ..
            } => Err(wrong("a number", format!("the condition {expr}"))),
            part => Ok(part.register),
        }
    }

    /// Compiles what has to be true or false.
    fn condition(&mut self, expr: &Expr) -> Result<Register, QlError> {
        match self.part(expr)? {
            Part {
                ty: Type::Number, ..
            } => Err(wrong("a condition", format!("the number {expr}"))),
            part => Ok(part.register),
        }
    }

    fn name(&self, ident: &Ident) -> Result<Part, QlError> {
        let name = name_of(ident);
        match self.names.iter().position(|n| *n == name) {
            Some(register) => Ok(Part {
                register,
                ty: Type::Number,
            }),
            None => Err(unknown_name(&name, self.names)),
        }
    }

    fn value(&mut self, value: &Value, expr: &Expr) -> Result<Part, QlError> {
        let (constant, ty) = match value {
            Value::Number(text, _) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => (number, Type::Number),
                _ => return Err(wrong("a number that fits a double", text)),
            },
            Value::Boolean(is_true) => (f64::from(u8::from(*is_true)), Type::Condition),
            Value::Null => (f64::NAN, Type::Any),
            _ => return Err(not_allowed(expr)),
        };
        let register = self.program.constant(constant);
        Ok(Part { register, ty })
    }

    fn unary(&mut self, op: UnaryOperator, inner: &Expr, whole: &Expr) -> Result<Part, QlError> {
        match op {
            UnaryOperator::Plus => self.number(inner).map(number_in),
            UnaryOperator::Minus => self.call_unary(Op::Negate, inner),
            UnaryOperator::Not => {
                let inner = self.condition(inner)?;
                Ok(self.condition_step(Op::Not, &[inner]))
            }
            _ => Err(not_allowed(whole)),
        }
    }

    fn binary(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        whole: &Expr,
    ) -> Result<Part, QlError> {
        let (op, is_swapped) = match op {
            BinaryOperator::And | BinaryOperator::Or => {
                let op = if *op == BinaryOperator::And {
                    Op::And
                } else {
                    Op::Or
                };
                let sides = [self.condition(left)?, self.condition(right)?];
                return Ok(self.condition_step(op, &sides));
            }
            BinaryOperator::Plus => (Op::Add, false),
            BinaryOperator::Minus => (Op::Subtract, false),
            BinaryOperator::Multiply => (Op::Multiply, false),
            BinaryOperator::Divide => (Op::Divide, false),
            BinaryOperator::Modulo => (Op::Remainder, false),
            BinaryOperator::PGExp => (Op::Power, false),
            BinaryOperator::Eq => (Op::Equal, false),
            BinaryOperator::NotEq => (Op::NotEqual, false),
            BinaryOperator::Lt => (Op::Less, false),
            BinaryOperator::LtEq => (Op::LessOrEqual, false),
            BinaryOperator::Gt => (Op::Less, true),
            BinaryOperator::GtEq => (Op::LessOrEqual, true),
            _ => return Err(not_allowed(whole)),
        };
        let mut sides = [self.number(left)?, self.number(right)?];
        if is_swapped {
            sides.reverse();
        }
        Ok(match op {
            Op::Equal | Op::NotEqual | Op::Less | Op::LessOrEqual => {
                self.condition_step(op, &sides)
            }
            _ => self.number_step(op, &sides),
        })
    }

    fn is_null(&mut self, inner: &Expr) -> Result<Part, QlError> {
        let inner = self.part(inner)?;
        Ok(self.condition_step(Op::IsNull, &[inner.register]))
    }

    fn between(
        &mut self,
        inner: &Expr,
        negated: bool,
        low: &Expr,
        high: &Expr,
    ) -> Result<Part, QlError> {
        let [value, low, high] = [self.number(inner)?, self.number(low)?, self.number(high)?];
        let above = self.condition_step(Op::LessOrEqual, &[low, value]);
        let below = self.condition_step(Op::LessOrEqual, &[value, high]);
        let both = self.condition_step(Op::And, &[above.register, below.register]);
        Ok(if negated {
            self.condition_step(Op::Not, &[both.register])
        } else {
            both
        })
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        branches: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Part, QlError> {
        let operand = operand.map(|o| self.number(o)).transpose()?;
        let mut result = match otherwise {
            Some(expr) => self.part(expr)?,
            None => Part {
                register: self.program.constant(f64::NAN),
                ty: Type::Any,
            },
        };
        // From the last branch to the first, so that the first one that holds decides.
        for branch in branches.iter().rev() {
            let holds = match operand {
                Some(operand) => {
                    let value = self.number(&branch.condition)?;
                    self.condition_step(Op::Equal, &[operand, value]).register
                }
                None => self.condition(&branch.condition)?,
            };
            let value = self.part(&branch.result)?;
            let ty = same_type(value.ty, result.ty, &branch.result)?;
            let from = [holds, value.register, result.register];
            let register = self.program.step(Op::Select, from);
            result = Part { register, ty };
        }
        Ok(result)
    }

    fn call(&mut self, call: &Function, whole: &Expr) -> Result<Part, QlError> {
        let name = call.name.to_string().to_ascii_lowercase();
        let arguments = plain_arguments(call).ok_or_else(|| not_allowed(whole))?;
        match (vocabulary::find(&name), &arguments[..]) {
            (None, _) => Err(unknown_function(&name)),
            (Some((Takes::One, op)), [a]) => self.call_unary(op, a),
            (Some((Takes::Two, op)), [a, b]) => {
                let sides = [self.number(a)?, self.number(b)?];
                Ok(self.number_step(op, &sides))
            }
            (Some((Takes::Any, op)), [first, rest @ ..]) => {
                let mut register = self.number(first)?;
                for next in rest {
                    let next = self.number(next)?;
                    register = self.number_step(op, &[register, next]).register;
                }
                Ok(number_in(register))
            }
            _ => Err(wrong(
                format!("a call of {name} with as many arguments as it takes"),
                whole,
            )),
        }
    }

    fn call_unary(&mut self, op: Op, inner: &Expr) -> Result<Part, QlError> {
        let inner = self.number(inner)?;
        Ok(self.number_step(op, &[inner]))
    }

    fn number_step(&mut self, op: Op, from: &[Register]) -> Part {
        number_in(self.step(op, from))
    }

    fn condition_step(&mut self, op: Op, from: &[Register]) -> Part {
        Part {
            register: self.step(op, from),
            ty: Type::Condition,
        }
    }

    /// A step on one or two registers; the others, which it does not need, are the state's.
    fn step(&mut self, op: Op, from: &[Register]) -> Register {
        let mut all = [0; 3];
        for (place, register) in all.iter_mut().zip(from) {
            *place = *register;
        }
        self.program.step(op, all)
    }
}

fn number_in(register: Register) -> Part {
    Part {
        register,
        ty: Type::Number,
    }
}

fn same_type(a: Type, b: Type, expr: &Expr) -> Result<Type, QlError> {
    match (a, b) {
        (Type::Any, ty) | (ty, Type::Any) => Ok(ty),
        (a, b) if a == b => Ok(a),
        _ => Err(wrong(
            "a CASE of numbers or of conditions",
            format!("both, at {expr}"),
        )),
    }
}

/// The arguments of a call that is nothing but a name and expressions.
fn plain_arguments(call: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &call.args else {
        return None;
    };
    let is_plain = call.over.is_none()
        && call.filter.is_none()
        && call.null_treatment.is_none()
        && call.within_group.is_empty()
        && list.duplicate_treatment.is_none()
        && list.clauses.is_empty();
    is_plain.then_some(())?;
    list.args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

fn wrong(allowed: impl std::fmt::Display, found: impl std::fmt::Display) -> QlError {
    QlError::bad_argument(
        NAME,
        "step",
        format!("an expression with {allowed} in this place"),
        found,
    )
}

fn not_allowed(found: &Expr) -> QlError {
    QlError::bad_argument(
        NAME,
        "step",
        "made of its names, numbers, + - * / % ^, comparisons, AND, OR, NOT, BETWEEN, IS NULL, CASE and functions of numbers",
        found,
    )
}

fn unknown_name(name: &str, names: &[String]) -> QlError {
    let known = names.join(", ");
    QlError::new(
        SqlState::UndefinedColumn,
        format!("{NAME}: `step` must use only the names before its arrow ({known}), found {name}"),
    )
    .with_hint(format!(
        "Give a column as a further argument, with a name of its own: fold(0, ({known}, {name}) -> ..., x, {name})"
    ))
}

fn unknown_function(name: &str) -> QlError {
    QlError::new(
        SqlState::UndefinedFunction,
        format!(
            "{NAME}: `step` must use only the functions {}, found {name}",
            vocabulary::names()
        ),
    )
}
